import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256OfFile } from '../../src/image/hash.ts';
import { parseResult } from '../../src/reports/json.ts';
import { bootproof, homelabWith } from '../cli/command.ts';
import { copyEmittedFlake } from '../image/nixos-flake.ts';
import { nixEnvironment } from '../nix-fixture/nix.ts';
import { problems } from './support.ts';

/**
 * NixOS is not built here: that takes a network and KVM. The flake is the emitted one, with the stand-ins for nixpkgs and
 * disko as its inputs; a real Nix evaluates and builds it, and its `diskoImages` hands out the Debian stand-in of hl02. So
 * the guest is Debian. What this proves is all that bootproof does around it: the build through Nix, the image in Nix's
 * store under the machine, the key brought in as NixOS takes it (`tmpfiles.extra`, which Debian's systemd knows as well),
 * every probe over it, and the words for it.
 */
test('check --on nixos: built by a real Nix, booted and proven (the guest is the Debian stand-in, not NixOS)', async () => {
  await using homelab = await homelabWith();
  const standIn = await bootproof(['build', 'hl02', '--on', 'stand-in'], { cwd: homelab.folder });
  expect(standIn.status, standIn.stderr).toBe(0);
  await copyEmittedFlake(join(homelab.folder, 'config/nix'), { image: standIn.stdout });

  const { status, stdout, stderr } = await bootproof(['check', 'hl02', '--on', 'nixos', '--json'], {
    cwd: homelab.folder,
    env: nixEnvironment(),
  });
  const result = await parseResult(stdout);
  expect(status, `${problems(result)}\n${stderr}`).toBe(0);
  expect(result.verdict).toBe('proven');
  expect(result.image).toMatchObject({
    kind: 'nixos',
    kindReason: 'asked for with --on nixos',
    fromCache: false,
    packages: {},
    storePath: expect.stringMatching(/-hl02-disko-images$/),
  });
  // The disk of the machine is the file in Nix's store, and nothing of it was written to.
  expect(result.image.sha256).toBe(await sha256OfFile(standIn.stdout));
  const command = result.machine.command.join(' ');
  expect(command).toContain('io.systemd.credential.binary:tmpfiles.extra=');
  expect(command).not.toContain('ssh.authorized_keys.root');
  expect(result.notRealised).toEqual([]);
  expect(result.commands.some(({ via }) => via === 'ssh')).toBe(true);
  expect(stderr).toContain('the image is NixOS: asked for with --on nixos');
  expect(stderr).toMatch(/hl02 is proven[\s\S]*NixOS image, (TCG|KVM), QEMU/);
  expect(stderr).not.toContain('stand-in');
});
