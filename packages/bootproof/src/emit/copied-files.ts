import { posix } from 'node:path';
import { below } from './module-homes.ts';

/** What the emitter reads of the homelab's folder besides its modules. */
export interface SourceFiles {
  /** A file's text, UTF-8; undefined when there is no such file. */
  read(path: string): string | undefined;
  /** All files below a folder, relative to it; undefined when it is no folder. */
  list(path: string): readonly string[] | undefined;
}

/** A file of the homelab that is emitted as it is. */
export interface CopiedFile {
  /** Below the emitted folder. */
  readonly path: string;
  readonly text: string;
  /** Absolute. */
  readonly source: string;
}

/** Relative paths as Nix writes them. In a comment or a string they do no harm: only what exists is copied. */
const pathLiteral = /(?<![\w/.])\.{1,2}(?:\/[\w.+-]+)+/g;

/**
 * The files that a module names, and what Nix files among them name in their turn: an emitted flake stands by itself.
 *
 * @param named absolute paths of files and folders below the homelab
 */
export function copiedFiles(named: Iterable<string>, homelab: string, files: SourceFiles): CopiedFile[] {
  const copies = new Map<string, CopiedFile>();
  const copy = (source: string): void => {
    const path = below(homelab, source);
    if (path === undefined || copies.has(source)) return;
    const listed = files.list(source);
    if (listed !== undefined) {
      // The homelab's TypeScript is emitted, not copied.
      for (const name of listed) if (!/\.[cm]?ts$/.test(name)) copy(posix.join(source, name));
      return;
    }
    const text = files.read(source);
    if (text === undefined) return;
    copies.set(source, { path, text, source });
    if (!source.endsWith('.nix')) return;
    for (const [literal] of text.matchAll(pathLiteral)) {
      const target = posix.join(posix.dirname(source), literal);
      copy(target);
    }
  };
  for (const source of named) copy(source);
  return [...copies.values()];
}
