import type { Emission, EmissionFile } from './emission.ts';
import { unifiedDiff } from './text-diff.ts';

/**
 * What separates the disk from the declaration, as a patch that `git apply` takes: from what is there to what the
 * declaration gives, edits by hand included, sorted by path. Empty when no file differs. The record is left out.
 *
 * A file that has no text to show, or too much, is only named.
 *
 * @param prefix the emitted folder as the patch names it
 */
export function diffOf(
  { files }: Emission,
  { prefix = 'config/nix' }: { readonly prefix?: string } = {},
): string {
  return files.map((file) => diffOfFile(file, `${prefix}/${file.path}`)).join('');
}

function diffOfFile({ state, found, wanted }: EmissionFile, name: string): string {
  if (state === 'same' || state === 'kept') return '';
  if (found.kind === 'link') return `Files a/${name} and b/${name} differ: a link is in the way\n`;
  if (found.kind === 'obstacle') return `Files a/${name} and b/${name} differ: ${found.what} is in the way\n`;
  return unifiedDiff({
    name,
    before: found.kind === 'file' ? { bytes: found.bytes, mode: found.mode } : undefined,
    after: wanted === undefined ? undefined : Buffer.from(wanted.text),
  });
}
