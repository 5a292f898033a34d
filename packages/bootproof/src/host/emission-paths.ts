import type { EmittedTree } from '../base/emitted-tree.ts';
import { BootproofError } from '../base/errors.ts';
import { recordName } from './emission-record.ts';
import { isPlainPath } from './plain-path.ts';

/**
 * Refuses a tree that cannot be brought to disk: paths that leave the folder or are not written in their shortest
 * form, the record's own name, and a path that is a file and a folder at once.
 *
 * @throws BootproofError that names the path and the file of the homelab that it comes from
 */
export function checkTreePaths(tree: EmittedTree): void {
  for (const [path, { from }] of tree) {
    if (!isPlainPath(path)) {
      throw refusal(`${JSON.stringify(path)}, emitted for ${from}, is no path below the folder.`);
    }
    if (path === recordName) throw refusal(`${path}, emitted for ${from}, is the name of the record.`);
    const parent = parentsOf(path).find((folder) => tree.has(folder));
    if (parent !== undefined) {
      const other = tree.get(parent)?.from;
      throw refusal(`${parent}, emitted for ${other}, would also be the folder of ${path}, for ${from}.`);
    }
  }
}

/** The folders of a path, the nearest first: `a/b/c` has `a/b` and `a`. */
export function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('/'));
}

const refusal = (message: string): BootproofError =>
  new BootproofError(message, {
    kind: 'declaration',
    hint: 'Rename the file of the homelab that it comes from.',
  });
