import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { type RunOptions, run } from '../host/process.ts';
import { requireTools } from '../host/tools.ts';
import { cacheFolder as defaultCacheFolder } from '../host/xdg.ts';
import type { ImageRecipe } from '../services/recipe.ts';
import { type BaseOptions, ensureBase } from './base.ts';
import { espFiles, fstab } from './boot-files.ts';
import { type CacheEntry, cachePaths, findEntry, removeLeftovers, storeEntry } from './cache.ts';
import { diagnose } from './diagnose.ts';
import { convertToQcow2, createDisk, makeEsp, makeRoot } from './disk-image.ts';
import { sha256OfFile } from './hash.ts';
import { buildInitrd, type ModuleSelection, selectModules } from './initrd.ts';
import { inspectDisk } from './inspect.ts';
import { imageKey } from './keys.ts';
import { interrupted, withLock } from './lock.ts';
import type { ImageManifest } from './manifest.ts';
import { layered, pathsToClear, stageFiles } from './overlay.ts';
import type { OnProgress } from './progress.ts';
import { systemPartitions } from './realisable.ts';
import { standInFiles } from './stand-in-files.ts';
import { imageTools } from './tools.ts';
import { isOrdinaryUser, runAsTreeOwner } from './tree-owner.ts';
import { inWorkFolder, neededBytes, requireSpace } from './work-folder.ts';

export interface BuildOptions {
  /** `~/.cache/bootproof` or what XDG_CACHE_HOME says, unless told. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
  /** Makes base and image again although the cache has them. */
  readonly rebuild?: boolean;
  /** Where packages come from instead of this computer's own apt sources: an address, or lines of sources.list(5). */
  readonly mirror?: string | undefined;
  /** Where this computer's apt keeps its sources; /etc/apt unless told. */
  readonly aptFolder?: string;
  /** PATH for tools; this process's own unless told. */
  readonly path?: string;
  /** Asks how much space is free in a folder, in bytes; the file system unless told. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** An image that is whole, and verified against its checksum within this call. */
export interface BuiltImage {
  /** A qcow2 file of the cache. It must not be written to: boot it as the backing file of an overlay. */
  readonly path: string;
  readonly key: string;
  readonly sha256: string;
  readonly manifest: ImageManifest;
  readonly fromCache: boolean;
  /** What the user should know: a damaged cache entry, modules that the stand-in's kernel lacks. */
  readonly notes: readonly string[];
}

/**
 * The image of a recipe, from the cache or built now. Nothing but the recipe and the packages shapes it; nothing is put
 * into it for a test's sake. Builds of the same image by several processes happen once.
 *
 * @throws BootproofError with cause and remedy: a disk that the stand-in does not realise, tools or package sources
 *   that are missing, an archive that cannot be reached, a full disk, an interruption.
 */
export async function buildImage(recipe: ImageRecipe, options: BuildOptions = {}): Promise<BuiltImage> {
  const { signal, mirror, rebuild = false, cacheFolder = defaultCacheFolder() } = options;
  systemPartitions(recipe);
  const key = imageKey(recipe, mirror);
  const notes: string[] = [];
  const onProgress: OnProgress = (progress) => {
    if (progress.step === 'note') notes.push(progress.detail);
    options.onProgress?.(progress);
  };
  const inner = { ...options, cacheFolder, onProgress };

  onProgress({ step: 'cache', detail: 'looking in the cache' });
  const cached = rebuild ? undefined : await findEntry(cacheFolder, 'image', key, signal);
  if (cached !== undefined && !('damaged' in cached)) return built(cached, true, notes);
  if (cached !== undefined) {
    onProgress({
      step: 'note',
      detail: `the cached image was damaged (${cached.damaged}); it is built again`,
    });
  }
  requireTools(imageTools(isOrdinaryUser()), options.path);
  await requireSpace(cacheFolder, options.freeBytes);
  await removeLeftovers(cacheFolder);
  return withLock(
    cachePaths(cacheFolder).lock('image', key),
    async (held) => {
      // Another process may have built it while this one waited.
      const found = rebuild ? undefined : await findEntry(cacheFolder, 'image', key, held);
      if (found !== undefined && !('damaged' in found)) return built(found, true, notes);
      const entry = await makeImage(key, recipe, { ...inner, signal: held });
      return built(entry, false, notes);
    },
    { signal, onWait: () => onProgress({ step: 'wait', detail: 'another run is building the same image' }) },
  );
}

function built(entry: CacheEntry<'image'>, fromCache: boolean, notes: string[]): BuiltImage {
  const { path, key, manifest } = entry;
  const absent = manifest.absentInitrdModules;
  const missing =
    absent.length > 0
      ? [`the stand-in's kernel has no module ${absent.join(', ')}, so its initrd lacks it`]
      : [];
  return { path, key, sha256: manifest.file.sha256, manifest, fromCache, notes: [...notes, ...missing] };
}

async function makeImage(
  key: string,
  recipe: ImageRecipe,
  options: BaseOptions,
): Promise<CacheEntry<'image'>> {
  const { cacheFolder, signal, onProgress } = options;
  const tools: RunOptions = { signal, ...(options.path === undefined ? {} : { path: options.path }) };
  const base = await ensureBase(recipe, options);
  try {
    return await inWorkFolder(cacheFolder, async ({ folder, scratch }) => {
      const step = (detail: string, fraction: number) => onProgress({ step: 'image', detail, fraction });
      const partitions = systemPartitions(recipe);
      const [tree, raw] = [join(scratch, 'tree'), join(scratch, 'disk.raw')];
      const target = join(folder, 'disk.qcow2');
      step('unpacking the base', 0);
      await mkdir(tree);
      await runAsTreeOwner('tar', ['--extract', '--numeric-owner', '-p', '-f', base.path, '-C', tree], tools);
      const { initrd, modules, version } = await makeInitrd(recipe, tree);
      step('partitioning', 0.4);
      await createDisk(raw, recipe.disk, tools);
      await makeEsp(raw, recipe.disk, partitions.esp, espFiles(recipe, partitions, { version, initrd }), {
        ...tools,
        folder: scratch,
        tree,
      });
      step("putting the host's files in place", 0.5);
      await putFiles(recipe, { folder: scratch, tree, fstab: fstab(partitions) }, tools);
      step('making the root file system', 0.55);
      await makeRoot(raw, recipe.disk, partitions.root, tree, tools);
      const inspection = await inspectDisk(raw, recipe.disk, partitions.root, tools);
      step('writing qcow2', 0.75);
      await convertToQcow2(raw, target, tools);
      step('recording the checksum', 0.9);
      const { hostName, suite } = recipe;
      return await storeEntry(cacheFolder, 'image', target, {
        schema: 1,
        key,
        file: { bytes: (await stat(target)).size, sha256: await sha256OfFile(target, signal) },
        hostName,
        suite,
        baseKey: base.key,
        packages: base.manifest.packages,
        kernelVersion: version,
        absentInitrdModules: [...modules.absent],
        inspection: {
          authorizedKeys: [...inspection.authorizedKeys],
          loginPasswords: [...inspection.loginPasswords],
          ...(inspection.machineId === undefined ? {} : { machineId: inspection.machineId }),
          hostKeys: [...inspection.hostKeys],
        },
        tools: { ...base.manifest.tools, ...(await toolVersions(tools)) },
        createdAt: new Date().toISOString(),
      });
    });
  } catch (error) {
    if (signal?.aborted) throw interrupted(signal);
    throw diagnose(error, { doing: 'building the image', folders: [cacheFolder], neededBytes });
  }
}

/** Reads kernel, modules and busybox from the base's tree. */
async function makeInitrd(
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
async function putFiles(
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

async function toolVersions(tools: RunOptions): Promise<Record<string, string>> {
  const qemuImg = await run('qemu-img', ['--version'], tools);
  const mke2fs = await run('mke2fs', ['-V'], tools);
  const version = (text: string) => /\d[\w.+~:-]*/.exec(text)?.[0] ?? '';
  return { 'qemu-img': version(qemuImg.stdout), mke2fs: version(mke2fs.stderr) };
}
