import type { Vm } from '../hardware/vm.ts';
import { findHost, type HostFolder, hostNames } from '../host/discover.ts';
import { createLoader, type HostExports, loadHost } from '../host/load.ts';
import * as bootproof from '../index.ts';
import { instrument } from '../modules/instrument.ts';
import { isModule, type Module } from '../modules/module.ts';
import { isTest, makeTest } from '../plan/make-test.ts';
import type { Test } from '../plan/test.ts';
import { type GlobalOptions, homelabFolder } from './homelab-folder.ts';

/** A host of the homelab with its plan. */
export interface PlannedHost {
  readonly host: HostFolder;
  readonly test: Test;
}

const expected: HostExports<Module, Vm, Test> = {
  configuration: { name: 'a module', maker: 'defineModule({ … })', is: isModule },
  vm: { name: 'a VM', maker: 'defineVm({ … })', is: bootproof.isVm },
  test: { name: 'a test', maker: 'makeTest({ host: { configuration, vm } })', is: isTest },
};

/** The plans of the named hosts, or of all of them; every host is loaded before any fault is reported. */
export async function planHosts(names: readonly string[], options: GlobalOptions): Promise<PlannedHost[]> {
  const homelab = homelabFolder(options);
  const wanted = names.length > 0 ? [...new Set(names)] : hostNames(homelab);
  const hosts = wanted.map((name) => findHost(homelab, name));
  const loader = createLoader({ homelab, given: { bootproof }, instrument });
  const planned: PlannedHost[] = [];
  for (const host of hosts) {
    const { module, vm, test } = await loadHost(loader, host, expected);
    planned.push({ host, test: test ?? makeTest({ host: { configuration: module, vm } }) });
  }
  return planned;
}
