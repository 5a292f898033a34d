import { dirname } from 'node:path';
import { DeclarationError } from '../base/errors.ts';
import { guestNics } from '../hardware/devices.ts';
import type { Vm } from '../hardware/vm.ts';
import { findHost, type HostFolder, hostNames, serviceFiles } from '../host/discover.ts';
import {
  createLoader,
  type Expected,
  type HostExports,
  importChain,
  type Loader,
  loadEach,
  loadHost,
} from '../host/load.ts';
import { type HostTest, writtenAt } from '../host-tests/host-test.ts';
import { hostTestKind } from '../host-tests/kind.ts';
import { loadHostTests } from '../host-tests/load.ts';
import * as bootproof from '../index.ts';
import { evaluate } from '../modules/evaluate.ts';
import { instrument } from '../modules/instrument.ts';
import { isModule, type Module } from '../modules/module.ts';
import { createMakeTest, isTest, type MakeTest, withProbes } from '../plan/make-test.ts';
import type { Test } from '../plan/test.ts';
import { probeKinds } from '../probes/catalogue.ts';
import type { ProbeKind } from '../probes/probe.ts';
import type { Catalogue } from '../services/catalogue.ts';
import { catalogueOf } from '../services/own-services.ts';
import { isService, type Service } from '../services/service.ts';
import * as bootproofTest from '../test.ts';
import { type GlobalOptions, homelabFolder } from './homelab-folder.ts';

/** A host of the homelab with its plan. */
export interface PlannedHost {
  readonly host: HostFolder;
  readonly test: Test;
  /** The tests that it has by hand, each of which is a probe of the plan. */
  readonly tests: readonly HostTest[];
}

/** What the files of a host export. */
export const expectedOfHost: HostExports<Module, Vm, Test> = {
  configuration: { name: 'a module', maker: 'defineModule({ … })', is: isModule },
  vm: { name: 'a VM', maker: 'defineVm({ … })', is: bootproof.isVm },
  test: { name: 'a test', maker: 'makeTest({ host: { configuration, vm } })', is: isTest },
};

const expectedOfService: Expected<Service> = {
  name: 'a service',
  maker: 'defineService({ … })',
  is: isService,
};

/** A homelab whose files are being loaded: each of them once. */
export interface OpenHomelab {
  /** The folder that holds `hosts/`, absolute. */
  readonly homelab: string;
  /** The folder that files are named from: the one that holds the homelab. */
  readonly root: string;
  /** The services that its hosts may use, its own among them. */
  readonly catalogue: Catalogue;
  /** `makeTest` over that catalogue, which is also what its files import. */
  readonly makeTest: MakeTest;
  readonly loader: Loader;
}

/**
 * Opens the homelab that the command line means, and loads the services of its own.
 *
 * @throws BootproofError with what is wrong in their files, all of it at once
 */
export async function openHomelab(options: GlobalOptions): Promise<OpenHomelab> {
  const homelab = homelabFolder(options);
  const root = dirname(homelab);
  const files = serviceFiles(homelab);
  const own = createLoader({ homelab, given: { bootproof }, instrument, root });
  const services = await loadEach(own, files, expectedOfService);
  const catalogue = catalogueOf(
    services.map((service, index) => ({ service, file: files[index] ?? '' })),
    root,
  );
  const makeTest = createMakeTest(catalogue);
  // Hosts are loaded by another loader: only now is it known what their makeTest knows.
  const given = { bootproof: { ...bootproof, makeTest }, 'bootproof/test': bootproofTest };
  return { homelab, root, catalogue, makeTest, loader: createLoader({ homelab, given, instrument, root }) };
}

/** The plans of the named hosts, or of all of them; every host is loaded before any fault is reported. */
export async function planHosts(
  names: readonly string[],
  { homelab, root, catalogue, makeTest, loader }: OpenHomelab,
): Promise<PlannedHost[]> {
  const wanted = names.length > 0 ? [...new Set(names)] : hostNames(homelab);
  const hosts = wanted.map((name) => findHost(homelab, name));
  const planned: PlannedHost[] = [];
  for (const host of hosts) {
    try {
      const { module, vm, test } = await loadHost(loader, host, expectedOfHost);
      const plan = test ?? makeTest({ host: { configuration: module, vm }, root });
      planned.push({ host, ...(await withHostTests(plan, host, { root, loader })) });
    } catch (error) {
      throw await withImportChains(error, { host, loader, root, catalogue });
    }
  }
  return planned;
}

/** The plan with the tests of the host's folder. */
async function withHostTests(
  plan: Test,
  { files }: HostFolder,
  { root, loader }: Pick<OpenHomelab, 'root' | 'loader'>,
): Promise<Pick<PlannedHost, 'test' | 'tests'>> {
  const tests = await loadHostTests({ files: files.tests, run: loader.run, root });
  if (tests.length === 0) return { test: plan, tests };
  const sources = tests.map(({ probe }) => ({
    probes: [probe],
    file: writtenAt(probe) ?? '',
    member: 'test()',
    builtIn: false,
  }));
  return { test: withProbes(plan, sources), tests };
}

/** The kinds by which a host's probes look, its tests by hand included, for a run that ends with the signal. */
export function kindsOf(
  { test, tests }: PlannedHost,
  { homelab, root }: Pick<OpenHomelab, 'homelab' | 'root'>,
  signal: AbortSignal,
): ReadonlyMap<string, ProbeKind> {
  const facts = { hostName: test.hostName, nic: guestNics(test.hardware.vm)[0]?.name, homelab, root };
  const kind = hostTestKind({ tests, facts, signal }) as unknown as ProbeKind;
  return new Map([...probeKinds, [kind.kind, kind]]);
}

/**
 * The same error, with the files of an import cycle in their order where that is what is wrong: a plan is pure and cannot
 * read the files' imports, and only an error is worth reading them for.
 */
async function withImportChains(
  error: unknown,
  {
    host,
    loader,
    root,
    catalogue,
  }: Pick<OpenHomelab, 'loader' | 'root' | 'catalogue'> & { readonly host: HostFolder },
): Promise<unknown> {
  if (!(error instanceof DeclarationError)) return error;
  try {
    const module = await loader.load(host.files.default, expectedOfHost.configuration);
    evaluate({ options: catalogue.surface, modules: [module], root, importChains: importChain });
    return error;
  } catch (again) {
    const others = error.faults.filter(({ files }) => files.some((file) => file.includes('/vm.ts')));
    return again instanceof DeclarationError ? new DeclarationError([...again.faults, ...others]) : error;
  }
}
