import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { writeFileAtomic } from '../host/atomic.ts';
import { sha256OfFile } from './hash.ts';
import { isLocked } from './lock.ts';
import {
  type BaseManifest,
  baseManifestSchema,
  type ImageManifest,
  imageManifestSchema,
} from './manifest.ts';
import { scratchInMemory } from './scratch.ts';
import { removeTree } from './tree-owner.ts';

/** A level of the cache: Debian trees as tar archives, and finished disks. */
export type CacheLevel = 'base' | 'image';

interface Manifests {
  readonly base: BaseManifest;
  readonly image: ImageManifest;
}

const schemas = { base: baseManifestSchema, image: imageManifestSchema } as const;
const extensions: Readonly<Record<CacheLevel, string>> = { base: 'tar', image: 'qcow2' };

export interface CacheEntry<Level extends CacheLevel = CacheLevel> {
  readonly level: Level;
  readonly key: string;
  readonly path: string;
  readonly manifest: Manifests[Level];
}

/** An entry as `bootproof cache list` shows it. */
export interface CacheListing {
  /** `nixos`: a link that keeps an image in Nix's store. */
  readonly level: CacheLevel | 'nixos';
  readonly key: string;
  readonly path: string;
  /** The host that an image is for; undefined for a base. */
  readonly hostName: string | undefined;
  readonly bytes: number;
  readonly createdAt: string;
  /** When it was last taken from the cache. ISO 8601. */
  readonly usedAt: string;
}

/** Where everything of the cache is. */
export function cachePaths(folder: string) {
  return {
    entry: (level: CacheLevel, key: string) => join(folder, level, `${key}.${extensions[level]}`),
    manifest: (level: CacheLevel, key: string) => join(folder, level, `${key}.json`),
    level: (level: CacheLevel) => join(folder, level),
    lock: (level: CacheLevel, key: string) => join(folder, 'locks', `${level}-${key}`),
    locks: join(folder, 'locks'),
    work: join(folder, 'work'),
    nixos: join(folder, 'nixos'),
  };
}

/**
 * Looks an entry up. An entry counts when its manifest can be read and its file has the recorded size and SHA-256. The
 * manifest is written last, so a build that was killed leaves no entry; a file that was cut short is found by its size
 * at once; anything else that was changed in it, down to one bit, is found by its checksum.
 *
 * @returns the entry; `undefined` when there is none; or why one that is there cannot be used.
 */
export async function findEntry<Level extends CacheLevel>(
  folder: string,
  level: Level,
  key: string,
  signal?: AbortSignal,
): Promise<CacheEntry<Level> | undefined | { readonly damaged: string }> {
  const paths = cachePaths(folder);
  const path = paths.entry(level, key);
  const text = await readFile(paths.manifest(level, key), 'utf8').catch(() => undefined);
  const size = await stat(path).then(
    (stats) => stats.size,
    () => undefined,
  );
  if (text === undefined) return undefined;
  const manifest = parseManifest(level, text);
  if (manifest === undefined || manifest.key !== key) return { damaged: 'its manifest cannot be read' };
  if (size === undefined) return { damaged: 'its file is missing' };
  if (size !== manifest.file.bytes) {
    return { damaged: `its file has ${size} bytes instead of ${manifest.file.bytes}` };
  }
  if ((await sha256OfFile(path, signal)) !== manifest.file.sha256) {
    return { damaged: "its file's checksum is not the recorded one" };
  }
  const now = new Date();
  // When it was used last is what `prune` goes by; a cache that cannot be written to is still a cache.
  await utimes(paths.manifest(level, key), now, now).catch(() => {});
  return { level, key, path, manifest };
}

function parseManifest<Level extends CacheLevel>(level: Level, text: string): Manifests[Level] | undefined {
  try {
    return v.parse(schemas[level], JSON.parse(text)) as Manifests[Level];
  } catch {
    return undefined;
  }
}

/** Puts a finished file into the cache: flushed, moved to its name, and then vouched for by its manifest. */
export async function storeEntry<Level extends CacheLevel>(
  folder: string,
  level: Level,
  file: string,
  manifest: Manifests[Level],
): Promise<CacheEntry<Level>> {
  const paths = cachePaths(folder);
  const { key } = manifest;
  const path = paths.entry(level, key);
  await mkdir(paths.level(level), { recursive: true });
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Without its manifest an older file of this name is no entry while it is replaced.
  await rm(paths.manifest(level, key), { force: true });
  await rename(file, path);
  await writeFileAtomic(paths.manifest(level, key), `${JSON.stringify(manifest, null, 2)}\n`);
  return { level, key, path, manifest };
}

async function listLevel(folder: string, level: CacheLevel): Promise<CacheListing[]> {
  const paths = cachePaths(folder);
  const names = await readdir(paths.level(level)).catch((): string[] => []);
  const keys = names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => name.slice(0, -5));
  const listings = await Promise.all(
    keys.map(async (key): Promise<CacheListing | undefined> => {
      const manifestPath = paths.manifest(level, key);
      const text = await readFile(manifestPath, 'utf8').catch(() => '');
      const manifest = parseManifest(level, text);
      const stats = await stat(manifestPath).catch(() => undefined);
      if (manifest === undefined || stats === undefined) return undefined;
      return {
        level,
        key,
        path: paths.entry(level, key),
        hostName: 'hostName' in manifest ? manifest.hostName : undefined,
        bytes: manifest.file.bytes,
        createdAt: manifest.createdAt,
        usedAt: stats.mtime.toISOString(),
      };
    }),
  );
  return listings.filter((listing) => listing !== undefined);
}

/** Links that keep NixOS images in Nix's store; without them Nix may collect those. */
async function listNixos(folder: string): Promise<CacheListing[]> {
  const parent = cachePaths(folder).nixos;
  const names = await readdir(parent).catch((): string[] => []);
  const listings = await Promise.all(
    names.map(async (name): Promise<CacheListing | undefined> => {
      const path = join(parent, name);
      const link = await lstat(path).catch(() => undefined);
      if (!link?.isSymbolicLink()) return undefined;
      return {
        level: 'nixos',
        key: basename(await readlink(path)).slice(0, 32),
        path,
        hostName: name.replace(/-[0-9a-f]{8}$/, ''),
        // The image is Nix's: `nix-collect-garbage` frees its space.
        bytes: 0,
        createdAt: link.mtime.toISOString(),
        usedAt: link.mtime.toISOString(),
      };
    }),
  );
  return listings.filter((listing) => listing !== undefined);
}

/** Every entry, those used last first. Nothing is verified. */
export async function cacheList(folder: string): Promise<CacheListing[]> {
  const listings = [
    ...(await listLevel(folder, 'base')),
    ...(await listLevel(folder, 'image')),
    ...(await listNixos(folder)),
  ];
  return listings.sort((a, b) => (a.usedAt < b.usedAt ? 1 : -1));
}

export interface PruneOptions {
  /** Entries that were used within so many days stay; 0 removes all. 30 unless told. */
  readonly unusedDays?: number;
  /** Only says what would go. */
  readonly dryRun?: boolean;
}

export interface Pruned {
  readonly entries: readonly CacheListing[];
  /** What killed builds had left behind. */
  readonly leftovers: readonly string[];
  readonly freedBytes: number;
}

/** Removes entries that were not used for long, and what killed builds left. What another process holds stays. */
export async function cachePrune(folder: string, options: PruneOptions = {}): Promise<Pruned> {
  const { unusedDays = 30, dryRun = false } = options;
  const paths = cachePaths(folder);
  const limit = new Date(Date.now() - unusedDays * 86_400_000).toISOString();
  const entries: CacheListing[] = [];
  for (const listing of await cacheList(folder)) {
    const { level, key } = listing;
    if (unusedDays > 0 && listing.usedAt > limit) continue;
    if (level !== 'nixos' && (await isLocked(paths.lock(level, key)))) continue;
    entries.push(listing);
    if (dryRun) continue;
    if (level === 'nixos') {
      await rm(`${listing.path}.json`, { force: true });
      await rm(listing.path, { force: true });
      continue;
    }
    await rm(paths.manifest(level, key), { force: true });
    await rm(listing.path, { force: true });
  }
  const leftovers = dryRun ? await staleLeftovers(folder) : await removeLeftovers(folder);
  return { entries, leftovers, freedBytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes the working folders and unvouched files that killed builds left behind. */
export async function removeLeftovers(folder: string): Promise<string[]> {
  const leftovers = await staleLeftovers(folder);
  for (const path of leftovers) {
    await removeWork(path).catch(() => {});
    await rm(`${path}.lock`, { recursive: true, force: true }).catch(() => {});
  }
  return leftovers;
}

/** Removes a work folder with the scratch that belongs to it, or any other leftover. */
export async function removeWork(path: string): Promise<void> {
  await removeTree([path, scratchInMemory(basename(path))]);
}

/** A working folder is held by a lock for as long as its process lives; a cached file is worth nothing without a manifest. */
async function staleLeftovers(folder: string): Promise<string[]> {
  const paths = cachePaths(folder);
  const found: string[] = [];
  for (const parent of [paths.work, paths.locks]) {
    const names = await readdir(parent).catch((): string[] => []);
    // A process that was killed at its start or at its end may have left the lock without the folder.
    for (const id of new Set(names.map((name) => name.replace(/\.lock$/, '')))) {
      const path = join(parent, id);
      if (!(await isLocked(path))) found.push(path);
    }
  }
  for (const level of ['base', 'image'] as const) {
    const names = await readdir(paths.level(level)).catch((): string[] => []);
    for (const name of names) {
      const key = name.replace(/^\./, '').replace(/\..*$/, '');
      const orphan = name.endsWith(`.${extensions[level]}`) && !names.includes(`${key}.json`);
      const temporary = name.startsWith('.') && name.endsWith('.tmp');
      if (!(orphan || temporary) || (await isLocked(paths.lock(level, key)))) continue;
      // A build may have ended since the folder was read; it writes the manifest before it lets go of the lock.
      const vouchedFor = orphan && (await exists(paths.manifest(level, key)));
      if (!vouchedFor) found.push(join(paths.level(level), name));
    }
  }
  return found;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
