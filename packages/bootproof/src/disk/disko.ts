/**
 * The part of `disko.devices` that becomes a disk here, and disko's defaults for it. Source: disko v1.13.0,
 * lib/types/disk.nix, gpt.nix and filesystem.nix.
 */
import { createHash } from 'node:crypto';

/** What a partition or a disk holds. Only `filesystem` is realised; the other kinds of disko are named in a fault. */
export interface DiskoContent {
  readonly type: string;
  /** `ext4`, `vfat`. */
  readonly format?: string | null;
  readonly mountpoint?: string | null;
  /** `['defaults']` unless told. */
  readonly mountOptions?: readonly string[] | null;
  /** For mkfs. */
  readonly extraArgs?: readonly string[] | null;
}

export interface DiskoPartition {
  /** `512M`; `100%` or `0` for what is left. A number without a unit counts sectors of 512 bytes. */
  readonly size?: string | null;
  /** sgdisk's code or a GUID. 8300, or 8200 for swap. */
  readonly type?: string | null;
  /** Where it starts, in sgdisk's notation. `0`: at the start of the largest free stretch. */
  readonly start?: string | null;
  /** Where it ends, in sgdisk's notation; follows from the size unless told. */
  readonly end?: string | null;
  /** Lower comes first. 9001 for 100%, 100 for EF02, else 1000. */
  readonly priority?: number | null;
  /** The partition's name in the table. `disk-<disk>-<partition>`. */
  readonly label?: string | null;
  /** Sectors. 1 when start or end counts sectors, else as sgdisk does. */
  readonly alignment?: number | null;
  readonly content?: DiskoContent | null;
}

export interface DiskoTable {
  readonly type: string;
  readonly partitions?: Readonly<Record<string, DiskoPartition>>;
}

export interface DiskoDisk {
  /** As the guest sees it: `/dev/vda`. */
  readonly device: string;
  readonly content?: DiskoTable | null;
}

/** `disko.devices`. Its members besides `disk` (zpool, mdadm, lvm_vg, nodev, …) are not realised. */
export interface DiskoDevices {
  readonly disk?: Readonly<Record<string, DiskoDisk>>;
}

/** A partition with disko's defaults filled in. */
export interface ResolvedPartition {
  readonly name: string;
  /** disko's `_index`, counted from 1: sgdisk's partition number. */
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly size: string;
  readonly start: string;
  readonly end: string;
  readonly alignment: number | undefined;
  readonly content: DiskoContent | undefined;
}

/** The GPT holds 36 UTF-16 units of a name. */
export const maxLabelLength = 36;

/** The partition name that disko gives when none is declared: a long one becomes the start of its SHA-256. */
export function defaultLabel(disk: string, partition: string): string {
  const label = `disk-${disk}-${partition}`;
  // builtins.stringLength counts bytes.
  return Buffer.byteLength(label) > maxLabelLength
    ? createHash('sha256').update(label).digest('hex').slice(0, maxLabelLength)
    : label;
}

function defaultPriority({ size, type }: DiskoPartition): number {
  if (size === '100%') return 9001;
  return type === 'EF02' ? 100 : 1000;
}

const countsSectors = (place: string) => place.endsWith('s');

/** A disk's partitions in the order in which disko creates and numbers them. */
export function resolvePartitions(
  disk: string,
  partitions: Readonly<Record<string, DiskoPartition>>,
): ResolvedPartition[] {
  return (
    Object.entries(partitions)
      .map(([name, partition]) => ({
        name,
        partition,
        priority: partition.priority ?? defaultPriority(partition),
      }))
      // Nix lists attributes by name, byte by byte, and its sort keeps that order among equal priorities.
      .sort((a, b) => a.priority - b.priority || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
      .map(({ name, partition }, index) => resolvePartition(disk, name, partition, index + 1))
  );
}

function resolvePartition(
  disk: string,
  name: string,
  partition: DiskoPartition,
  number: number,
): ResolvedPartition {
  const size = partition.size ?? '0';
  const start = partition.start ?? '0';
  const end = partition.end ?? (size === '100%' ? '-0' : `+${size}`);
  const alignment = partition.alignment ?? (countsSectors(start) || countsSectors(end) ? 1 : 0);
  return {
    name,
    number,
    label: partition.label ?? defaultLabel(disk, name),
    type: partition.type ?? (partition.content?.type === 'swap' ? '8200' : '8300'),
    size,
    start,
    end,
    alignment: alignment === 0 ? undefined : alignment,
    content: partition.content ?? undefined,
  };
}
