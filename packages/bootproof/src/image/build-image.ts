import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunOptions, run } from '../host/process.ts';
import { requireTools } from '../host/tools.ts';
import { cacheFolder as defaultCacheFolder } from '../host/xdg.ts';
import type { ImageRecipe } from '../services/recipe.ts';
import { type BaseOptions, ensureBase } from './base.ts';
import { espFiles } from './boot-files.ts';
import type { StandInImage } from './built-image.ts';
import { type CacheEntry, cachePaths, findEntry, removeLeftovers, storeEntry } from './cache.ts';
import { diagnose } from './diagnose.ts';
import { convertToQcow2, createDisk, makeEsp, makeRoot } from './disk-image.ts';
import { sha256OfFile } from './hash.ts';
import { inspectDisk } from './inspect.ts';
import { imageKey } from './keys.ts';
import { interrupted, withLock } from './lock.ts';
import type { OnProgress } from './progress.ts';
import { systemPartitions } from './realisable.ts';
import { imageTools } from './tools.ts';
import { imageFiles, makeInitrd, putFiles, readKernel, unpackBase } from './tree.ts';
import { isOrdinaryUser } from './tree-owner.ts';
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

/**
 * The image of a recipe, from the cache or built now. Nothing but the recipe and the packages shapes it; nothing is put
 * into it for a test's sake. Builds of the same image by several processes happen once.
 *
 * @throws BootproofError with cause and remedy: a disk that the stand-in does not realise, tools or package sources
 *   that are missing, an archive that cannot be reached, a full disk, an interruption.
 */
export async function buildImage(recipe: ImageRecipe, options: BuildOptions = {}): Promise<StandInImage> {
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

function built(entry: CacheEntry<'image'>, fromCache: boolean, notes: string[]): StandInImage {
  const { path, key, manifest } = entry;
  const absent = manifest.absentInitrdModules;
  const missing =
    absent.length > 0
      ? [`the stand-in's kernel has no module ${absent.join(', ')}, so its initrd lacks it`]
      : [];
  return {
    kind: 'stand-in',
    path,
    key,
    sha256: manifest.file.sha256,
    inspection: manifest.inspection,
    manifest,
    fromCache,
    notes: [...notes, ...missing],
  };
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
      await unpackBase(base.path, tree, tools);
      const kernel = await readKernel(tree);
      const { version } = kernel;
      const { initrd, modules } = await makeInitrd(recipe.initrdModules, tree, kernel);
      step('partitioning', 0.4);
      await createDisk(raw, recipe.disk, tools);
      await makeEsp(raw, recipe.disk, partitions.esp, espFiles(recipe, partitions, { version, initrd }), {
        ...tools,
        folder: scratch,
        tree,
      });
      step("putting the host's files in place", 0.5);
      await putFiles(imageFiles(recipe, partitions, kernel), { folder: scratch, tree }, tools);
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

async function toolVersions(tools: RunOptions): Promise<Record<string, string>> {
  const qemuImg = await run('qemu-img', ['--version'], tools);
  const mke2fs = await run('mke2fs', ['-V'], tools);
  const version = (text: string) => /\d[\w.+~:-]*/.exec(text)?.[0] ?? '';
  return { 'qemu-img': version(qemuImg.stdout), mke2fs: version(mke2fs.stderr) };
}
