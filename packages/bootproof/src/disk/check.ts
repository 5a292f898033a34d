import type { Fault } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';
import { maxLabelLength, type ResolvedPartition } from './disko.ts';
import type { DiskPlanInput } from './plan-layout.ts';
import { isSectorNotation } from './sgdisk.ts';
import { espTypeGuid, knownTypeCodes, typeGuidOf } from './type-codes.ts';

/** A partition and where it was declared. */
export interface Place {
  readonly disk: string;
  readonly partition: ResolvedPartition;
  /** The option's path, down to the partition's name. */
  readonly option: string;
}

const maxPartitions = 128;

/** What only disko on NixOS can make of a disk or a partition. */
export function checkContent(files: readonly string[], option: string, type: string | undefined): Fault {
  return {
    files,
    option,
    ...(type === undefined ? {} : { value: `type '${type}'` }),
    reason:
      type === undefined
        ? 'the disk has no content.'
        : `'${type}' is not realised by the stand-in: it makes GPT partitions with file systems on them.`,
    remedy: "Declare a table of type 'gpt' whose partitions have content of type 'filesystem'.",
  };
}

/** What can be said of a partition by itself. */
export function checkPartition(input: DiskPlanInput, place: Place): Fault[] {
  const files = (name: string) => input.filesOf(`${place.option}.${name}`);
  const wrong = (name: string, value: string, reason: string, remedy: string): Fault => ({
    files: files(name),
    option: `${place.option}.${name}`,
    value: `'${value}'`,
    reason,
    remedy,
  });
  const { partition } = place;
  return [
    ...checkType(partition, wrong),
    ...checkPlaces(partition, wrong),
    ...checkLabel(partition, wrong),
    ...checkFilesystem(partition, wrong, place.option, files('content')),
    ...(partition.number > maxPartitions
      ? [
          wrong(
            'priority',
            String(partition.number),
            `a GPT has room for ${maxPartitions} partitions.`,
            'Take some away.',
          ),
        ]
      : []),
  ];
}

type Wrong = (name: string, value: string, reason: string, remedy: string) => Fault;

function checkType({ type }: ResolvedPartition, wrong: Wrong): Fault[] {
  if (typeGuidOf(type) !== undefined) return [];
  const near = nearestNames(type.toUpperCase(), knownTypeCodes);
  return [
    wrong(
      'type',
      type,
      'this is no partition type that is known here.',
      `Give a code such as ${near.length > 0 ? near.join(', ') : 'EF00 or 8300'}, or the whole GUID.`,
    ),
  ];
}

function checkPlaces({ size, start, end }: ResolvedPartition, wrong: Wrong): Fault[] {
  const ownEnd = end !== `+${size}` && end !== '-0';
  return [
    ...(size === '100%' || /^\d+[KMGTP]?$/.test(size)
      ? []
      : [
          wrong(
            'size',
            size,
            'this is no size.',
            "Give a number with K, M, G or T, or '100%' for what is left.",
          ),
        ]),
    ...(/^0+[KMGTP]$/.test(size)
      ? [
          wrong(
            'size',
            size,
            'a partition cannot be empty: sgdisk would take this for all that is left.',
            "Give it a size, or '100%' for what is left.",
          ),
        ]
      : []),
    ...(isSectorNotation(start) ? [] : [wrong('start', start, ...notSgdisk)]),
    ...(isSectorNotation(end) || !ownEnd ? [] : [wrong('end', end, ...notSgdisk)]),
  ];
}

const notSgdisk = [
  'this is no place in the notation of sgdisk.',
  'Give sectors (2048s), bytes with a unit (1M), + for a distance from the start, or - for one from the end.',
] as const;

function checkLabel({ label }: ResolvedPartition, wrong: Wrong): Fault[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (label === '' || /["\\\u0000-\u001f\u007f]/.test(label)) {
    return [
      wrong(
        'label',
        label,
        'a partition name must not be empty, and quotes, backslashes and control characters cannot be written into the table.',
        'Give plain letters, digits and dashes.',
      ),
    ];
  }
  if (label.length <= maxLabelLength) return [];
  return [
    wrong(
      'label',
      label,
      `a partition name has at most ${maxLabelLength} characters, and this one has ${label.length}.`,
      'Give a shorter one, or leave it out: disko then makes one of the names.',
    ),
  ];
}

function checkFilesystem(
  { content }: ResolvedPartition,
  wrong: Wrong,
  option: string,
  files: readonly string[],
): Fault[] {
  if (content === undefined) return [];
  if (content.type !== 'filesystem') return [checkContent(files, `${option}.content`, content.type)];
  const { format, mountpoint } = content;
  return [
    ...(format
      ? []
      : [
          wrong('content.format', '', 'a file system has to have a format.', "Say format: 'ext4' or 'vfat'."),
        ]),
    ...(typeof mountpoint === 'string' && !mountpoint.startsWith('/')
      ? [wrong('content.mountpoint', mountpoint, 'this is no absolute path.', 'Start it with a slash.')]
      : []),
  ];
}

/** What can be said only of all disks together. */
export function checkWhole(input: DiskPlanInput, places: readonly Place[]): Fault[] {
  // Without any disk there is one thing to say, and that is for the planner.
  if (Object.keys(input.devices.disk ?? {}).length === 0) return notDisks(input);
  return [
    ...notDisks(input),
    ...checkMounts(input, places),
    ...checkLabels(input, places),
    ...checkEsp(input, places),
  ];
}

function notDisks({ devices, filesOf }: DiskPlanInput): Fault[] {
  return Object.entries(devices)
    .filter(([kind, members]) => kind !== 'disk' && Object.keys(members ?? {}).length > 0)
    .map(([kind]) => ({
      files: filesOf(`disko.devices.${kind}`),
      option: `disko.devices.${kind}`,
      reason: `${kind} is not realised by the stand-in: it makes disks with partitions and file systems only.`,
      remedy: 'Put the file systems on partitions of disko.devices.disk.',
    }));
}

const mountOf = ({ partition }: Place) =>
  partition.content?.type === 'filesystem' ? (partition.content.mountpoint ?? undefined) : undefined;

function checkMounts(input: DiskPlanInput, places: readonly Place[]): Fault[] {
  const byMount = groups(places, (place) => mountOf(place)?.replace(/(?<=.)\/+$/, ''));
  const twice = [...byMount]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([mountpoint, sharing]) => ({
      files: filesOfAll(input, sharing, 'content.mountpoint'),
      option: sharing.map(({ option }) => `${option}.content.mountpoint`).join(' and '),
      value: `'${mountpoint}'`,
      reason:
        mountpoint === '/'
          ? 'there can be only one root file system.'
          : `${sharing.length} file systems cannot be mounted at one place.`,
      remedy: 'Give each its own mountpoint, or leave it out for one that is not to be mounted.',
    }));
  if (byMount.has('/')) return twice;
  return [
    ...twice,
    {
      files: input.filesOf('disko.devices.disk'),
      option: 'disko.devices.disk',
      reason: 'no partition is mounted at /: there is no root file system.',
      remedy: "Give one partition content of type 'filesystem' with mountpoint '/'.",
    },
  ];
}

/** Two partitions of one name have one name under /dev/disk/by-partlabel, by which disko mounts them. */
function checkLabels(input: DiskPlanInput, places: readonly Place[]): Fault[] {
  return [...groups(places, ({ partition }) => partition.label)]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([label, sharing]) => ({
      files: filesOfAll(input, sharing, 'label'),
      option: sharing.map(({ option }) => `${option}.label`).join(' and '),
      value: `'${label}'`,
      reason: 'partitions are mounted by their names, and these have the same.',
      remedy: 'Give each its own label, or leave it out.',
    }));
}

function checkEsp(input: DiskPlanInput, places: readonly Place[]): Fault[] {
  if (input.bios !== 'ovmf') return [];
  const esps = places.filter(({ partition }) => typeGuidOf(partition.type) === espTypeGuid);
  if (esps.length === 0) {
    return [
      {
        files: input.filesOf('disko.devices.disk'),
        option: 'disko.devices.disk',
        reason:
          'the firmware is UEFI (bios ovmf), and no partition is an EFI system partition: it would find nothing to boot.',
        remedy: "Declare a partition of type 'EF00' with vfat on it, mounted at /boot.",
      },
    ];
  }
  const { espMountpoint } = input;
  if (espMountpoint === undefined || esps.some((place) => mountOf(place) === espMountpoint)) return [];
  return [
    {
      files: filesOfAll(input, esps, 'content.mountpoint'),
      option: `${esps[0]?.option}.content.mountpoint`,
      value: `'${mountOf(esps[0] as Place) ?? ''}'`,
      reason: `the boot loader is put at boot.loader.efi.efiSysMountPoint, which is '${espMountpoint}', and the EFI system partition is not mounted there.`,
      remedy: `Mount the EFI system partition at '${espMountpoint}', or set efiSysMountPoint to where it is.`,
    },
  ];
}

function filesOfAll(input: DiskPlanInput, places: readonly Place[], name: string): string[] {
  return [...new Set(places.flatMap(({ option }) => input.filesOf(`${option}.${name}`)))];
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), item]);
  }
  return found;
}
