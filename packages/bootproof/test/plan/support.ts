import { join } from 'node:path';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { defineModule, defineVm, makeTest, type Probe, type Test, type TestInput } from '../../src/index.ts';
import { homelabWith, repository } from '../cli/command.ts';

type Definitions = Parameters<typeof defineModule>[0];

/** hl02's plan, from the homelab of this repository. */
export async function planHl02(homelab = join(repository, 'config')): Promise<Test> {
  const [planned] = await planHosts(['hl02'], await openHomelab({ config: homelab }));
  if (planned === undefined) throw new Error('no plan');
  return planned.test;
}

/** hl02's plan, from a copy of the homelab in which files are others. */
export async function planHl02With(files: Readonly<Record<string, string | null>>): Promise<Test> {
  await using homelab = await homelabWith(files);
  return await planHl02(join(homelab.folder, 'config'));
}

/** A host's default.ts that adds definitions to those of hl02. */
export const defaultWith = (definitions: string): string => `
import { defineModule } from 'bootproof';
import configuration from './configuration.ts';
import disko from './disko.ts';
export default defineModule(({ lib }) => ({ imports: [configuration, disko], ...${definitions} }));
`;

const disk = defineModule({
  networking: { hostName: 'box' },
  system: { stateVersion: '25.11' },
  boot: { loader: { 'systemd-boot': { enable: true } } },
  disko: {
    devices: {
      disk: {
        main: {
          device: '/dev/vda',
          content: {
            type: 'gpt',
            partitions: {
              ESP: {
                size: '512M',
                type: 'EF00',
                content: { type: 'filesystem', format: 'vfat', mountpoint: '/boot' },
              },
              root: { size: '100%', content: { type: 'filesystem', format: 'ext4', mountpoint: '/' } },
            },
          },
        },
      },
    },
  },
});

const vm = defineVm({
  name: 'box',
  bios: 'ovmf',
  machine: 'q35',
  ostype: 'l26',
  agent: 1,
  serial0: 'socket',
  efidisk0: { storage: 'local-lvm', efitype: '4m', 'pre-enrolled-keys': false },
  virtio0: { storage: 'local-lvm', size: '8G' },
  net0: { model: 'virtio', bridge: 'vmbr0' },
});

/** The plan of a small host with these definitions. */
export function planWith(definitions: Definitions, more: Partial<TestInput> = {}): Test {
  const own = defineModule(definitions);
  return makeTest({ host: { configuration: defineModule({ imports: [disk, own] }), vm }, ...more });
}

export const idsOf = ({ probes }: Test): string[] => probes.map(({ id }) => id);

export function probeOf(test: Test, id: string): Probe {
  const found = test.probes.find((probe) => probe.id === id);
  if (found === undefined) throw new Error(`no probe ${id} among ${idsOf(test).join(', ')}`);
  return found;
}
