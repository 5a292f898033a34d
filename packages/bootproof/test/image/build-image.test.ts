import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { run } from '../../src/host/process.ts';
import { findTool } from '../../src/host/tools.ts';
import { type BuildOptions, buildImage } from '../../src/image/build-image.ts';
import { cachePaths } from '../../src/image/cache.ts';
import { baseKey, imageKey } from '../../src/image/keys.ts';
import type { ImageProgress } from '../../src/image/progress.ts';
import { imageTools } from '../../src/image/tools.ts';
import { isOrdinaryUser, removeTree } from '../../src/image/tree-owner.ts';
import { fakeChroot, fakeMmdebstrap, writeFakeTools, writeFakeTree } from './fake-tools.ts';
import { smallRecipe } from './recipe.ts';

let folder: string;
let log: string;
let options: BuildOptions & { readonly cacheFolder: string };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-build-'));
  log = join(folder, 'mmdebstrap.log');
  await writeFakeTree(join(folder, 'tree'));
  await mkdir(join(folder, 'apt'));
  await writeFile(join(folder, 'apt', 'sources.list'), 'deb http://deb.example/debian bookworm main\n');
  options = {
    cacheFolder: join(folder, 'cache'),
    aptFolder: join(folder, 'apt'),
    path: await tools({}),
  };
});
afterEach(() => removeTree([folder]));

/** A PATH on which some tools are stand-ins: mmdebstrap and chroot always, others as given. */
let toolFolders = 0;
function tools(scripts: Readonly<Record<string, string>>): Promise<string> {
  toolFolders += 1;
  return writeFakeTools(join(folder, `bin${toolFolders}`), {
    mmdebstrap: fakeMmdebstrap(join(folder, 'tree'), log),
    chroot: fakeChroot,
    ...scripts,
  });
}

const basesMade = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').length - 1;

async function failure(promise: Promise<unknown>): Promise<BootproofError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BootproofError);
  return error as BootproofError;
}

/** Files of the cache besides entries that count. */
async function litter(): Promise<string[]> {
  const { cacheFolder } = options;
  const names = await readdir(cacheFolder, { recursive: true }).catch((): string[] => []);
  const folders = ['base', 'image', 'locks', 'work'];
  return names.filter((name) => {
    const stem = name.replace(/\.\w+$/, '');
    return !folders.includes(name) && !(names.includes(`${stem}.json`) && /^(base|image)\//.test(name));
  });
}

// Each build starts a dozen processes; a busy computer is no fault of theirs.
const patient = { timeout: 60_000 };

describe('buildImage', patient, () => {
  it('builds a disk whose manifest says what went in and what it carries', async () => {
    const image = await buildImage(smallRecipe, options);
    expect(image).toMatchObject({ key: imageKey(smallRecipe, undefined), fromCache: false, notes: [] });
    expect(image.manifest).toMatchObject({
      hostName: 'pine',
      packages: { systemd: '252.39-1' },
      kernelVersion: '6.1.0-test',
      inspection: { authorizedKeys: [], loginPasswords: [], machineId: '', hostKeys: [] },
      tools: { mmdebstrap: '9.9.9' },
    });
    const { stdout } = await run('qemu-img', ['info', '--output=json', image.path]);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': smallRecipe.disk.sizeBytes });
    expect(await litter()).toEqual([]);
  });

  it('puts the files of the recipe and of the stand-in in place, and fstab from the layout', async () => {
    const image = await buildImage(
      {
        ...smallRecipe,
        files: [
          { type: 'file', path: '/etc/hostid', mode: 0o600, text: 'VEVTVA==', encoding: 'base64' },
          { type: 'symlink', path: '/etc/localtime', target: '/usr/share/zoneinfo/UTC' },
          { type: 'directory', path: '/srv/data', mode: 0o750 },
          { type: 'symlink', path: '/etc/systemd/system/systemd-binfmt.service', target: '/etc/mine' },
        ],
      },
      options,
    );
    const raw = join(folder, 'disk.raw');
    await run('qemu-img', ['convert', '-O', 'raw', image.path, raw]);
    const ask = async (request: string) =>
      (await run('debugfs', ['-R', request, `${raw}?offset=${100352 * 512}`])).stdout;
    expect(await ask('cat /etc/fstab')).toContain(
      '/dev/disk/by-partlabel/disk-main-root / ext4 defaults 0 1',
    );
    expect(await ask('cat /etc/hostid')).toBe('TEST');
    expect(await ask('stat /etc/hostid')).toMatch(/Mode:\s+0600[\s\S]*User:\s+0\s+Group:\s+0/);
    expect(await ask('stat /etc/localtime')).toContain('/usr/share/zoneinfo/UTC');
    expect(await ask('stat /srv/data')).toMatch(/Type: directory\s+Mode:\s+0750/);
    expect(await ask('stat /etc/systemd/system/systemd-firstboot.service')).toContain('/dev/null');
    // What a host declares wins over what the stand-in trims.
    expect(await ask('stat /etc/systemd/system/systemd-binfmt.service')).toContain('/etc/mine');
  });

  it('refuses a path that leads out of the image', async () => {
    const file = { type: 'file', path: '/etc/../../escape', mode: 0o644, text: '' } as const;
    const error = await failure(buildImage({ ...smallRecipe, files: [file] }, options));
    expect(error.message).toBe('not a path of an image: /etc/../../escape');
  });

  it('says which modules the kernel does not have', async () => {
    const image = await buildImage({ ...smallRecipe, initrdModules: ['virtio_blk', 'ahci'] }, options);
    expect(image.notes).toEqual(["the stand-in's kernel has no module ahci, so its initrd lacks it"]);
  });

  it('refuses a disk that it cannot realise before it starts anything', async () => {
    const disk = { ...smallRecipe.disk, partitions: smallRecipe.disk.partitions.slice(1) };
    const error = await failure(buildImage({ ...smallRecipe, disk }, options));
    expect(error).toMatchObject({ kind: 'declaration' });
    expect(await basesMade()).toBe(0);
  });
});

describe('the cache', patient, () => {
  it('gives the same image again, without tools, sources or network', async () => {
    const first = await buildImage(smallRecipe, options);
    const again = await buildImage(smallRecipe, { cacheFolder: options.cacheFolder, path: '/nowhere' });
    expect(again).toMatchObject({ path: first.path, sha256: first.sha256, fromCache: true });
    expect(await basesMade()).toBe(1);
  });

  it('makes another image from the same base when only the host changes', async () => {
    await buildImage(smallRecipe, options);
    const other = await buildImage({ ...smallRecipe, kernelParams: [] }, options);
    expect(other.fromCache).toBe(false);
    expect(await basesMade()).toBe(1);
  });

  it('makes base and image again when asked to', async () => {
    await buildImage(smallRecipe, options);
    const again = await buildImage(smallRecipe, { ...options, rebuild: true });
    expect(again.fromCache).toBe(false);
    expect(await basesMade()).toBe(2);
  });

  it.each(['image', 'base'] as const)('finds a damaged %s, says so, and makes it again', async (level) => {
    await buildImage(smallRecipe, options);
    const recipe = level === 'image' ? smallRecipe : { ...smallRecipe, kernelParams: [] };
    const key = level === 'image' ? imageKey(recipe, undefined) : baseKey(recipe, undefined);
    const file = await open(cachePaths(options.cacheFolder).entry(level, key), 'r+');
    await file.write(Buffer.from('x'), 0, 1, 20_000);
    await file.close();
    const image = await buildImage(recipe, options);
    expect(image.fromCache).toBe(false);
    expect(image.notes).toEqual([
      expect.stringMatching(`the cached ${level} was damaged \\(its file's checksum`),
    ]);
    expect((await buildImage(recipe, options)).fromCache).toBe(true);
  });

  it('builds once when two ask at once', async () => {
    const progress: ImageProgress[] = [];
    const onProgress = (each: ImageProgress) => progress.push(each);
    const images = await Promise.all([
      buildImage(smallRecipe, { ...options, onProgress }),
      buildImage(smallRecipe, { ...options, onProgress }),
    ]);
    expect(images.map(({ fromCache }) => fromCache).sort()).toEqual([false, true]);
    expect(new Set(images.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(progress).toContainEqual({ step: 'wait', detail: 'another run is building the same image' });
    expect(await basesMade()).toBe(1);
  });

  it('makes one base for two hosts that are built at once', async () => {
    await Promise.all([
      buildImage(smallRecipe, options),
      buildImage({ ...smallRecipe, hostName: 'fir' }, options),
    ]);
    expect(await basesMade()).toBe(1);
    expect(await litter()).toEqual([]);
  });
});

describe('keys', () => {
  it('follow from everything that shapes a thing, and from nothing else', () => {
    const changed = { ...smallRecipe, hostName: 'fir' };
    expect(imageKey(changed, undefined)).not.toBe(imageKey(smallRecipe, undefined));
    expect(baseKey(changed, undefined)).toBe(baseKey(smallRecipe, undefined));
    expect(baseKey({ ...smallRecipe, packages: [] }, undefined)).not.toBe(baseKey(smallRecipe, undefined));
    expect(baseKey({ ...smallRecipe, suite: 'trixie' }, undefined)).not.toBe(baseKey(smallRecipe, undefined));
    expect(imageKey(smallRecipe, 'http://m.example')).not.toBe(imageKey(smallRecipe, undefined));
    const reordered = Object.fromEntries(
      Object.entries(smallRecipe).reverse(),
    ) as unknown as typeof smallRecipe;
    expect(imageKey(reordered, undefined)).toBe(imageKey(smallRecipe, undefined));
  });
});

describe('what goes wrong', patient, () => {
  const dying = (...lines: string[]) => [...lines.map((line) => `echo "${line}" >&2`), 'exit 25'].join('\n');

  it('names every missing tool at once, with the line that installs them', async () => {
    const error = await failure(buildImage(smallRecipe, { ...options, path: join(folder, 'nothing') }));
    expect(error.kind).toBe('missing');
    expect(error.message).toMatch(/qemu-img \(package qemu-utils\)[\s\S]*mcopy|mcopy[\s\S]*qemu-img/);
    expect(error.hint).toMatch(/apt-get install .*mtools.*qemu-utils/);
  });

  it('needs mmdebstrap only while there is no base', async () => {
    const bare = join(folder, 'bare');
    await writeFakeTools(bare, { chroot: fakeChroot });
    for (const { command } of imageTools(isOrdinaryUser())) {
      const tool = findTool(command);
      if (command !== 'chroot' && tool !== undefined) await symlink(tool, join(bare, command));
    }
    for (const command of ['sh', 'rm', 'cp', 'setpriv'])
      await symlink(findTool(command) ?? '', join(bare, command));
    const error = await failure(buildImage(smallRecipe, { ...options, path: bare }));
    expect(error.message).toMatch(/mmdebstrap \(package mmdebstrap\), to make the image's Debian base/);
    await buildImage(smallRecipe, options);
    const other = { ...smallRecipe, kernelParams: [] };
    expect((await buildImage(other, { ...options, path: bare })).fromCache).toBe(false);
  });

  it('says so when the archive cannot be reached and the cache is cold', async () => {
    const path = await tools({
      mmdebstrap: dying(
        'W: Failed to fetch http://deb.example/debian/dists/bookworm/InRelease  Could not resolve deb.example',
        'E: Some index files failed to download.',
      ),
    });
    const error = await failure(buildImage(smallRecipe, { ...options, path }));
    expect(error.kind).toBe('missing');
    expect(error.message).toMatch(/archive cannot be reached, and the cache holds no base.*Failed to fetch/);
    expect(error.message).toContain('E: Some index files failed to download.');
    expect(error.hint).toMatch(/--mirror.*cache boot without a network/);
    expect(await litter()).toEqual([]);
  });

  it('says so when there is no package source', async () => {
    const error = await failure(buildImage(smallRecipe, { ...options, aptFolder: join(folder, 'none') }));
    expect(error.hint).toMatch(/--mirror .* BOOTPROOF_MIRROR/);
  });

  it('takes the mirror that the user names', async () => {
    const seen = join(folder, 'sources');
    const path = await tools({
      mmdebstrap: `for last; do :; done; [ -f "$last" ] && cp "$last" '${seen}'\n${fakeMmdebstrap(join(folder, 'tree'), log)}`,
    });
    const mirror = 'http://near.example/debian';
    await buildImage(smallRecipe, { ...options, path, mirror, aptFolder: join(folder, 'none') });
    expect(await readFile(seen, 'utf8')).toContain(`URIs: ${mirror}\nSuites: bookworm\n`);
  });

  it.each([
    [
      'mmdebstrap',
      'making the Debian base',
      'E: You do not have enough free space in /var/cache/apt/archives/.',
    ],
    ['mke2fs', 'building the image', '__populate_fs: No space left on device while writing file x'],
    ['qemu-img', 'building the image', 'qemu-img: error while writing at byte 0: No space left on device'],
  ])('says so when the disk is full under %s', async (tool, doing, line) => {
    const path = await tools({ [tool]: dying(line) });
    const error = await failure(buildImage(smallRecipe, { ...options, path }));
    expect(error.kind).toBe('missing');
    expect(error.message).toContain(`the disk is full: no space was left while ${doing}`);
    expect(error.hint).toMatch(new RegExp(`1\\.5G free in ${options.cacheFolder}.*XDG_CACHE_HOME`));
    expect(await litter()).not.toContainEqual(expect.stringMatching(/^(work|image)\//));
  });

  it('does not begin on a disk that is too full', async () => {
    const freeBytes = async () => 2 ** 20;
    const error = await failure(buildImage(smallRecipe, { ...options, freeBytes }));
    expect(error.message).toContain(`1M free in ${options.cacheFolder}, about 1.5G needed`);
    expect(error.hint).toContain('XDG_CACHE_HOME');
    expect(await basesMade()).toBe(0);
  });

  it('says so when Debian has no such package', async () => {
    const path = await tools({ mmdebstrap: dying('E: Unable to locate package no-such-thing') });
    const error = await failure(buildImage(smallRecipe, { ...options, path }));
    expect(error.message).toContain('Debian has no package no-such-thing');
    expect(error.kind).toBe('declaration');
  });

  it('says so when user namespaces are refused', async () => {
    const path = await tools({
      mmdebstrap: dying('E: unshare() failed: cannot unshare, Operation not permitted'),
    });
    const error = await failure(buildImage(smallRecipe, { ...options, path }));
    expect(error.message).toContain('user namespaces cannot be used here');
    expect(error.hint).toContain('/etc/subuid');
  });

  it('leaves nothing when it is called off', async () => {
    const started = join(folder, 'started');
    const path = await tools({ mmdebstrap: `echo > '${started}'; exec sleep 600` });
    const stop = new AbortController();
    const build = failure(buildImage(smallRecipe, { ...options, path, signal: stop.signal }));
    await expect.poll(() => readFile(started, 'utf8').catch(() => undefined), { timeout: 10_000 }).toBe('\n');
    stop.abort();
    expect(await build).toMatchObject({ kind: 'interrupted' });
    expect(await litter()).toEqual([]);
  });

  it('starts nothing when it was called off before', async () => {
    const error = await failure(buildImage(smallRecipe, { ...options, signal: AbortSignal.abort() }));
    expect(error.kind).toBe('interrupted');
    expect(await basesMade()).toBe(0);
  });

  it('makes good what a killed build left', async () => {
    const started = join(folder, 'started');
    const path = await tools({ mmdebstrap: `echo > '${started}'; exec sleep 600` });
    const script = fileURLToPath(new URL('build-in-child.ts', import.meta.url));
    const register = import.meta.resolve('jiti/register');
    const child = spawn(
      process.execPath,
      ['--import', register, script, JSON.stringify({ ...options, path })],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    await expect.poll(() => readFile(started, 'utf8').catch(() => undefined), { timeout: 15_000 }).toBe('\n');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await litter()).toContainEqual(expect.stringMatching(/^work\//));
    // Nobody renews these locks any more; the test does not wait until that shows.
    for (const name of await readdir(options.cacheFolder, { recursive: true })) {
      if (name.endsWith('.lock')) await utimes(join(options.cacheFolder, name), 0, 0);
    }
    expect((await buildImage(smallRecipe, options)).fromCache).toBe(false);
    expect(await litter()).toEqual([]);
  });
});
