import { posix } from 'node:path';
import type { OpenedModule } from '../modules/collect.ts';
import { isModule, type Module } from '../modules/module.ts';

/** The Nix file of each module that has one, as a path below the emitted folder; a module without stands inline. */
export type ModuleHomes = ReadonlyMap<Module, string>;

/**
 * Says which module gets a file of its own: the one of each TypeScript file that others import. A module that only its
 * own file imports, several modules of one file (a function that makes them), and those of files outside the homelab
 * have no file to mirror; they are written where they are imported.
 *
 * @param modules of all hosts, each once
 * @param roots modules that nobody need import: the hosts' own
 */
export function moduleHomes(
  modules: readonly OpenedModule[],
  roots: ReadonlySet<Module>,
  homelab: string,
): ModuleHomes {
  const wanted = new Set<Module>(roots);
  for (const importer of modules) {
    for (const entry of importer.imports) {
      if (isModule(entry) && entry.file !== importer.file) wanted.add(entry);
    }
  }
  const byFile = new Map<string, readonly Module[]>();
  for (const { module, file } of modules) {
    if (wanted.has(module)) byFile.set(file, [...(byFile.get(file) ?? []), module]);
  }
  const homes = new Map<Module, string>();
  for (const [file, [first, ...others]] of byFile) {
    const path = nixPath(homelab, file);
    if (first !== undefined && others.length === 0 && path !== undefined) homes.set(first, path);
  }
  return homes;
}

/** The mirrored path of a TypeScript file: `hosts/hl02/disko.nix`; undefined outside the homelab. */
export function nixPath(homelab: string, file: string): string | undefined {
  const path = below(homelab, file);
  return path === undefined || path.includes('node_modules/')
    ? undefined
    : path.replace(/\.[cm]?[jt]s$/, '.nix');
}

/** A file's path below a folder; undefined when it is not there. */
export function below(folder: string, file: string): string | undefined {
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : undefined;
}

/**
 * The path that leads from one emitted file to another, as Nix writes it: `../../roles/common`. The file `default.nix` of
 * a folder is named by the folder, as is usual.
 */
export function relativeNixPath(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  const dotted = path.startsWith('../') ? path : `./${path}`;
  const folder = dotted.replace(/\/default\.nix$/, '');
  return /[^./]/.test(folder) ? folder : dotted;
}
