/** A disk as it will be on the machine: every partition with its place, known before anything is built. */

/** What a partition holds: a file system and where it is mounted. */
export interface PartitionContent {
  readonly type: 'filesystem';
  /** `ext4`, `vfat`; others are declared, but refused by the stand-in image. */
  readonly format: string;
  /** Where it is mounted, absolute; undefined: not mounted. */
  readonly mountpoint: string | undefined;
  /** In the order declared; `defaults` when none are. */
  readonly mountOptions: readonly string[];
  /** Arguments for mkfs, as disko's `extraArgs`. */
  readonly extraArgs: readonly string[];
}

export interface Partition {
  /** The attribute's name under `partitions`: `ESP`, `root`. */
  readonly name: string;
  /** Counted from 1, in disko's order. */
  readonly number: number;
  /** The GPT partition name, by which the system mounts it: `disk-main-root`. */
  readonly label: string;
  /** The GPT partition type, in upper case: `C12A7328-F81F-11D2-BA4B-00A0C93EC93B` for an ESP. */
  readonly typeGuid: string;
  readonly startSector: number;
  readonly sectors: number;
  readonly content: PartitionContent | undefined;
}

export interface DiskLayout {
  /** The attribute's name under `disko.devices.disk`: `main`. */
  readonly name: string;
  /** The device as the guest sees it: `/dev/vda`. */
  readonly device: string;
  readonly sizeBytes: number;
  /** 512 throughout. */
  readonly sectorBytes: number;
  readonly partitions: readonly Partition[];
}
