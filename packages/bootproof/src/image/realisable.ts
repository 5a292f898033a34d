import { BootproofError } from '../base/errors.ts';
import type { DiskLayout, Partition, PartitionContent } from '../disk/layout.ts';
import { espTypeGuid } from '../disk/type-codes.ts';
import type { ImageRecipe } from '../services/recipe.ts';

/** A partition with a file system on it. */
export interface FilledPartition extends Partition {
  readonly content: PartitionContent;
}

/** The two partitions that a stand-in is made of. */
export interface SystemPartitions {
  readonly esp: FilledPartition;
  readonly root: FilledPartition;
}

/**
 * Finds the ESP and the root partition.
 *
 * @throws BootproofError of kind `declaration` that names every part of the disk that the stand-in does not realise.
 */
export function systemPartitions(recipe: Pick<ImageRecipe, 'disk' | 'loader'>): SystemPartitions {
  const { disk, loader } = recipe;
  const filled = disk.partitions.filter(isFilled);
  const root = filled.find(({ content }) => content.mountpoint === '/');
  const esp = filled.find(({ content }) => content.mountpoint === loader.espMountpoint);
  const faults = [
    ...(root === undefined ? ['no partition is mounted at /'] : rootFaults(root)),
    ...(esp === undefined ? [`no partition is mounted at ${loader.espMountpoint}`] : espFaults(esp)),
    ...filled
      .filter((partition) => partition !== root && partition !== esp)
      .map(
        ({ name, content }) => `partition ${name} (${content.format} at ${content.mountpoint ?? 'no place'})`,
      ),
    ...(disk.sectorBytes === 512 ? [] : [`sectors of ${disk.sectorBytes} bytes`]),
  ];
  if (root === undefined || esp === undefined || faults.length > 0) {
    throw new BootproofError(
      `not realised by the stand-in: ${disk.device} (${disk.name}) has\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
      {
        kind: 'declaration',
        hint: 'The stand-in has one disk with an ESP (vfat) and an ext4 root. Other layouts are proven on NixOS only.',
      },
    );
  }
  return { esp, root };
}

function isFilled(partition: Partition): partition is FilledPartition {
  return partition.content !== undefined;
}

function rootFaults({ name, content }: FilledPartition): string[] {
  return content.format === 'ext4'
    ? []
    : [`partition ${name}: ${content.format} at /, where ext4 is realised`];
}

function espFaults({ name, typeGuid, content }: FilledPartition): string[] {
  return [
    ...(content.format === 'vfat' ? [] : [`partition ${name}: ${content.format}, where an ESP is vfat`]),
    ...(typeGuid === espTypeGuid
      ? []
      : [`partition ${name}: type ${typeGuid}, where the firmware looks for an ESP`]),
  ];
}

/** Where a partition starts on the disk, in bytes. */
export function startByte(disk: DiskLayout, partition: Partition): number {
  return partition.startSector * disk.sectorBytes;
}

/** How large a partition is, in bytes. */
export function sizeBytes(disk: DiskLayout, partition: Partition): number {
  return partition.sectors * disk.sectorBytes;
}
