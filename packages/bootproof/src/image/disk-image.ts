import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DiskLayout } from '../disk/layout.ts';
import { type RunOptions, run } from '../host/process.ts';
import type { EspFile } from './boot-files.ts';
import { sfdiskScript } from './partition-table.ts';
import { type FilledPartition, sizeBytes, startByte } from './realisable.ts';
import { runAsTreeOwner } from './tree-owner.ts';

/** Makes a file that is nothing but a hole: it reads as zeros and takes no space. */
export async function createSparse(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
}

/** Makes a raw disk with its partition table and nothing in the partitions. */
export async function createDisk(path: string, disk: DiskLayout, options: RunOptions): Promise<void> {
  await createSparse(path, disk.sizeBytes);
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe=never', path], {
    ...options,
    input: sfdiskScript(disk),
  });
}

/** The arguments of mke2fs(8) that fill a partition of a raw disk with a tree. */
export function mke2fsArguments(
  disk: DiskLayout,
  partition: FilledPartition,
  { raw, tree }: { readonly raw: string; readonly tree: string },
): string[] {
  const extended = [
    `offset=${startByte(disk, partition)}`,
    // The disk is a hole, so its inode tables are zero already: neither this computer nor the guest has to write them.
    'lazy_itable_init=1',
    'assume_storage_prezeroed=1',
  ];
  const blocks = `${Math.floor(sizeBytes(disk, partition) / 1024)}k`;
  const { extraArgs } = partition.content;
  return ['-q', '-F', '-t', 'ext4', '-E', extended.join(','), '-d', tree, ...extraArgs, raw, blocks];
}

/** Fills the root partition with the tree, owners and modes as they are in it. */
export async function makeRoot(
  raw: string,
  disk: DiskLayout,
  partition: FilledPartition,
  tree: string,
  options: RunOptions,
): Promise<void> {
  await runAsTreeOwner('mke2fs', mke2fsArguments(disk, partition, { raw, tree }), options);
}

/** Makes the EFI system partition in a file of its own, fills it, and puts it in its place on the raw disk. */
export async function makeEsp(
  raw: string,
  disk: DiskLayout,
  partition: FilledPartition,
  files: readonly EspFile[],
  { folder, tree, ...options }: RunOptions & { readonly folder: string; readonly tree: string },
): Promise<void> {
  const [esp, staged] = [join(folder, 'esp.img'), join(folder, 'esp')];
  await createSparse(esp, sizeBytes(disk, partition));
  const hidden = ['-h', String(partition.startSector)];
  await run('mkfs.fat', ['-F', '32', '-n', 'ESP', ...hidden, ...partition.content.extraArgs, esp], options);
  for (const file of files) {
    const path = join(staged, file.path);
    await mkdir(dirname(path), { recursive: true });
    if ('copyOf' in file) await run('cp', ['--', join(tree, file.copyOf), path], options);
    else await writeFile(path, 'text' in file ? file.text : file.bytes);
  }
  const folders = [...new Set(files.map(({ path }) => path.split('/')[1] ?? ''))].sort();
  await run('mcopy', ['-s', '-Q', '-i', esp, ...folders.map((name) => join(staged, name)), '::'], {
    ...options,
    env: { ...options.env, MTOOLS_SKIP_CHECK: '1' },
  });
  const place = [`if=${esp}`, `of=${raw}`, `seek=${startByte(disk, partition)}`];
  await run('dd', [...place, 'bs=1M', 'oflag=seek_bytes', 'conv=notrunc,sparse', 'status=none'], options);
}

/** Writes the raw disk as qcow2: as small as what is in it, and fit to be the backing file of overlays. */
export async function convertToQcow2(raw: string, target: string, options: RunOptions): Promise<void> {
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, target], options);
}
