import type { DiskLayout, Partition } from '../disk/layout.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { fileSystemRoom } from '../probes/kinds/file-system-room.ts';
import { filesystemSize, mount } from '../probes/kinds/mount.ts';
import { partition } from '../probes/kinds/partition.ts';
import type { Probe } from '../probes/probe.ts';
import { defineService, notProvable } from './service.ts';

// disko v1.13.0, lib/types: one file a kind.
const gpt = { source: 'disko: lib/types/gpt.nix', verdict: 'provable' } as const;
const disk = { source: 'disko: lib/types/disk.nix', verdict: 'provable' } as const;
const filesystem = { source: 'disko: lib/types/filesystem.nix', verdict: 'provable' } as const;

/**
 * What a partition holds. The file system is typed; the other kinds of disko pass through with whatever they have, and
 * the plan says that the stand-in cannot build them.
 */
const content = types.submodule(
  {
    type: option({
      type: types.enum(['filesystem', 'swap', 'luks', 'lvm_pv', 'btrfs', 'mdraid', 'zfs', 'bcachefs']),
      description: 'The kind of content.',
      example: 'filesystem',
      ...filesystem,
    }),
    format: option({
      type: types.nullOr(types.str),
      default: null,
      example: 'ext4',
      description: 'The format of the file system.',
      ...filesystem,
    }),
    mountpoint: option({
      type: types.nullOr(types.str),
      default: null,
      example: '/',
      description: 'Where it is mounted; null: nowhere.',
      ...filesystem,
    }),
    mountOptions: option({
      type: types.listOf(types.str),
      default: ['defaults'],
      example: ['umask=0077'],
      description: 'Mount options.',
      ...filesystem,
    }),
    extraArgs: option({
      type: types.listOf(types.str),
      default: [],
      description: 'Further arguments for the command that makes the file system.',
      ...filesystem,
    }),
  },
  { freeformType: types.attrsOf(types.anything) },
);

const partitionOptions = types.submodule({
  size: option({
    type: types.nullOr(types.str),
    default: '0',
    example: '512M',
    description: 'The size: `512M`, or `100%` for what is left.',
    ...gpt,
  }),
  type: option({
    type: types.str,
    default: '8300',
    example: 'EF00',
    description: "The partition type, as sgdisk's code or as a GUID. EF00 is the EFI system partition.",
    ...gpt,
  }),
  label: option({
    type: types.nullOr(types.str),
    default: null,
    defaultText: 'disk-<disk>-<partition>',
    description: "The partition's name in the table, by which it is mounted; null: made of the names.",
    ...gpt,
  }),
  priority: option({
    type: types.nullOr(types.int),
    default: null,
    defaultText: '9001 for a size of 100%, 100 for type EF02, else 1000',
    description: 'The order on the disk: lower numbers come first.',
    ...gpt,
  }),
  start: option({
    type: types.str,
    default: '0',
    description: 'Where it starts, in sgdisk notation; 0: the first free place.',
    ...gpt,
  }),
  end: option({
    type: types.nullOr(types.str),
    default: null,
    example: '+512M',
    description: 'Where it ends, in sgdisk notation; null: as the size says.',
    ...gpt,
  }),
  content: option({
    type: types.nullOr(content),
    default: null,
    description: 'What the partition holds.',
    ...gpt,
  }),
});

/** The disk: its partitions and what is mounted from them. */
export const disko = defineService({
  name: 'disko',
  description: 'Disks, partitions and file systems, as disko declares them.',
  options: {
    disko: {
      devices: {
        disk: option({
          type: types.attrsOf(
            types.submodule({
              type: option({
                type: types.enum(['disk']),
                default: 'disk',
                description: 'Always `disk`.',
                ...disk,
              }),
              device: option({
                type: types.str,
                example: '/dev/vda',
                description: 'The device, as the machine sees it.',
                ...disk,
              }),
              imageSize: option({
                type: types.str,
                default: '2G',
                description:
                  "The size of disko's own image of this disk. Here the size is that of the VM's disk.",
                source: 'disko: lib/types/disk.nix',
                verdict: notProvable("it is the size of the image that Nix builds, not of the VM's disk"),
              }),
              content: option({
                type: types.submodule({
                  type: option({
                    type: types.enum(['gpt']),
                    description: 'The partition table.',
                    ...gpt,
                  }),
                  partitions: option({
                    type: types.attrsOf(partitionOptions),
                    default: {},
                    description: 'The partitions, by name.',
                    ...gpt,
                  }),
                }),
                description: 'What the disk holds.',
                ...disk,
              }),
            }),
          ),
          default: {},
          description: 'The disks of the machine, by name.',
          ...disk,
        }),
      },
    },
  },

  // The image builder makes the disk from the layout itself; there is nothing to put into files here.
  probes(_config, guest) {
    const layout = guest.disk;
    return layout === undefined ? [] : layout.partitions.flatMap((each) => partitionProbes(layout, each));
  },

  nixosTest: () => ({
    notTested: 'a test VM has a disk of its own, and its file systems in place of the declared ones',
  }),
});

function partitionProbes(layout: DiskLayout, each: Partition): Probe[] {
  const device = `${layout.device}${each.number}`;
  const disk = `disko.devices.disk.${layout.name}`;
  const own = `${disk}.content.partitions.${each.name}`;
  const mountpoint = each.content?.mountpoint;
  return [
    partition.probe({
      id: `disko/partition-${each.name}`,
      params: {
        device,
        label: each.label,
        typeGuid: each.typeGuid,
        start: each.startSector,
        sectors: each.sectors,
      },
      proves: [
        `${disk}.device`,
        `${disk}.type`,
        `${disk}.content.type`,
        ...['size', 'type', 'label', 'start', 'end', 'priority'].map((name) => `${own}.${name}`),
      ],
    }),
    ...(each.content === undefined || mountpoint === undefined
      ? []
      : [
          mount.probe({
            id: `disko/mount-${each.name}`,
            params: {
              mountpoint,
              device,
              format: each.content.format,
              label: each.label,
              options: each.content.mountOptions,
            },
            proves: ['type', 'format', 'mountpoint', 'mountOptions'].map((name) => `${own}.content.${name}`),
            // What is not the root is mounted while systemd starts, and a shell can be there first.
            after: mountpoint === '/' ? [] : ['boot/multi-user'],
          }),
          filesystemSize.probe({
            id: `disko/size-${each.name}`,
            params: { mountpoint, bytes: each.sectors * layout.sectorBytes },
            proves: [`${own}.size`],
            after: [`disko/mount-${each.name}`],
          }),
          ...(each.content.mountOptions.includes('ro') ? [] : [roomProbe(each.name, mountpoint)]),
        ]),
  ];
}

/** No option declares how much is left; a machine that is shipped full fails with its first log. */
const roomProbe = (name: string, mountpoint: string): Probe =>
  fileSystemRoom.probe({
    id: `disko/room-${name}`,
    params: { mountpoint },
    proves: [],
    after: [`disko/mount-${name}`],
  });
