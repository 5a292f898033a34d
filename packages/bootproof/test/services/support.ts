import type { DiskoDevices } from '../../src/disk/disko.ts';
import type { DiskLayout } from '../../src/disk/layout.ts';
import { planDisk } from '../../src/disk/plan-layout.ts';
import { defineModule } from '../../src/index.ts';
import { evaluate } from '../../src/modules/evaluate.ts';
import { walkOptions } from '../../src/options/option.ts';
import type { Probe, ProbeFault } from '../../src/probes/probe.ts';
import { services, surface } from '../../src/services/catalogue.ts';
import type { ImageFile } from '../../src/services/recipe.ts';
import type { Guest, Realisation, Service } from '../../src/services/service.ts';

type Definitions = Parameters<typeof defineModule>[0];

/** The disk of most tests: an ESP and a root on /dev/vda. */
const devices: DiskoDevices = {
  disk: {
    main: {
      device: '/dev/vda',
      content: {
        type: 'gpt',
        partitions: {
          ESP: {
            size: '512M',
            type: 'EF00',
            content: {
              type: 'filesystem',
              format: 'vfat',
              mountpoint: '/boot',
              mountOptions: ['umask=0077'],
            },
          },
          root: { size: '100%', content: { type: 'filesystem', format: 'ext4', mountpoint: '/' } },
        },
      },
    },
  },
};

function layoutOf(given: DiskoDevices): DiskLayout {
  const { layouts, faults } = planDisk({
    devices: given,
    sizeOf: () => 32 * 2 ** 30,
    bios: 'ovmf',
    filesOf: () => [],
  });
  const [layout] = layouts;
  if (layout === undefined) throw new Error(`no layout: ${JSON.stringify(faults)}`);
  return layout;
}

/** A guest as hl02's hardware shows it. */
export const guest: Guest = {
  hostName: 'box',
  nics: [{ name: 'enp6s18', driver: 'virtio_net' }],
  disk: layoutOf(devices),
  diskDriver: 'virtio_blk',
  serialConsole: true,
};

/** The values of all options when these are defined. */
export const valuesOf = (definitions: Definitions) =>
  evaluate({
    options: surface,
    modules: [defineModule({ system: { stateVersion: '25.11' } }), defineModule(definitions)],
  }).value;

export const realisationOf = (service: Service, definitions: Definitions, at: Guest = guest): Realisation =>
  service.realise?.(valuesOf(definitions) as never, at) ?? {};

export const probesOf = (service: Service, definitions: Definitions, at: Guest = guest): readonly Probe[] =>
  service.probes?.(valuesOf(definitions) as never, at) ?? [];

export const idsOf = (probes: readonly Probe[]): string[] => probes.map(({ id }) => id);

/** The probe with this id; throws when there is none. */
export function probeOf(probes: readonly Probe[], id: string): Probe {
  const found = probes.find((probe) => probe.id === id);
  if (found === undefined) throw new Error(`no probe ${id} among ${idsOf(probes).join(', ')}`);
  return found;
}

/** A fault that probes bring, and what each of them has to see of it, by the probe's id. */
export interface Brought extends Omit<ProbeFault, 'seen'> {
  readonly seen: Readonly<Record<string, string>>;
}

/** The fault with this id; throws when no probe brings it. */
export function faultOf(probes: readonly Probe[], id: string): Brought {
  const pairs = probes.flatMap((probe) =>
    (probe.faults ?? []).filter((fault) => fault.id === id).map((fault) => [probe.id, fault] as const),
  );
  const [first] = pairs;
  if (first === undefined) throw new Error(`no probe brings ${id}`);
  return { ...first[1], seen: Object.fromEntries(pairs.map(([probe, { seen }]) => [probe, seen])) };
}

/** The file or link that a service puts at a path; undefined when it puts none there. */
export const fileAt = ({ files = [] }: Realisation, path: string): ImageFile | undefined =>
  files.find((file) => file.path === path);

/** The lines of a text file that a service makes; none when it makes no such file. */
export function linesAt(realisation: Realisation, path: string): string[] {
  const file = fileAt(realisation, path);
  return file?.type === 'file' ? file.text.split('\n').filter((line) => line !== '') : [];
}

const optionPaths = [...walkOptions(surface)].map(({ path }) => path);

/** Whether an option has this path, or lies below it; concrete names stand where the surface has `<name>`. */
export function isInSurface(path: string): boolean {
  const names = path.split('.');
  return optionPaths.some((option) =>
    names.every((name, index) => option[index] === name || option[index] === '<name>'),
  );
}

/** The probes of all services together, as a plan has them. */
export function allProbes(definitions: Definitions, at: Guest = guest): Probe[] {
  const values = valuesOf(definitions) as never;
  return services.flatMap((service) => service.probes?.(values, at) ?? []);
}
