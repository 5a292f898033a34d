import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** What a build puts into its scratch folder at its widest: the base's tree and the raw disk. Bytes. */
const scratchBytes = 1.25 * 2 ** 30;

/** What this computer has of memory to build in. Asked of Linux unless told. */
export interface MemoryFacts {
  /** Text of /proc/mounts. */
  readonly mounts: string;
  /** Text of /proc/meminfo. */
  readonly meminfo: string;
  /** Bytes that can still be written to the file system in memory. */
  readonly freeBytes: number;
}

const memoryFolder = '/dev/shm';

/**
 * Whether a build's scratch fits into memory: unpacking thousands of files to a disk takes several seconds, unpacking
 * them to memory less than one. It needs a tmpfs on which programs may run, room in it, and as much memory again to
 * spare.
 */
export function fitsInMemory({ mounts, meminfo, freeBytes }: MemoryFacts): boolean {
  const mount = mounts.split('\n').findLast((line) => line.split(' ')[1] === memoryFolder);
  const [, , type, options = ''] = mount?.split(' ') ?? [];
  const availableKib = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0);
  return (
    type === 'tmpfs' &&
    !options.split(',').includes('noexec') &&
    freeBytes >= scratchBytes &&
    availableKib * 1024 >= 2 * scratchBytes
  );
}

/** Where a work folder's scratch is when it is in memory. It follows from the id, so that leftovers can be found. */
export const scratchInMemory = (id: string): string => join(memoryFolder, `bootproof-${id}`);

/** What Linux says about its memory now; undefined elsewhere. */
export async function memoryFacts(): Promise<MemoryFacts | undefined> {
  try {
    const [mounts, meminfo, { bavail, bsize }] = await Promise.all([
      readFile('/proc/mounts', 'utf8'),
      readFile('/proc/meminfo', 'utf8'),
      statfs(memoryFolder),
    ]);
    return { mounts, meminfo, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}
