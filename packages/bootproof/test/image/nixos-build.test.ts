import { mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { evaluateImage, imageFunction, nixProgress } from '../../src/image/nixos-build.ts';
import { evaluateNix, nixEnvironment, runNix } from '../nix-fixture/nix.ts';
import { changeDisko, changeFile, copyEmittedFlake } from './nixos-flake.ts';
import { smallRecipe } from './recipe.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('the image that is asked of disko', () => {
  let folder: string;
  beforeEach(async () => {
    for (const [name, value] of Object.entries(nixEnvironment())) vi.stubEnv(name, value);
    folder = await mkdtemp(join(await realpath(tmpdir()), 'bootproof-nixos-'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  it("has the VM's size in bytes as qcow2, whatever the declaration says of images", async () => {
    const flake = join(folder, 'nix');
    await copyEmittedFlake(flake);
    await changeDisko(
      flake,
      'names = map',
      'sizes = map (disk: disk.imageSize) disks;\n            names = map',
    );
    await changeFile(
      join(flake, 'flake.nix'),
      '{ nixpkgs.hostPlatform = system; }',
      '{ nixpkgs.hostPlatform = system; disko.devices.disk.main.imageSize = lib.mkOverride 60 "3G"; disko.imageBuilder.imageFormat = "raw"; }',
    );
    const request = { flake, host: 'hl02', disk: smallRecipe.disk };
    const { drvPath, outPath, fileName } = await evaluateImage(request, {});
    const binding = async (name: string) =>
      (await runNix(['--query', '--binding', name, drvPath], { command: 'nix-store' })).stdout.trim();
    expect(await binding('names')).toBe('main.qcow2');
    expect(await binding('sizes')).toBe(String(160 * 2 ** 20));
    expect({ outPath, fileName }).toEqual({ outPath: await binding('out'), fileName: 'main.qcow2' });
  });

  it('does not depend on where the flake is, nor on this computer', async () => {
    // In impure mode the name would come out of the environment.
    const name = 'let name = builtins.getEnv "BOOTPROOF_TEST"; in if name == "" then "hl02" else name';
    const paths: string[] = [];
    for (const place of ['plain', 'a b%20#c?d&ü']) {
      const flake = join(folder, place);
      await copyEmittedFlake(join(folder, 'nix'));
      await changeFile(join(folder, 'nix/hosts/hl02/configuration.nix'), '"hl02"', name);
      await rename(join(folder, 'nix'), flake);
      const request = { flake, host: 'hl02', disk: smallRecipe.disk };
      paths.push((await evaluateImage(request, { env: { BOOTPROOF_TEST: place } })).outPath);
    }
    expect(paths[0]).toMatch(/-hl02-disko-images$/);
    expect(paths[1]).toBe(paths[0]);
  });
});

const brace = '{';
it.each(['main', 'a"b', 'a\\b', `a$${brace}b}`, `$$${brace}x}`, "it's", 'ä ö'])(
  'a disk named %s is written as a string of Nix',
  async (name) => {
    const text = imageFunction({ ...smallRecipe.disk, name });
    // Just enough of a host: its disks are those that the function names.
    const host = `{
      extendModules = { modules }: {
        config = {
          system.build.diskoImages = { drvPath = "d"; outPath = "o"; };
          disko.devices.disk = builtins.mapAttrs (name: _: { imageName = name; })
            (builtins.elemAt modules 0 { lib.mkForce = value: value; }).disko.devices.disk;
        };
      };
    }`;
    expect(await evaluateNix(`(${text}) ${host}`)).toEqual({ drv: 'd', out: 'o', file: `${name}.qcow2` });
  },
);

describe('what Nix says while it builds', () => {
  it('becomes steps of what there is to do', () => {
    const follow = nixProgress();
    const lines = [
      'these 2 derivations will be built:',
      '  /nix/store/x28j5cf47q6lylh4kxmj5mdqcrhwn82r-nixos-system-hl02-25.11.drv',
      '  /nix/store/hzypgc7m00lsss5dhf39dz13j4g9lsgn-hl02-disko-images.drv',
      'these 2 paths will be fetched (1.20 MiB download, 4.50 MiB unpacked):',
      "copying path '/nix/store/00fwcb3lahdsdh3rp6q3mhb13sld6mxs-openssh-9.9p2' from 'https://cache.nixos.org'...",
      "copying path '/nix/store/10fwcb3lahdsdh3rp6q3mhb13sld6mxs-bash-5.2' from 'https://cache.nixos.org'...",
      "building '/nix/store/x28j5cf47q6lylh4kxmj5mdqcrhwn82r-nixos-system-hl02-25.11.drv'...",
      "building '/nix/store/hzypgc7m00lsss5dhf39dz13j4g9lsgn-hl02-disko-images.drv'...",
    ];
    expect(lines.map(follow).filter((step) => step !== undefined)).toEqual([
      { detail: 'Nix is fetching openssh-9.9p2', fraction: 0 },
      { detail: 'Nix is fetching bash-5.2', fraction: 0.25 },
      { detail: 'Nix is building nixos-system-hl02-25.11', fraction: 0.5 },
      { detail: 'Nix is building hl02-disko-images', fraction: 0.75 },
    ]);
  });

  it('has no fraction while the whole is unknown, and never goes beyond it', () => {
    const follow = nixProgress();
    expect(follow("building '/nix/store/a.drv'...")).toEqual({ detail: 'Nix is building a' });
    expect(follow('this derivation will be built:')).toBeUndefined();
    expect(follow("building '/nix/store/b.drv'...")?.fraction).toBe(1);
    expect(follow("building '/nix/store/c.drv'...")?.fraction).toBe(1);
  });
});
