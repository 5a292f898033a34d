import {
  lutimes,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cacheList,
  cachePaths,
  cachePrune,
  findEntry,
  removeLeftovers,
  storeEntry,
} from '../../src/image/cache.ts';
import { sha256OfFile } from '../../src/image/hash.ts';
import { isLocked, withLock } from '../../src/image/lock.ts';
import type { ImageManifest } from '../../src/image/manifest.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = '0123456789abcdef0123456789abcdef';

async function manifestFor(file: string, entryKey = key): Promise<ImageManifest> {
  const bytes = (await readFile(file)).length;
  return {
    schema: 1,
    key: entryKey,
    file: { bytes, sha256: await sha256OfFile(file) },
    hostName: 'pine',
    suite: 'bookworm',
    baseKey: 'b',
    packages: { systemd: '252' },
    kernelVersion: '6.1.0',
    absentInitrdModules: [],
    inspection: { authorizedKeys: [], loginPasswords: [], machineId: '', hostKeys: [] },
    tools: {},
    createdAt: '2026-01-02T03:04:05.000Z',
  };
}

async function store(entryKey = key): Promise<string> {
  const file = join(folder, 'new.qcow2');
  await writeFile(file, Buffer.alloc(300_000, 7));
  return (await storeEntry(folder, 'image', file, await manifestFor(file, entryKey))).path;
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

describe('findEntry', () => {
  it('finds what was stored, and moved into the cache', async () => {
    const path = await store();
    const found = await findEntry(folder, 'image', key);
    expect(found).toMatchObject({ level: 'image', key, path, manifest: { hostName: 'pine' } });
    expect(await readdir(folder)).not.toContain('new.qcow2');
  });

  it('finds nothing in an empty cache, and no file without its manifest', async () => {
    expect(await findEntry(folder, 'image', key)).toBeUndefined();
    await mkdir(join(folder, 'image'));
    await writeFile(cachePaths(folder).entry('image', key), 'half');
    expect(await findEntry(folder, 'image', key)).toBeUndefined();
  });

  it.each([
    [
      'was cut short',
      (path: string) => truncate(path, 299_999),
      'its file has 299999 bytes instead of 300000',
    ],
    [
      'has one bit flipped in its middle',
      async (path: string) => {
        const file = await open(path, 'r+');
        await file.write(Buffer.from([6]), 0, 1, 150_000);
        await file.close();
      },
      "its file's checksum is not the recorded one",
    ],
    ['is gone', (path: string) => rm(path), 'its file is missing'],
    [
      'has an unreadable manifest',
      (path: string) => writeFile(path.replace('.qcow2', '.json'), '{"schema": 1, '),
      'its manifest cannot be read',
    ],
    [
      'has the manifest of another entry',
      async (path: string) => {
        const manifest = path.replace('.qcow2', '.json');
        await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(key, 'f'.repeat(32)));
      },
      'its manifest cannot be read',
    ],
  ])('says why an entry that %s does not count', async (_, damage, reason) => {
    await damage(await store());
    expect(await findEntry(folder, 'image', key)).toEqual({ damaged: reason });
  });

  it('counts a change even when size and time are those recorded', async () => {
    const path = await store();
    const file = await open(path, 'r+');
    const { atime, mtime } = await file.stat();
    await file.write(Buffer.from([1]), 0, 1, 299_999);
    await file.close();
    await utimes(path, atime, mtime);
    expect(await findEntry(folder, 'image', key)).toHaveProperty('damaged');
  });
});

describe('cacheList and cachePrune', () => {
  it('lists entries, those used last first', async () => {
    await store('a'.repeat(32));
    await store('b'.repeat(32));
    await utimes(cachePaths(folder).manifest('image', 'a'.repeat(32)), daysAgo(3), daysAgo(3));
    const list = await cacheList(folder);
    expect(list.map((entry) => entry.key[0])).toEqual(['b', 'a']);
    expect(list[0]).toMatchObject({ level: 'image', hostName: 'pine', bytes: 300_000 });
    await utimes(cachePaths(folder).manifest('image', 'b'.repeat(32)), daysAgo(4), daysAgo(4));
    expect((await cacheList(folder)).map((entry) => entry.key[0])).toEqual(['a', 'b']);
  });

  it('removes what was not used for long, after saying so when asked to say only', async () => {
    const old = await store('a'.repeat(32));
    await store('b'.repeat(32));
    await utimes(cachePaths(folder).manifest('image', 'a'.repeat(32)), daysAgo(31), daysAgo(31));
    const planned = await cachePrune(folder, { dryRun: true });
    expect(planned.entries.map((entry) => entry.path)).toEqual([old]);
    expect(await cacheList(folder)).toHaveLength(2);
    expect((await cachePrune(folder)).freedBytes).toBe(300_000);
    expect((await cacheList(folder)).map((entry) => entry.key[0])).toEqual(['b']);
    await expect(readFile(old)).rejects.toThrow('ENOENT');
  });

  it('lets go of NixOS images that were not built for long', async () => {
    const { nixos } = cachePaths(folder);
    await mkdir(nixos);
    const target = `/nix/store/${'h'.repeat(32)}-hl02-disko-images`;
    for (const [name, days] of [
      ['hl02-01234567', 31],
      ['web-89abcdef', 1],
    ] as const) {
      await symlink(target, join(nixos, name));
      await lutimes(join(nixos, name), daysAgo(days), daysAgo(days));
      await writeFile(join(nixos, `${name}.json`), '{}');
    }
    expect(await cacheList(folder)).toMatchObject([
      { level: 'nixos', hostName: 'web', key: 'h'.repeat(32), bytes: 0 },
      { level: 'nixos', hostName: 'hl02' },
    ]);
    await cachePrune(folder);
    expect((await readdir(nixos)).sort()).toEqual(['web-89abcdef', 'web-89abcdef.json']);
  });

  it('keeps an old entry that was used just now', async () => {
    await store();
    await utimes(cachePaths(folder).manifest('image', key), daysAgo(60), daysAgo(60));
    await findEntry(folder, 'image', key);
    expect((await cachePrune(folder)).entries).toEqual([]);
  });

  it('removes all when asked to, but nothing that a process holds', async () => {
    await store('a'.repeat(32));
    await store('b'.repeat(32));
    await withLock(cachePaths(folder).lock('image', 'a'.repeat(32)), async () => {
      await cachePrune(folder, { unusedDays: 0 });
    });
    expect((await cacheList(folder)).map((entry) => entry.key[0])).toEqual(['a']);
  });
});

describe('removeLeftovers', () => {
  it('removes what killed builds left, and nothing that is being worked on or vouched for', async () => {
    const { work, entry, level } = cachePaths(folder);
    const whole = await store();
    await mkdir(join(work, 'dead', 'tree'), { recursive: true });
    await mkdir(join(work, 'alive'), { recursive: true });
    await writeFile(entry('image', 'c'.repeat(32)), 'half a disk');
    await writeFile(join(level('image'), '.x.json.1.tmp'), '{');
    await withLock(join(work, 'alive'), async () => {
      const removed = await removeLeftovers(folder);
      expect(removed.map((path) => path.slice(folder.length + 1)).sort()).toEqual(
        ['image/.x.json.1.tmp', `image/${'c'.repeat(32)}.qcow2`, 'work/dead'].sort(),
      );
      expect((await readdir(work)).filter((name) => !name.endsWith('.lock'))).toEqual(['alive']);
    });
    expect(await findEntry(folder, 'image', key)).toMatchObject({ path: whole });
    expect(await isLocked(join(work, 'alive'))).toBe(false);
  });

  it('leaves a manifest alone that is being written', async () => {
    const paths = cachePaths(folder);
    await mkdir(paths.level('image'), { recursive: true });
    await writeFile(join(paths.level('image'), `.${key}.json.12.ab.tmp`), '{');
    await withLock(paths.lock('image', key), async () => {
      expect(await removeLeftovers(folder)).toEqual([]);
    });
    expect(await removeLeftovers(folder)).toHaveLength(1);
  });

  it('removes locks that nobody holds any more', async () => {
    const lock = `${cachePaths(folder).lock('base', key)}.lock`;
    await mkdir(lock, { recursive: true });
    await utimes(lock, daysAgo(1), daysAgo(1));
    await removeLeftovers(folder);
    expect(await readdir(cachePaths(folder).locks)).toEqual([]);
  });

  it('leaves an unvouched file whose build still runs', async () => {
    const paths = cachePaths(folder);
    await mkdir(paths.level('image'), { recursive: true });
    await writeFile(paths.entry('image', key), 'being moved in');
    await withLock(paths.lock('image', key), async () => {
      expect(await removeLeftovers(folder)).toEqual([]);
    });
  });
});
