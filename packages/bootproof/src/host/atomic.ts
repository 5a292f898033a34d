import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that a reader finds either the old text or the new one, whole, even after a crash: a temporary
 * file in the same folder, flushed to the disk, renamed over the path. Makes the folder when it is missing.
 *
 * @param mode permissions of the new file, 0o644 unless told.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o644 }: { readonly mode?: number } = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Removes the temporary files that killed processes left of writes to these names in a folder. Those of processes that
 * still run stay.
 */
export async function removeTemporaries(folder: string, names: ReadonlySet<string>): Promise<void> {
  const found = await readdir(folder).catch((): string[] => []);
  for (const file of found) {
    const [, name, pid] = /^\.(.+)\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(file) ?? [];
    if (name === undefined || !names.has(name) || isAlive(Number(pid))) continue;
    await rm(join(folder, file), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Without this the rename itself may be lost in a power cut. Some file systems refuse it; the file is whole all the same. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
