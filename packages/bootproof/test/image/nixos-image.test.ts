import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { run } from '../../src/host/process.ts';
import { sha256OfFile } from '../../src/image/hash.ts';
import type { NixosRequest } from '../../src/image/nixos-build.ts';
import { buildNixosImage } from '../../src/image/nixos-image.ts';
import type { ImageProgress } from '../../src/image/progress.ts';
import { nixEnvironment, nixFolder } from '../nix-fixture/nix.ts';
import { writeFakeTools } from './fake-tools.ts';
import { changeDisko, changeFile, copyEmittedFlake, makeDiskImage } from './nixos-flake.ts';
import { smallRecipe, withPartition } from './recipe.ts';

// Several processes of Nix each; a busy computer is no fault of theirs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let shared: string;
let image: string;
beforeAll(async () => {
  shared = await mkdtemp(join(await realpath(tmpdir()), 'bootproof-nixos-'));
  image = await makeDiskImage(shared, smallRecipe, {
    '/root/.ssh/authorized_keys': 'ssh-ed25519 AAAA left behind\n',
    '/etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  });
});
afterAll(() => rm(shared, { recursive: true, force: true }));

let folder: string;
let request: NixosRequest;
let cacheFolder: string;
beforeEach(async () => {
  for (const [name, value] of Object.entries(nixEnvironment())) vi.stubEnv(name, value);
  folder = await mkdtemp(join(shared, 'test-'));
  cacheFolder = join(folder, 'cache');
  request = { flake: join(folder, 'nix'), host: 'hl02', disk: smallRecipe.disk };
});
afterEach(() => vi.unstubAllEnvs());

async function failure(promise: Promise<unknown>): Promise<BootproofError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BootproofError);
  return error as BootproofError;
}

describe('an image that a real Nix builds', () => {
  it('is qcow2 of the size of the VM, kept from the garbage collector, and looked into', async () => {
    await copyEmittedFlake(request.flake, { image });
    const steps: ImageProgress[] = [];
    const built = await buildNixosImage(request, { cacheFolder, onProgress: (step) => steps.push(step) });
    expect(built).toMatchObject({
      kind: 'nixos',
      fromCache: false,
      sha256: await sha256OfFile(image),
      notes: [],
      inspection: {
        authorizedKeys: ['/root/.ssh/authorized_keys'],
        loginPasswords: [],
        machineId: '0123456789abcdef0123456789abcdef\n',
        hostKeys: [],
      },
    });
    // The name is disko's: imageName, which is the disk's name, and the format that was asked for.
    expect(built.path).toBe(join(built.storePath, 'main.qcow2'));
    expect(built.storePath).toBe(join(nixFolder(), 'store', `${built.key}-hl02-disko-images`));
    const details = steps.map(({ detail }) => detail);
    expect(details).toContain('Nix is evaluating hl02');
    expect(details).toContain('Nix is building hl02-disko-images');
    const [link = ''] = (await readdir(join(cacheFolder, 'nixos'))).filter((name) => !name.endsWith('.json'));
    expect(await readlink(join(cacheFolder, 'nixos', link))).toBe(built.storePath);

    await run('nix-store', ['--gc'], { env: nixEnvironment() });
    const again = await buildNixosImage(request, { cacheFolder });
    expect(again).toEqual({ ...built, fromCache: true });
    // Nothing but the link and what was seen stays in the cache.
    expect((await readdir(join(cacheFolder, 'nixos'))).sort()).toEqual([link, `${link}.json`]);
    expect(await readdir(join(cacheFolder, 'work'))).toEqual([]);
  });

  it('is looked into again when the same path was collected and built anew', async () => {
    const own = join(folder, 'own.qcow2');
    await writeFile(own, await readFile(image));
    await copyEmittedFlake(request.flake, { image: own });
    const before = await buildNixosImage(request, { cacheFolder });
    const link = join(cacheFolder, 'nixos', (await readdir(join(cacheFolder, 'nixos')))[0] ?? '');
    await rm(link);
    await run('nix-store', ['--delete', before.storePath], { env: nixEnvironment() });
    const other = await makeDiskImage(folder, smallRecipe);
    await writeFile(own, await readFile(other));
    const after = await buildNixosImage(request, { cacheFolder });
    expect(after.storePath).toBe(before.storePath);
    expect(after).toMatchObject({ sha256: await sha256OfFile(other), inspection: { authorizedKeys: [] } });
  });
});

describe('what goes wrong', () => {
  it('names an image of another size than the VM has', async () => {
    await copyEmittedFlake(request.flake, { image });
    const disk = { ...smallRecipe.disk, sizeBytes: 2 ** 30 };
    const error = await failure(buildNixosImage({ ...request, disk }, { cacheFolder }));
    expect(error.message).toContain(`it has ${160 * 2 ** 20} bytes, and the VM's disk ${2 ** 30}`);
  });

  it('names a file that is no qcow2', async () => {
    await copyEmittedFlake(request.flake);
    const error = await failure(buildNixosImage(request, { cacheFolder }));
    expect(error.message).toContain('it is no qcow2 file');
  });

  it('tells to emit when the flake has no such host', async () => {
    await copyEmittedFlake(request.flake);
    const error = await failure(buildNixosImage({ ...request, host: 'hl99' }, { cacheFolder }));
    expect(error).toMatchObject({ kind: 'declaration', hint: expect.stringContaining('bootproof emit') });
    expect(error.message).toMatch(/^Nix could not evaluate hl99: .*does not provide attribute/);
  });

  it("shows Nix's own error for what does not evaluate, with its file", async () => {
    await copyEmittedFlake(request.flake);
    await changeFile(join(request.flake, 'hosts/hl02/configuration.nix'), 'hostName', 'hostNmae');
    const error = await failure(buildNixosImage(request, { cacheFolder }));
    expect(error.kind).toBe('declaration');
    expect(error.message).toContain('hostNmae');
    expect(error.message).toContain('configuration.nix');
    expect(error.hint).toContain('bootproof eval');
  });

  it('shows the last lines of a build that fails, and where the rest is', async () => {
    await copyEmittedFlake(request.flake, { image: join(folder, 'absent.qcow2') });
    const error = await failure(buildNixosImage(request, { cacheFolder }));
    expect(error.kind).toBe('missing');
    expect(error.message).toMatch(/^Nix could not build the image of hl02: builder for .* failed/);
    expect(error.message).toContain('absent.qcow2');
    expect(error.hint).toMatch(/nix log \S+-hl02-disko-images\.drv/);
    // A link to something that is not there would be half a build.
    expect(await readdir(join(cacheFolder, 'nixos'))).toEqual([]);
  });

  it('says that an image takes KVM', async () => {
    await copyEmittedFlake(request.flake, { image });
    vi.stubEnv('NIX_CONFIG', `${process.env['NIX_CONFIG']}\nsystem-features = benchmark`);
    // disko's builder runs in a VM, for which nixpkgs' vmTools asks for this feature. The stand-in's does not, by itself.
    await changeDisko(
      request.flake,
      'names = map',
      'requiredSystemFeatures = [ "kvm" ];\n            names = map',
    );
    const error = await failure(buildNixosImage(request, { cacheFolder }));
    expect(error.kind).toBe('missing');
    expect(error.message).toContain('kvm');
    expect(error.hint).toContain('disko makes the image in a VM');
  });

  it('says so when an input cannot be fetched', async () => {
    // Nobody listens on port 1, so that no network is needed to fail.
    await copyEmittedFlake(request.flake, { inputs: { nixpkgs: 'https://127.0.0.1:1/nixpkgs.tar.gz' } });
    vi.stubEnv('NIX_CONFIG', `${process.env['NIX_CONFIG']}\ndownload-attempts = 1`);
    const error = await failure(buildNixosImage(request, { cacheFolder }));
    expect(error.kind).toBe('missing');
    expect(error.hint).toContain('--on stand-in');
  });

  it('says which root it cannot look into, before anything is built', async () => {
    const { disk } = withPartition('root', {
      content: { type: 'filesystem', format: 'xfs', mountpoint: '/', mountOptions: [], extraArgs: [] },
    });
    const error = await failure(buildNixosImage({ ...request, disk }, { cacheFolder }));
    expect(error.message).toContain('its root is xfs');
  });

  it.each(['nix', 'nix-store'])('ends %s and leaves nothing when it is called off', async (program) => {
    await copyEmittedFlake(request.flake, { image });
    const started = join(folder, 'started');
    const path = await writeFakeTools(join(folder, 'bin'), {
      [program]: `echo $$ > '${started}'; exec sleep 600`,
    });
    const stop = new AbortController();
    const build = failure(buildNixosImage(request, { cacheFolder, path, signal: stop.signal }));
    const pid = async () => Number(await readFile(started, 'utf8').catch(() => '0'));
    await expect.poll(pid, { timeout: 30_000 }).toBeGreaterThan(0);
    stop.abort();
    expect(await build).toMatchObject({ kind: 'interrupted', message: 'the build was interrupted' });
    const child = await pid();
    expect(() => process.kill(child, 0)).toThrow('ESRCH');
    await mkdir(join(cacheFolder, 'nixos'), { recursive: true });
    expect(await readdir(join(cacheFolder, 'nixos'))).toEqual([]);
  });
});
