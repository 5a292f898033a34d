import type { Fault } from '../base/errors.ts';
import { formatSize } from '../base/size.ts';
import { checkContent, checkPartition, checkWhole, type Place } from './check.ts';
import { type DiskoDevices, type DiskoDisk, type ResolvedPartition, resolvePartitions } from './disko.ts';
import type { DiskLayout, Partition, PartitionContent } from './layout.ts';
import { type Extent, GptSpace, sectorBytes } from './sgdisk.ts';
import { typeGuidOf } from './type-codes.ts';

export interface DiskPlanInput {
  /** The resolved value of `disko.devices`. */
  readonly devices: DiskoDevices;
  /** Bytes of the VM's disk that the guest sees under this name; undefined when the VM has no such disk, or no size. */
  readonly sizeOf: (device: string) => number | undefined;
  readonly bios: 'seabios' | 'ovmf';
  /** The files that define an option: `disko.devices.disk.main.device`. */
  readonly filesOf: (option: string) => readonly string[];
  /** The files that give the VM's disk of this name its size. */
  readonly vmFilesOf?: (device: string) => readonly string[];
  /** `boot.loader.efi.efiSysMountPoint`, where a boot loader will look for the ESP; not checked unless told. */
  readonly espMountpoint?: string;
}

export interface DiskPlan {
  /** The disks whose partitions all have their place, the one with the root file system first. */
  readonly layouts: readonly DiskLayout[];
  /**
   * All that is wrong. Disks that the VM does not have are not among it, for `agree` says that; nor is it that no disk is
   * declared at all.
   */
  readonly faults: readonly Fault[];
}

/**
 * Works out every partition's place on disks of these sizes, as disko and sgdisk will make them. Pure: the same
 * declaration and size always give the same layout.
 */
export function planDisk(input: DiskPlanInput): DiskPlan {
  const disks = Object.entries(input.devices.disk ?? {}).map(([name, disk]) => planOne(input, name, disk));
  const faults = disks.flatMap((disk) => disk.faults);
  const layouts = disks.flatMap(({ layout }) => layout ?? []);
  const rootFirst = (layout: DiskLayout) =>
    layout.partitions.some(({ content }) => content?.mountpoint === '/') ? 0 : 1;
  return {
    layouts: layouts.sort((a, b) => rootFirst(a) - rootFirst(b)),
    faults: [
      ...faults,
      ...checkWhole(
        input,
        disks.flatMap(({ places }) => places),
      ),
    ],
  };
}

interface PlannedDisk {
  readonly layout: DiskLayout | undefined;
  readonly faults: readonly Fault[];
  /** Every partition, for what is checked across disks. */
  readonly places: readonly Place[];
}

function planOne(input: DiskPlanInput, name: string, disk: DiskoDisk): PlannedDisk {
  const option = `disko.devices.disk.${name}.content`;
  const { content } = disk;
  if (content?.type !== 'gpt') {
    return {
      layout: undefined,
      faults: [checkContent(input.filesOf(option), option, content?.type)],
      places: [],
    };
  }
  const partitions = resolvePartitions(name, content.partitions ?? {});
  const places = partitions.map((partition) => ({
    disk: name,
    partition,
    option: `${option}.partitions.${partition.name}`,
  }));
  const faulty = new Set<Place>();
  const own = places.flatMap((place) => {
    const found = checkPartition(input, place);
    if (found.length > 0) faulty.add(place);
    return found;
  });
  const sizeBytes = input.sizeOf(disk.device);
  if (sizeBytes === undefined) return { layout: undefined, faults: own, places };
  const { extents, faults } = placeAll(
    input,
    disk.device,
    sizeBytes,
    places.filter((place) => !faulty.has(place)),
  );
  const layout: DiskLayout = {
    name,
    device: disk.device,
    sizeBytes,
    sectorBytes,
    partitions: partitions.flatMap((partition) => {
      const extent = extents.get(partition);
      return extent ? [laidOut(partition, extent)] : [];
    }),
  };
  const whole = own.length === 0 && faults.length === 0;
  return { layout: whole ? layout : undefined, faults: [...own, ...faults], places };
}

function laidOut(partition: ResolvedPartition, extent: Extent): Partition {
  return {
    name: partition.name,
    number: partition.number,
    label: partition.label,
    typeGuid: typeGuidOf(partition.type) ?? '',
    startSector: extent.first,
    sectors: extent.last - extent.first + 1,
    content: filesystemOf(partition),
  };
}

function filesystemOf({ content }: ResolvedPartition): PartitionContent | undefined {
  if (content?.type !== 'filesystem') return undefined;
  return {
    type: 'filesystem',
    format: content.format ?? '',
    mountpoint: content.mountpoint ?? undefined,
    mountOptions: content.mountOptions ?? ['defaults'],
    extraArgs: content.extraArgs ?? [],
  };
}

/** Puts the partitions on the disk one by one, in the order in which disko calls sgdisk. */
function placeAll(input: DiskPlanInput, device: string, sizeBytes: number, places: readonly Place[]) {
  const space = new GptSpace(sizeBytes);
  const extents = new Map<ResolvedPartition, Extent>();
  const faults: Fault[] = [];
  for (const place of places) {
    const { partition } = place;
    const free = space.largestFree();
    const wanted = space.wanted(partition);
    const extent = wanted && isCrumb(partition, wanted) ? undefined : space.add(partition);
    if (extent) {
      extents.set(partition, extent);
      continue;
    }
    const other = wanted && overlapped(extents, wanted);
    const vmFiles = input.vmFilesOf?.(device) ?? [];
    faults.push(
      other === undefined
        ? doesNotFit(input, place, { device, sizeBytes, free, wanted, vmFiles })
        : {
            files: input.filesOf(place.option),
            option: place.option,
            value: printed(partition),
            reason: `it wants ${range(wanted)}, and ${other.name} already has ${range(extents.get(other))} of ${device}.`,
            remedy: 'Move one of them, or give sizes only: they are then put one after the other.',
          },
    );
  }
  return { extents, faults };
}

/**
 * When all else is taken sgdisk still hands out the unaligned sectors before the first partition, or what is less than
 * 1 MiB at the end. Nobody means these.
 */
function isCrumb({ start, end }: ResolvedPartition, { first, last }: Extent): boolean {
  const takesRest = end === '-0' || /^\+0+[KMGTP]?$/.test(end);
  return (start === '0' && first < 2048) || (takesRest && last - first + 1 < 2048);
}

function overlapped(extents: ReadonlyMap<ResolvedPartition, Extent>, wanted: Extent) {
  if (wanted.first > wanted.last) return undefined;
  return [...extents].find(([, used]) => used.first <= wanted.last && used.last >= wanted.first)?.[0];
}

interface Shortage {
  readonly device: string;
  readonly sizeBytes: number;
  readonly free: Extent | undefined;
  readonly wanted: Extent | undefined;
  readonly vmFiles: readonly string[];
}

function doesNotFit(input: DiskPlanInput, { option, partition }: Place, shortage: Shortage): Fault {
  const { device, sizeBytes, free, wanted, vmFiles } = shortage;
  const mebibytes = free === undefined ? 0 : wholeMebibytes(free);
  const left = mebibytes === 0 ? 'nothing is left' : `${formatSize(mebibytes * 2 ** 20)} are left`;
  const wants =
    wanted !== undefined && wanted.last >= wanted.first ? ` of ${formatSize(bytesOf(wanted))}` : '';
  return {
    files: [...new Set([...input.filesOf(option), ...vmFiles])],
    option,
    value: printed(partition),
    reason: `a partition${wants} does not fit on ${device} of ${formatSize(sizeBytes)}: ${left}.`,
    remedy: "Give the partition less, or give the VM's disk a larger size.",
  };
}

/** What of an extent an aligned partition can have. */
function wholeMebibytes({ first, last }: Extent): number {
  return Math.max(0, Math.floor((last + 1) / 2048) - Math.ceil(first / 2048));
}

const bytesOf = ({ first, last }: Extent) => (last - first + 1) * sectorBytes;

const range = (extent: Extent | undefined) =>
  extent === undefined ? 'no place' : `sectors ${extent.first} to ${extent.last}`;

function printed({ size, start, end }: ResolvedPartition): string {
  const natural = size === '100%' ? '-0' : `+${size}`;
  return start === '0' && end === natural ? `size '${size}'` : `start '${start}', end '${end}'`;
}
