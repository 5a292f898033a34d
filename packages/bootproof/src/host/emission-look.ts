import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError, messageOf } from '../base/errors.ts';

/** What lies at an emitted path. */
export type Found =
  | { readonly kind: 'absent' }
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly mode: number }
  /** A symbolic link; nothing is read or written through it. */
  | { readonly kind: 'link'; readonly toFile: boolean }
  /** Something that no file can replace: a folder there, or a link or a file where a folder is needed. */
  | { readonly kind: 'obstacle'; readonly at: string; readonly what: string };

/**
 * Looks at a path below the emitted folder, and never through a link, which may lead anywhere.
 *
 * @param gone paths of files that will be removed first: they are in nobody's way
 * @throws BootproofError when the disk refuses to show it
 */
export async function look(
  folder: string,
  path: string,
  gone: ReadonlySet<string> = new Set(),
): Promise<Found> {
  const parts = path.split('/');
  try {
    for (let depth = 1; depth < parts.length; depth += 1) {
      const at = parts.slice(0, depth).join('/');
      const stats = await lstatIfThere(join(folder, at));
      if (stats === undefined || gone.has(at)) return { kind: 'absent' };
      if (!stats.isDirectory()) return { kind: 'obstacle', at, what: nameOf(stats) };
    }
    return await lookAtEnd(folder, path, gone);
  } catch (error) {
    throw new BootproofError(`${join(folder, path)} could not be read: ${messageOf(error)}`, {
      kind: 'missing',
      hint: 'Make it readable for your user, or move it away.',
      cause: error,
    });
  }
}

async function lookAtEnd(folder: string, path: string, gone: ReadonlySet<string>): Promise<Found> {
  const full = join(folder, path);
  const stats = await lstatIfThere(full);
  if (stats === undefined) return { kind: 'absent' };
  if (stats.isFile()) return { kind: 'file', bytes: await readFile(full), mode: stats.mode & 0o777 };
  if (stats.isSymbolicLink()) {
    const target = await stat(full).catch(() => undefined);
    return { kind: 'link', toFile: target?.isFile() ?? false };
  }
  if (stats.isDirectory() && (await holdsOnly(folder, path, gone))) return { kind: 'absent' };
  return { kind: 'obstacle', at: path, what: nameOf(stats) };
}

/** Whether two looks at a path saw the same thing. */
export function sameFound(a: Found, b: Found): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.bytes.equals(b.bytes);
  return a.kind === b.kind;
}

/** Whether a folder will vanish with the files that are removed first: it has some, and nothing else. */
async function holdsOnly(folder: string, path: string, gone: ReadonlySet<string>): Promise<boolean> {
  const entries = await readdir(join(folder, path), { withFileTypes: true });
  for (const entry of entries) {
    const child = `${path}/${entry.name}`;
    const vanishes = entry.isDirectory() ? await holdsOnly(folder, child, gone) : gone.has(child);
    if (!vanishes) return false;
  }
  return entries.length > 0;
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function nameOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a link';
  return stats.isFile() ? 'a file' : 'a special file';
}
