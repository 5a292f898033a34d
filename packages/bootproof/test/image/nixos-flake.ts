import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../../src/host/process.ts';
import { createDisk, mke2fsArguments } from '../../src/image/disk-image.ts';
import { systemPartitions } from '../../src/image/realisable.ts';
import type { ImageRecipe } from '../../src/services/recipe.ts';
import { runNix, standIns } from '../nix-fixture/nix.ts';
import { writeFakeTree } from './fake-tools.ts';

const emitted = resolve(import.meta.dirname, '../../../../config/nix');

export interface FlakeOptions {
  /** What `diskoImages` copies in place of each disk's image; empty files unless told. */
  readonly image?: string;
  /** Other flakes in the place of the stand-ins for nixpkgs and disko. */
  readonly inputs?: { readonly nixpkgs?: string; readonly disko?: string };
}

/**
 * Copies the emitted flake of this repository to a folder, with the stand-ins for nixpkgs and disko as its inputs, and
 * locks it, as a flake is that Nix is to build. No network is needed for it from then on.
 */
export async function copyEmittedFlake(target: string, options: FlakeOptions = {}): Promise<void> {
  await cp(emitted, target, { recursive: true });
  const disko = `${target}-disko`;
  await cp(join(standIns, 'disko'), disko, { recursive: true });
  if (options.image !== undefined) await writeFile(join(disko, 'image-path'), `${options.image}\n`);
  const inputs = {
    nixpkgs: options.inputs?.nixpkgs ?? `path:${join(standIns, 'nixpkgs')}`,
    disko: options.inputs?.disko ?? `path:${disko}`,
  };
  const file = join(target, 'flake.nix');
  const text = (await readFile(file, 'utf8'))
    .replace('github:NixOS/nixpkgs/nixos-25.11', inputs.nixpkgs)
    .replace('github:nix-community/disko/latest', inputs.disko);
  await writeFile(file, text);
  await rm(join(target, 'flake.lock'));
  if (options.inputs !== undefined) return;
  const { status, stderr } = await runNix(['flake', 'lock', `path:${target}`]);
  if (status !== 0) throw new Error(stderr);
}

/** Changes a text in a file; the text has to be there. */
export async function changeFile(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  await writeFile(path, text.replace(from, to));
}

/** Changes the module of the stand-in for disko that a copied flake uses, and locks the flake to it. */
export async function changeDisko(target: string, from: string, to: string): Promise<void> {
  await changeFile(join(`${target}-disko`, 'module.nix'), from, to);
  const { status, stderr } = await runNix(['flake', 'lock', '--update-input', 'disko', `path:${target}`]);
  if (status !== 0) throw new Error(stderr);
}

/** Makes a disk with an ext4 root that holds a few files, and writes it as qcow2. It boots nothing. */
export async function makeDiskImage(
  folder: string,
  recipe: Pick<ImageRecipe, 'disk' | 'loader'>,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [raw, tree, image] = [join(folder, 'made.raw'), join(folder, 'made'), join(folder, 'made.qcow2')];
  await writeFakeTree(tree, files);
  await createDisk(raw, recipe.disk, {});
  const { root } = systemPartitions(recipe);
  await run('mke2fs', mke2fsArguments(recipe.disk, root, { raw, tree }));
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, image]);
  await rm(raw);
  return image;
}
