import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import type { ImageFile } from '../services/recipe.ts';

/** Files in the order in which later ones win: one file a path. */
export function layered(...layers: readonly (readonly ImageFile[])[]): ImageFile[] {
  const byPath = new Map<string, ImageFile>();
  for (const file of layers.flat()) {
    assertInside(file.path);
    byPath.set(file.path, file);
  }
  return [...byPath.values()];
}

function assertInside(path: string): void {
  const steps = path.split('/').slice(1);
  if (path.startsWith('/') && steps.length > 0 && steps.every((step) => !['', '.', '..'].includes(step)))
    return;
  throw new BootproofError(`not a path of an image: ${path}`, { kind: 'declaration' });
}

/**
 * Writes files below a folder, to be packed and unpacked over the tree.
 *
 * @returns the paths written, relative to the folder, so that only these are packed: a folder that merely holds one of
 *   them keeps the mode that its package gave it.
 */
export async function stageFiles(folder: string, files: readonly ImageFile[]): Promise<string[]> {
  const staged: string[] = [];
  for (const file of files) {
    if (file.type === 'absent') continue;
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    if (file.type === 'symlink') await symlink(file.target, path);
    else {
      if (file.type === 'directory') await mkdir(path, { recursive: true });
      else await writeFile(path, Buffer.from(file.text, file.encoding ?? 'utf8'));
      await chmod(path, file.mode);
    }
    staged.push(file.path.slice(1));
  }
  return staged;
}

/** Paths that must go from the tree before files are put into it: those that are to be absent, and those replaced. */
export function pathsToClear(files: readonly ImageFile[]): string[] {
  return files
    .filter(({ type }) => type === 'absent' || type === 'symlink' || type === 'file')
    .map(({ path }) => path);
}
