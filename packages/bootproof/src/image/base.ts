import { stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../host/process.ts';
import { requireTools } from '../host/tools.ts';
import type { ImageRecipe } from '../services/recipe.ts';
import { printSources, resolveSources } from './apt-sources.ts';
import { type CacheEntry, cachePaths, findEntry, storeEntry } from './cache.ts';
import { diagnose } from './diagnose.ts';
import { sha256OfFile } from './hash.ts';
import { baseKey, basePackages } from './keys.ts';
import { interrupted, withLock } from './lock.ts';
import { installedPackages } from './manifest.ts';
import { followMmdebstrap, mmdebstrapArguments } from './mmdebstrap.ts';
import type { OnProgress } from './progress.ts';
import { baseTools } from './tools.ts';
import { isOrdinaryUser } from './tree-owner.ts';
import { inWorkFolder, neededBytes } from './work-folder.ts';

export interface BaseOptions {
  readonly cacheFolder: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Makes it again although the cache has it. */
  readonly rebuild?: boolean;
  readonly mirror?: string | undefined;
  /** Where this computer's apt keeps its sources; /etc/apt unless told. */
  readonly aptFolder?: string | undefined;
  /** PATH for tools; this process's own unless told. */
  readonly path?: string | undefined;
}

/** The base of a recipe: from the cache, or made now. Two processes that want the same one make it once. */
export async function ensureBase(
  recipe: Pick<ImageRecipe, 'suite' | 'packages'>,
  options: BaseOptions,
): Promise<CacheEntry<'base'>> {
  const { cacheFolder, onProgress, signal, rebuild = false } = options;
  const key = baseKey(recipe, options.mirror);
  return withLock(
    cachePaths(cacheFolder).lock('base', key),
    async (held) => {
      const found = rebuild ? undefined : await findEntry(cacheFolder, 'base', key, held);
      if (found !== undefined && !('damaged' in found)) return found;
      if (found !== undefined) {
        onProgress({
          step: 'note',
          detail: `the cached base was damaged (${found.damaged}); it is made again`,
        });
      }
      return makeBase(key, recipe, { ...options, signal: held });
    },
    {
      signal,
      onWait: () => onProgress({ step: 'wait', detail: 'another run is making the same base' }),
    },
  );
}

async function makeBase(
  key: string,
  recipe: Pick<ImageRecipe, 'suite' | 'packages'>,
  options: BaseOptions,
): Promise<CacheEntry<'base'>> {
  const { cacheFolder, onProgress, signal, mirror, aptFolder } = options;
  const path = options.path === undefined ? {} : { path: options.path };
  onProgress({ step: 'base', detail: 'looking for package sources', fraction: 0 });
  requireTools(baseTools(isOrdinaryUser()), options.path);
  const sources = printSources(await resolveSources(recipe.suite, { mirror, aptFolder }));
  const follow = followMmdebstrap();
  const onLine = (_stream: string, line: string) => {
    const progress = follow(line);
    if (progress !== undefined) onProgress({ step: 'base', ...progress });
  };
  return inWorkFolder(cacheFolder, async ({ folder, scratch, scratchInMemory }) => {
    const [target, sourcesFile] = [join(folder, 'base.tar'), join(folder, 'debian.sources')];
    try {
      await writeFile(sourcesFile, sources);
      const packages = basePackages(recipe);
      const command = mmdebstrapArguments({ suite: recipe.suite, packages, sourcesFile, target });
      // It has a tree of its own in the temporary folder, which it removes when it is asked to end. As an ordinary user
      // it works under sub-ids, which cannot enter a home folder; the usual temporary folder and memory are open to all.
      const env = scratchInMemory ? { env: { TMPDIR: scratch } } : {};
      await run('mmdebstrap', command, {
        ...path,
        ...env,
        signal,
        onLine,
        parentDeath: 'SIGTERM',
        graceMs: 10_000,
      });
      const status = await run('tar', ['-xOf', target, './var/lib/dpkg/status'], { ...path, signal });
      return await storeEntry(cacheFolder, 'base', target, {
        schema: 1,
        key,
        file: { bytes: (await stat(target)).size, sha256: await sha256OfFile(target, signal) },
        suite: recipe.suite,
        packages: installedPackages(status.stdout),
        sources,
        tools: { mmdebstrap: await mmdebstrapVersion(options) },
        createdAt: new Date().toISOString(),
      });
    } catch (error) {
      if (signal?.aborted) throw interrupted(signal);
      throw diagnose(error, {
        doing: 'making the Debian base',
        folders: [cacheFolder, tmpdir()],
        neededBytes,
      });
    }
  });
}

async function mmdebstrapVersion({ path, signal }: BaseOptions): Promise<string> {
  const { stdout } = await run('mmdebstrap', ['--version'], {
    ...(path === undefined ? {} : { path }),
    signal,
  });
  return stdout.trim().split(' ').at(-1) ?? '';
}
