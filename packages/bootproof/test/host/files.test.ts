import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/host/atomic.ts';
import { findTool, requireTools, searchPath } from '../../src/host/tools.ts';
import { cacheFolder, longestSocketPath, makeSocketFolder, runtimeFolder } from '../../src/host/xdg.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('makes the folder, replaces the file whole, and leaves nothing else', async () => {
    const path = join(folder, 'a', 'b.json');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, Buffer.from('new'), { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'a'))).toEqual(['b.json']);
  });

  it('leaves the old file and no temporary one when it cannot', async () => {
    const path = join(folder, 'taken');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'x');
    await expect(writeFileAtomic(path, 'text')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('folders', () => {
  it('keeps the cache where XDG says', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/bootproof');
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe('/h/.cache/bootproof');
    expect(cacheFolder({ HOME: '/h' })).toBe('/h/.cache/bootproof');
  });

  it('runs in XDG_RUNTIME_DIR only when that is there', () => {
    expect(runtimeFolder({ XDG_RUNTIME_DIR: folder })).toBe(folder);
    expect(runtimeFolder({ XDG_RUNTIME_DIR: join(folder, 'absent') })).toBe(tmpdir());
    expect(runtimeFolder({})).toBe(tmpdir());
  });

  it('makes private socket folders whose sockets have short paths', async () => {
    const long = join(folder, 'x'.repeat(90));
    await mkdir(long);
    for (const base of [folder, long]) {
      const made = await makeSocketFolder({ environment: { XDG_RUNTIME_DIR: base } });
      expect((await stat(made)).mode & 0o777).toBe(0o700);
      expect(join(made, 'n'.repeat(16)).length).toBeLessThanOrEqual(longestSocketPath);
      await rm(made, { recursive: true });
    }
  });
});

describe('tools', () => {
  it('finds what can be executed, and nothing else', async () => {
    await writeFile(join(folder, 'tool'), '#!/bin/sh\n');
    await mkdir(join(folder, 'directory'));
    await symlink('/nowhere', join(folder, 'dangling'));
    expect(findTool('tool', folder)).toBeUndefined();
    await chmod(join(folder, 'tool'), 0o755);
    expect(findTool('tool', folder)).toBe(join(folder, 'tool'));
    expect(findTool(join(folder, 'tool'))).toBe(join(folder, 'tool'));
    expect(findTool('directory', folder)).toBeUndefined();
    expect(findTool('dangling', folder)).toBeUndefined();
  });

  it('looks in the system folders too', () => {
    expect(searchPath('/a:/usr/sbin')).toBe('/a:/usr/sbin:/usr/local/sbin:/sbin');
  });

  it('names all absent tools at once, with the line that installs them', () => {
    const need = (command: string, debianPackage: string) => ({ command, debianPackage, why: 'test' });
    expect(requireTools([need('sh', 'dash')]).get('sh')).toMatch(/\/sh$/);
    const missing = () =>
      requireTools([
        need('absent-b', 'pkg-b'),
        need('sh', 'dash'),
        need('absent-a', 'pkg-a'),
        need('absent-c', 'pkg-b'),
      ]);
    expect(missing).toThrow(/absent-b \(package pkg-b\), to test\n.*absent-a.*\n.*absent-c/);
    try {
      missing();
    } catch (error) {
      expect(error).toMatchObject({ kind: 'missing', hint: expect.stringContaining('install pkg-a pkg-b') });
    }
  });
});
