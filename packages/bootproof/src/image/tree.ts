import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { type RunOptions, run } from '../host/process.ts';
import type { ImageFile, ImageRecipe } from '../services/recipe.ts';
import { fstab } from './boot-files.ts';
import { buildInitrd, type ModuleSelection, type ModuleTables, selectModules } from './initrd.ts';
import { layered, pathsToClear, stageFiles } from './overlay.ts';
import type { SystemPartitions } from './realisable.ts';
import { standInFiles } from './stand-in-files.ts';
import { runAsTreeOwner } from './tree-owner.ts';

/** Unpacks a base's archive into a new folder, every file with its own owner. */
export async function unpackBase(archive: string, tree: string, tools: RunOptions): Promise<void> {
  await mkdir(tree);
  // Device nodes are left out: only root may make them, and the kernel fills /dev by itself at boot.
  const what = ['--extract', '--numeric-owner', '-p', '--exclude=./dev/*', '-f', archive];
  await runAsTreeOwner('tar', [...what, '-C', tree], tools);
}

/** The kernel that a base's packages brought. */
export interface TreeKernel {
  readonly version: string;
  /** Where its modules are on this computer. */
  readonly folder: string;
  readonly tables: ModuleTables;
  /** The text of modules.devname: device nodes whose use loads a module. */
  readonly deviceNames: string;
}

/** @throws BootproofError when there is none, or more than one to choose from. */
export async function readKernel(tree: string): Promise<TreeKernel> {
  const moduleRoot = join(tree, 'usr/lib/modules');
  const [version, second] = await readdir(moduleRoot).catch((): string[] => []);
  if (version === undefined || second !== undefined) {
    throw new BootproofError(`the base has ${second === undefined ? 'no kernel' : 'more than one kernel'}`, {
      kind: 'declaration',
      hint: 'The stand-in boots the one kernel that its packages bring: see which packages the declaration asks for.',
    });
  }
  const folder = join(moduleRoot, version);
  const table = (name: string) => readFile(join(folder, `modules.${name}`), 'utf8');
  const tables = { dep: await table('dep'), alias: await table('alias'), builtin: await table('builtin') };
  return { version, folder, tables, deviceNames: await table('devname').catch(() => '') };
}

/** Makes the initrd from busybox and from those of the kernel's modules that are wanted. */
export async function makeInitrd(
  wanted: readonly string[],
  tree: string,
  { version, folder, tables }: TreeKernel,
): Promise<{ readonly initrd: Uint8Array; readonly modules: ModuleSelection }> {
  const modules = selectModules(wanted, tables);
  const moduleBytes = new Map<string, Uint8Array>();
  for (const file of modules.files) moduleBytes.set(file, await readFile(join(folder, file)));
  const busybox = await readFile(join(tree, 'usr/bin/busybox'));
  return { initrd: buildInitrd({ kernelVersion: version, busybox, modules, moduleBytes }), modules };
}

/** Every file of an image besides its packages': the stand-in's, those that follow from the disk and the kernel, the recipe's. */
export function imageFiles(
  recipe: Pick<ImageRecipe, 'files'>,
  partitions: SystemPartitions,
  kernel: Pick<TreeKernel, 'deviceNames'>,
): ImageFile[] {
  const text = (path: string, contents: string): ImageFile => ({
    type: 'file',
    path,
    mode: 0o644,
    text: contents,
  });
  return layered(
    standInFiles,
    [
      text('/etc/fstab', fstab(partitions)),
      text('/etc/tmpfiles.d/static-nodes.conf', staticNodes(kernel.deviceNames)),
    ],
    recipe.files,
  );
}

/**
 * The lines of tmpfiles.d(5) that make the nodes of modules.devname (`tun net/tun c10:200`), as `kmod static-nodes`
 * would at every boot.
 */
export function staticNodes(deviceNames: string): string {
  const lines = deviceNames.split('\n').flatMap((line) => {
    const match = /^\S+ (\S+) ([bc])(\d+):(\d+)$/.exec(line);
    if (match === null) return [];
    const [, node = '', type, major, minor] = match;
    const folder = node.includes('/') ? [`d /dev/${node.slice(0, node.lastIndexOf('/'))} 0755 - - -`] : [];
    return [...folder, `${type}! /dev/${node} 0600 - - - ${major}:${minor}`];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Puts files into the tree, all of them root's. */
export async function putFiles(
  files: readonly ImageFile[],
  { folder, tree }: { readonly folder: string; readonly tree: string },
  tools: RunOptions,
): Promise<void> {
  const staged = await stageFiles(join(folder, 'files'), files);
  const archive = join(folder, 'files.tar');
  const names = ['--no-recursion', '--null', '--files-from=-'];
  await run('tar', ['-c', '-f', archive, '-C', join(folder, 'files'), '--owner=0', '--group=0', ...names], {
    ...tools,
    input: staged.join('\0'),
  });
  // From within the tree, so that a link of the tree's own (/var/run -> /run) never leads out of it.
  const inTree = (command: string, args: readonly string[], more: RunOptions = {}) =>
    runAsTreeOwner('chroot', [tree, command, ...args], { ...tools, ...more });
  await inTree('/bin/sh', [
    '-c',
    'rm -rf -- "$@" && find /boot -mindepth 1 -delete',
    'sh',
    ...pathsToClear(files),
  ]);
  await inTree('/bin/tar', ['--extract', '-p', '--keep-directory-symlink', '-C', '/', '-f', '-'], {
    input: await readFile(archive),
  });
  // Users that the files declare are made now; the stamps tell systemd that there is nothing left to do at first boot.
  await inTree('/bin/sh', ['-c', 'systemd-sysusers && touch /etc/.updated /var/.updated']);
}
