import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VmDefinition } from '../../src/hardware/vm.ts';

export const folder = join(import.meta.dirname, 'cfg2cmd');

/** VMs of many kinds, by their files' names. Each has a golden command line, and the real QEMU is started with it. */
export const vms: Readonly<Record<string, VmDefinition>> = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.vm.json'))
    .map((name) => [
      name.slice(0, -'.vm.json'.length),
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as VmDefinition,
    ]),
);
