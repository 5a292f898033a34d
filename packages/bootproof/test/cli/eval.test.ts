import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nixEnvironment, runNix, standIns } from '../nix-fixture/nix.ts';
import { bootproof, homelabWith } from './command.ts';

/** A flake whose inputs are the stand-ins, so that a real Nix evaluates it without a network. */
const flake = `
import { defineFlake } from 'bootproof';
export default defineFlake({
  inputs: {
    nixpkgs: { url: 'path:${standIns}/nixpkgs' },
    disko: { url: 'path:${standIns}/disko', follows: { nixpkgs: 'nixpkgs' } },
  },
});
`;

/** A homelab with its flake emitted and locked. */
async function emitted(files: Readonly<Record<string, string>> = {}) {
  const homelab = await homelabWith({ 'flake.ts': flake, ...files });
  const { status, stderr } = await bootproof(['emit'], { cwd: homelab.folder });
  if (status !== 0) throw new Error(stderr);
  const locked = await runNix(['flake', 'lock', `path:${join(homelab.folder, 'config/nix')}`]);
  if (locked.status !== 0) throw new Error(locked.stderr);
  return homelab;
}

const evalIn = (folder: string, ...args: readonly string[]) =>
  bootproof(['eval', ...args], { cwd: folder, env: nixEnvironment() });

describe('bootproof eval', () => {
  it('finds that both evaluations of hl02 agree, down to the defaults', async () => {
    await using homelab = await emitted();
    const { status, stdout } = await evalIn(homelab.folder, 'hl02');
    expect(stdout).toMatch(/^✓ hl02: \d+ options compared: \d+ the same, \d+ to which NixOS adds$/);
    expect(status).toBe(0);
    const { stdout: json } = await evalIn(homelab.folder, 'hl02', '--json');
    const { comparisons, nixOnly, refusals } = JSON.parse(json);
    expect(comparisons).toContainEqual({
      path: 'networking.hostId',
      declared: true,
      verdict: 'same',
      ours: '"92bbb1e6"',
      theirs: '"92bbb1e6"',
    });
    // The port of a service that is on: NixOS's own module opens it.
    expect(comparisons).toContainEqual({
      path: 'networking.firewall.allowedTCPPorts',
      declared: false,
      verdict: 'added',
      ours: '[ ]',
      theirs: '[ 22 ]',
    });
    expect([nixOnly, refusals]).toEqual([[], []]);
  });

  it('lists a value that Nix has otherwise, and an assertion that does not hold', async () => {
    await using homelab = await emitted();
    const file = join(homelab.folder, 'config/nix/hosts/hl02/configuration.nix');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"hl02"', '"other"'));
    const hardware = join(homelab.folder, 'config/nix/hosts/hl02/hardware.nix');
    await writeFile(
      hardware,
      '{ assertions = [ { assertion = false; message = "The moon is not full."; } ]; }\n',
    );
    const { status, stdout } = await evalIn(homelab.folder, 'hl02');
    expect(stdout).toContain('  networking.hostName\n    here  "hl02"\n    Nix   "other"\n');
    expect(stdout).toContain('NixOS refuses hl02: The moon is not full.\n');
    expect(stdout).toMatch(/✗ hl02: .* 1 different$/);
    expect(status).toBe(1);
  });

  it('compares plain options outside the typed surface, and names what only Nix knows', async () => {
    await using homelab = await emitted({
      'hosts/hl02/hardware.ts': `
        import { defineModule, nix } from 'bootproof';
        export default defineModule(({ lib }) => ({
          time: { timeZone: nix\`"Europe" + "/Berlin"\` },
          freeform: {
            warnings: ['The moon is full.'],
            system: { name: lib.mkForce('raw') },
          },
        }));
      `,
    });
    const { status, stdout } = await evalIn(homelab.folder, 'hl02', '--all');
    expect(stdout).toContain('  warnings = [ "The moon is full." ]\n');
    expect(stdout).toContain('  time.timeZone: known to Nix only\n');
    expect(stdout).toContain('  system.name: known to Nix only\n');
    expect(stdout).toMatch(/, 2 known to Nix only$/);
    expect(status).toBe(0);
  });

  it('says what is wrong when Nix cannot evaluate the flake', async () => {
    await using homelab = await emitted();
    await appendFile(join(homelab.folder, 'config/nix/hosts/hl02/disko.nix'), '}');
    const { status, stderr } = await evalIn(homelab.folder, 'hl02');
    expect(stderr).toContain('Nix could not evaluate the flake in ');
    expect(stderr).toMatch(/syntax error.*disko\.nix/s);
    expect(stderr).toContain('Run `bootproof emit` if it is out of date.');
    expect(status).toBe(2);
  });

  it('needs a Nix, and a host that exists', async () => {
    const without = await bootproof(['eval', 'hl02'], { env: { PATH: '/nonexistent' } });
    expect(without.stderr).toContain(
      'The two evaluations cannot be compared: nix is not installed.\nInstall Nix',
    );
    expect(without.status).toBe(3);
    const unknown = await bootproof(['eval', 'hl03']);
    expect(unknown.stderr).toContain('There is no host hl03');
    expect(unknown.status).toBe(2);
  });
});
