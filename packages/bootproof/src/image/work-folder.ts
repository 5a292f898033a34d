import { randomBytes } from 'node:crypto';
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { formatSize } from '../base/size.ts';
import { cachePaths, removeWork } from './cache.ts';
import { withLock } from './lock.ts';
import { fitsInMemory, memoryFacts, scratchInMemory } from './scratch.ts';

/** What a cold build writes at its widest: the base's archive, its tree, the raw disk and the finished image. Bytes. */
export const neededBytes = 1.5 * 2 ** 30;

/** Where a build works. Both folders are its own, and go when it ends. */
export interface WorkFolder {
  /** On the cache's file system, so that what is finished moves into the cache by a rename. */
  readonly folder: string;
  /** For what is thrown away: in memory where it fits. */
  readonly scratch: string;
  readonly scratchInMemory: boolean;
}

/**
 * Does something in a fresh folder of the cache and removes the folder after it, however it ended. The folder is held by
 * a lock, so that what a killed process left can be told from what is being worked on.
 */
export async function inWorkFolder<T>(
  cacheFolder: string,
  work: (folders: WorkFolder) => Promise<T>,
): Promise<T> {
  const id = randomBytes(8).toString('hex');
  const folder = join(cachePaths(cacheFolder).work, id);
  return withLock(folder, async () => {
    const facts = await memoryFacts();
    const inMemory = facts !== undefined && fitsInMemory(facts);
    const scratch = inMemory ? scratchInMemory(id) : join(folder, 'scratch');
    try {
      await mkdir(folder, { recursive: true });
      await mkdir(scratch);
      return await work({ folder, scratch, scratchInMemory: inMemory });
    } finally {
      await removeWork(folder).catch(() => {});
    }
  });
}

/**
 * Refuses a build that would fill the disk.
 *
 * @param freeBytes what an ordinary user may still write in the folder; asked of the file system unless told.
 * @throws BootproofError that says how much is there, how much is needed, and where.
 */
export async function requireSpace(
  cacheFolder: string,
  freeBytes: (folder: string) => Promise<number> = availableBytes,
): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const free = await freeBytes(cacheFolder);
  if (free >= neededBytes) return;
  throw new BootproofError(
    `the disk is too full to build an image: ${formatSize(free)} free in ${cacheFolder}, about ${formatSize(neededBytes)} needed`,
    {
      kind: 'missing',
      hint: 'Free some space (`bootproof cache prune`), or move the cache by setting XDG_CACHE_HOME.',
    },
  );
}

async function availableBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
