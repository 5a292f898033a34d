import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseImageKind } from '../../src/cli/image-kind.ts';
import type { AcceleratorVerdict } from '../../src/host/accelerator.ts';
import { copyEmittedFlake, makeDiskImage } from '../image/nixos-flake.ts';
import { nixEnvironment } from '../nix-fixture/nix.ts';
import { planHl02 } from '../vm/support.ts';
import { bootproof, homelabWith } from './command.ts';

vi.setConfig({ testTimeout: 120_000 });

const kvm: AcceleratorVerdict = {
  accelerator: 'kvm',
  reason: 'KVM ran 64-bit code in 80 ms',
  remembered: false,
};
const tcg: AcceleratorVerdict = { accelerator: 'tcg', reason: '/dev/kvm does not exist', remembered: false };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), 'bootproof-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('the choice of the image', () => {
  const choose = (options: Partial<Parameters<typeof chooseImageKind>[0]> = {}) =>
    chooseImageKind({
      wish: 'auto',
      nixFolder: join(folder, 'nix'),
      chooseAccelerator: async () => kvm,
      signal: new AbortController().signal,
      ...options,
    });
  beforeEach(() => {
    for (const [name, value] of Object.entries(nixEnvironment())) vi.stubEnv(name, value);
  });

  it('is NixOS where all that it takes is there', async () => {
    await copyEmittedFlake(join(folder, 'nix'));
    expect(await choose()).toEqual({
      kind: 'nixos',
      reason: expect.stringMatching(/^nix 2\.\S+ and KVM can be used here$/),
      notes: [],
    });
  });

  it('is the stand-in without a nix, and nothing else is asked', async () => {
    const chooseAccelerator = vi.fn(async () => kvm);
    expect(await choose({ path: join(folder, 'nothing'), chooseAccelerator })).toEqual({
      kind: 'stand-in',
      reason: 'nix is not installed',
      notes: [],
    });
    expect(chooseAccelerator).not.toHaveBeenCalled();
  });

  it('is the stand-in before anything was emitted', async () => {
    expect(await choose()).toMatchObject({
      kind: 'stand-in',
      reason: expect.stringContaining('no emitted flake'),
    });
  });

  it('is the stand-in without KVM, with the reason', async () => {
    await copyEmittedFlake(join(folder, 'nix'));
    expect(await choose({ chooseAccelerator: async () => tcg })).toMatchObject({
      kind: 'stand-in',
      reason: "there is a nix, but building NixOS's image needs KVM: /dev/kvm does not exist",
    });
  });

  it("is the stand-in where the flake's inputs are not to be had", async () => {
    // Nobody listens on port 1. The lock names contents that are nowhere here.
    const inputs = {
      nixpkgs: 'https://127.0.0.1:1/nixpkgs.tar.gz',
      disko: 'https://127.0.0.1:1/disko.tar.gz',
    };
    await copyEmittedFlake(join(folder, 'nix'), { inputs });
    const node = (url: string) => {
      const original = { type: 'tarball', url };
      const narHash = 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
      return { locked: { ...original, narHash }, original };
    };
    const nodes = {
      disko: { ...node(inputs.disko), inputs: { nixpkgs: ['nixpkgs'] } },
      nixpkgs: node(inputs.nixpkgs),
      root: { inputs: { disko: 'disko', nixpkgs: 'nixpkgs' } },
    };
    await writeFile(join(folder, 'nix/flake.lock'), JSON.stringify({ nodes, root: 'root', version: 7 }));
    expect(await choose()).toMatchObject({
      kind: 'stand-in',
      reason: expect.stringMatching(/^there is a nix, but not the flake's inputs: .*127\.0\.0\.1:1/),
    });
  });

  it('is what was asked for', async () => {
    expect(await choose({ wish: 'stand-in' })).toMatchObject({ kind: 'stand-in' });
    await copyEmittedFlake(join(folder, 'nix'));
    expect(await choose({ wish: 'nixos' })).toMatchObject({ kind: 'nixos', notes: [] });
    const { notes } = await choose({ wish: 'nixos', chooseAccelerator: async () => tcg });
    expect(notes).toEqual([expect.stringMatching(/wants KVM, and here \/dev\/kvm does not exist/)]);
  });
});

/** The environment of a command whose PATH has no nix. */
const withoutNix = { PATH: '/nowhere' };

describe('the command', () => {
  it('says what NixOS takes, when it is asked for and there is no nix', async () => {
    await using homelab = await homelabWith();
    const { status, stderr } = await bootproof(['check', 'hl02', '--on', 'nixos'], {
      cwd: homelab.folder,
      env: withoutNix,
    });
    expect(status).toBe(3);
    expect(stderr).toContain('NixOS cannot be built here: nix is not installed');
    expect(stderr).toContain('--on stand-in');
  });

  it('tells to emit when there is a nix and no flake', async () => {
    await using homelab = await homelabWith();
    const { status, stderr } = await bootproof(['build', 'hl02', '--on', 'nixos'], {
      cwd: homelab.folder,
      env: nixEnvironment(),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/there is no flake in .*config\/nix[\s\S]*bootproof emit/);
  });

  it('takes no other image', async () => {
    const { status, stderr } = await bootproof(['check', 'hl02', '--on', 'fedora']);
    expect(status).toBe(2);
    expect(stderr).toContain('auto, nixos, stand-in');
  });

  it.each(['check', 'build', 'boot'])('%s says in its help what auto means', async (command) => {
    const { stdout } = await bootproof([command, '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /--on <image> .*auto: nixos where there is a nix .*KVM.*default: "auto"/,
    );
  });

  it('builds the disk of hl02 with a real Nix, at the size of its VM', async () => {
    await using homelab = await homelabWith();
    const { image: recipe } = await planHl02();
    const image = await makeDiskImage(folder, recipe);
    await copyEmittedFlake(join(homelab.folder, 'config/nix'), { image });
    const { status, stdout, stderr } = await bootproof(['build', 'hl02', '--on', 'nixos'], {
      cwd: homelab.folder,
      env: nixEnvironment(),
    });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/\/store\/[0-9a-z]{32}-hl02-disko-images\/main\.qcow2$/);
    expect(stderr).toContain('the image is NixOS: asked for with --on nixos');
    expect(stderr).toContain('Nix is building hl02-disko-images');
    expect((await readFile(stdout)).subarray(0, 4).toString('latin1')).toBe('QFI\xfb');
  });
});

describe('doctor', () => {
  /** What doctor says of nix, with a program in its place or none. */
  async function nixFinding(script: string | undefined) {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    if (script !== undefined) {
      await writeFile(join(bin, 'nix'), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, 'nix'), 0o755);
      await symlink('/bin/sh', join(bin, 'sh'));
    }
    const { stdout } = await bootproof(['doctor', '--json'], { env: { PATH: bin } });
    const findings = JSON.parse(stdout) as Record<string, string>[];
    return findings.find(({ subject }) => subject === 'nix');
  }

  it('does not miss a nix', async () => {
    expect(await nixFinding(undefined)).toEqual({
      subject: 'nix',
      verdict: 'fine',
      found: 'not installed, and not needed',
    });
  });

  it('says why one cannot be used, and what to do', async () => {
    expect(await nixFinding('echo nix 2.3.16')).toEqual({
      subject: 'nix',
      verdict: 'worse',
      found: 'nix 2.3.16 is too old for flakes',
      remedy: 'Install Nix 2.4 or newer.',
    });
  });

  it('says what a usable one is used for', async () => {
    const { stdout } = await bootproof(['doctor', '--json'], { env: nixEnvironment() });
    const finding = (JSON.parse(stdout) as Record<string, string>[]).find(({ subject }) => subject === 'nix');
    expect(finding).toMatchObject({
      verdict: 'fine',
      found: expect.stringMatching(
        /^2\.\S+, with flakes; .*(boots NixOS itself|keeps to the Debian stand-in)/,
      ),
    });
  });
});
