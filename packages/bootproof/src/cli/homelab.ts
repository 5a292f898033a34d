import { dirname } from 'node:path';
import { DeclarationError } from '../base/errors.ts';
import type { Vm } from '../hardware/vm.ts';
import { findHost, type HostFolder, hostNames } from '../host/discover.ts';
import { createLoader, type HostExports, importChain, type Loader, loadHost } from '../host/load.ts';
import * as bootproof from '../index.ts';
import { evaluate } from '../modules/evaluate.ts';
import { instrument } from '../modules/instrument.ts';
import { isModule, type Module } from '../modules/module.ts';
import { isTest, makeTest } from '../plan/make-test.ts';
import type { Test } from '../plan/test.ts';
import { surface } from '../services/catalogue.ts';
import { type GlobalOptions, homelabFolder } from './homelab-folder.ts';

/** A host of the homelab with its plan. */
export interface PlannedHost {
  readonly host: HostFolder;
  readonly test: Test;
}

/** What the files of a host export. */
export const expectedOfHost: HostExports<Module, Vm, Test> = {
  configuration: { name: 'a module', maker: 'defineModule({ … })', is: isModule },
  vm: { name: 'a VM', maker: 'defineVm({ … })', is: bootproof.isVm },
  test: { name: 'a test', maker: 'makeTest({ host: { configuration, vm } })', is: isTest },
};

/** A homelab whose files are being loaded: each of them once. */
export interface OpenHomelab {
  /** The folder that holds `hosts/`, absolute. */
  readonly homelab: string;
  /** The folder that files are named from: the one that holds the homelab. */
  readonly root: string;
  readonly loader: Loader;
}

/** Opens the homelab that the command line means. */
export function openHomelab(options: GlobalOptions): OpenHomelab {
  const homelab = homelabFolder(options);
  return {
    homelab,
    root: dirname(homelab),
    loader: createLoader({ homelab, given: { bootproof }, instrument }),
  };
}

/** The plans of the named hosts, or of all of them; every host is loaded before any fault is reported. */
export async function planHosts(
  names: readonly string[],
  { homelab, root, loader }: OpenHomelab,
): Promise<PlannedHost[]> {
  const wanted = names.length > 0 ? [...new Set(names)] : hostNames(homelab);
  const hosts = wanted.map((name) => findHost(homelab, name));
  const planned: PlannedHost[] = [];
  for (const host of hosts) {
    try {
      const { module, vm, test } = await loadHost(loader, host, expectedOfHost);
      planned.push({ host, test: test ?? makeTest({ host: { configuration: module, vm }, root }) });
    } catch (error) {
      throw await withImportChains(error, { host, loader, root });
    }
  }
  return planned;
}

/**
 * The same error, with the files of an import cycle in their order where that is what is wrong: a plan is pure and cannot
 * read the files' imports, and only an error is worth reading them for.
 */
async function withImportChains(
  error: unknown,
  { host, loader, root }: { readonly host: HostFolder; readonly loader: Loader; readonly root: string },
): Promise<unknown> {
  if (!(error instanceof DeclarationError)) return error;
  try {
    const module = await loader.load(host.files.default, expectedOfHost.configuration);
    evaluate({ options: surface, modules: [module], root, importChains: importChain });
    return error;
  } catch (again) {
    const others = error.faults.filter(({ files }) => files.some((file) => file.includes('/vm.ts')));
    return again instanceof DeclarationError ? new DeclarationError([...again.faults, ...others]) : error;
  }
}
