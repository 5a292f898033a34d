import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { type RunOptions, run } from '../host/process.ts';
import type { ImageRecipe } from '../services/recipe.ts';
import { buildInitrd, type ModuleSelection, selectModules } from './initrd.ts';
import { layered, pathsToClear, stageFiles } from './overlay.ts';
import { standInFiles } from './stand-in-files.ts';
import { runAsTreeOwner } from './tree-owner.ts';

/** Unpacks a base's archive into a new folder, every file with its own owner. */
export async function unpackBase(archive: string, tree: string, tools: RunOptions): Promise<void> {
  await mkdir(tree);
  // Device nodes are left out: only root may make them, and the kernel fills /dev by itself at boot.
  const what = ['--extract', '--numeric-owner', '-p', '--exclude=./dev/*', '-f', archive];
  await runAsTreeOwner('tar', [...what, '-C', tree], tools);
}

/** Reads kernel, modules and busybox from the base's tree. */
export async function makeInitrd(
  recipe: ImageRecipe,
  tree: string,
): Promise<{ initrd: Uint8Array; modules: ModuleSelection; version: string }> {
  const moduleRoot = join(tree, 'usr/lib/modules');
  const [version, second] = await readdir(moduleRoot);
  if (version === undefined || second !== undefined) {
    throw new BootproofError(`the base has ${second === undefined ? 'no kernel' : 'more than one kernel'}`, {
      kind: 'declaration',
      hint: 'The stand-in boots the one kernel that its packages bring: see which packages the declaration asks for.',
    });
  }
  const folder = join(moduleRoot, version);
  const [dep, alias, builtin] = await Promise.all(
    ['dep', 'alias', 'builtin'].map((name) => readFile(join(folder, `modules.${name}`), 'utf8')),
  );
  const modules = selectModules(recipe.initrdModules, {
    dep: dep ?? '',
    alias: alias ?? '',
    builtin: builtin ?? '',
  });
  const moduleBytes = new Map<string, Uint8Array>();
  for (const file of modules.files) moduleBytes.set(file, await readFile(join(folder, file)));
  const busybox = await readFile(join(tree, 'usr/bin/busybox'));
  return { initrd: buildInitrd({ kernelVersion: version, busybox, modules, moduleBytes }), modules, version };
}

/** Puts the stand-in's and the recipe's files into the tree, all of them root's. */
export async function putFiles(
  recipe: ImageRecipe,
  { folder, tree, fstab }: { readonly folder: string; readonly tree: string; readonly fstab: string },
  tools: RunOptions,
): Promise<void> {
  const files = layered(
    standInFiles,
    [{ type: 'file', path: '/etc/fstab', mode: 0o644, text: fstab }],
    recipe.files,
  );
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
