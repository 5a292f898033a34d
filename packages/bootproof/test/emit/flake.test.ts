import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pins } from '../../src/emit/flake.ts';
import { repository } from '../cli/command.ts';
import { runNix, standInInputs } from '../nix-fixture/nix.ts';
import { emittedFrom, type Files, moduleText, textOf, written } from './support.ts';

/** config/nix, as it is committed. */
const committed = join(repository, 'config/nix');

/** A host with everything that a module may hold. */
const rich: Files = {
  'hosts/hl02/hardware.ts': moduleText(
    `(({ config, inputs, lib, modulesPath, pkgs }) => ({
      description: \`
        Everything: */ '' \\\${x}

        # and a second paragraph
      \`,
      imports: [own, modulesPath.file('profiles/qemu-guest.nix'), nixFile('./odd name.nix'), nixFile('./folder')],
      freeform: { nixpkgs: { config: { 'with': { 'a b': [-1, 0.5, null, [[]], {}], 'c.d': true } } } },
      // A comment with */ and \${x}
      services: mkMerge([
        { openssh: { ports: mkForce([2222, 22]), banner: text\`\${config.networking.hostName} \${config.boot.consoleLogLevel}\\n  ''\\\${x}\\n\` } },
        mkIf(and(not(not(config.nix.enable)), or(config.networking.useDHCP, equals(config.networking.domain, null))), {
          openssh: { extraConfig: "''quoted'' $" },
        }),
      ]),
      boot: { kernelParams: mkBefore(['a\\\\b', '\\u0007', 'ünïcödé']) },
      environment: { systemPackages: nix\`with pkgs; [ \${pkgs.vim}
        htop ]\` },
      users: { users: { 'in': { isNormalUser: true, openssh: { authorizedKeys: { keyFiles: [path('./odd name.nix')] } } } } },
    }))`,
    { own: './own.ts' },
  ),
  'hosts/hl02/own.ts': `
    import { defineModule, mkAfter } from 'bootproof';
    const inner = defineModule(({ config }) => ({ networking: { search: mkAfter([config.networking.hostName]) } }));
    export default defineModule({ imports: [inner] });
  `,
  'hosts/hl02/odd name.nix': '{ }\n',
  'hosts/hl02/folder/default.nix': '{ imports = [ ./other.nix ]; }\n',
  'hosts/hl02/folder/other.nix': '{ }\n',
};

/** hl02 under another name. */
async function copyOfHl02(name: string): Promise<Files> {
  const folder = join(repository, 'config/hosts/hl02');
  const files = (await readdir(folder)).map(async (file): Promise<[string, string]> => {
    const text = await readFile(join(folder, file), 'utf8');
    return [`hosts/${name}/${file}`, text.replaceAll('hl02', name)];
  });
  return Object.fromEntries(await Promise.all(files));
}

const show = (folder: string) => runNix(['flake', 'show', '--json', ...standInInputs(), `path:${folder}`]);

describe('what is emitted', () => {
  it('is accepted by Nix’s parser, file by file', async () => {
    const tree = await emittedFrom(rich);
    const folder = await written(tree);
    const files = [...tree.keys()].filter((path) => path.endsWith('.nix'));

    const { status, stderr, stdout } = await runNix(['--parse', ...files.map((file) => join(folder, file))], {
      command: 'nix-instantiate',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(files).toContain('hosts/hl02/odd name.nix');
    expect(stdout.trimEnd().split('\n')).toHaveLength(files.length);
  });

  it('has in Nix the values that it has in TypeScript', async () => {
    const apply = `c: {
      inherit (c.services.openssh) ports banner extraConfig;
      params = builtins.filter (each: !(builtins.elem each [ "loglevel=4" "root=fstab" ])) c.boot.kernelParams;
      packages = map (each: each.name) c.environment.systemPackages;
      keyFiles = map (each: builtins.readFile each) c.users.users."in".openssh.authorizedKeys.keyFiles;
      inherit (c.networking) search;
      freeform = c.nixpkgs.config;
    }`;
    const folder = await written(await emittedFrom(rich));
    const { stdout, stderr } = await runNix([
      ...['eval', '--json', ...standInInputs(), `path:${folder}#nixosConfigurations.hl02.config`],
      ...['--apply', apply],
    ]);

    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ports: [2222, 22],
      banner: `hl02 4\n  ''\${x}\n`,
      extraConfig: "''quoted'' $",
      params: ['a\\b', '\u0007', 'ünïcödé', 'console=ttyS0'],
      packages: [expect.stringMatching(/^vim/), expect.stringMatching(/^htop/)],
      keyFiles: ['{ }\n'],
      search: ['hl02'],
      freeform: { with: { 'a b': [-1, 0.5, null, [[]], {}], 'c.d': true } },
    });
  });

  it('is what config/nix holds', async () => {
    for (const [path, { text }] of await emittedFrom({})) {
      expect(await readFile(join(committed, path), 'utf8'), path).toBe(text);
    }
  });
});

describe('the flake of this repository', () => {
  it('shows its host and the host’s test', async () => {
    expect(JSON.parse((await show(committed)).stdout)).toEqual({
      checks: { 'x86_64-linux': { 'hl02-test': { type: 'derivation', name: 'vm-test-run-hl02-test' } } },
      devShells: { 'x86_64-linux': { default: expect.objectContaining({ type: 'derivation' }) } },
      formatter: { 'x86_64-linux': expect.objectContaining({ type: 'derivation' }) },
      nixosConfigurations: { hl02: { type: 'nixos-configuration' } },
    });
  });

  it('passes nix flake check, builds aside', async () => {
    const { status, stderr } = await runNix([
      'flake',
      'check',
      '--no-build',
      ...standInInputs(),
      `path:${committed}`,
    ]);

    expect(stderr).not.toContain('error');
    expect(status).toBe(0);
  });

  it('has the values that were declared', async () => {
    const apply = `c: {
      inherit (c.networking) hostName hostId useDHCP;
      inherit (c.system) stateVersion;
      inherit (c.boot) kernelParams;
      inherit (c.services.openssh) ports hostKeys settings;
      inherit (c.fileSystems."/boot") options;
      loader = { inherit (c.boot.loader) timeout; inherit (c.boot.loader.systemd-boot) enable; efi = c.boot.loader.efi.canTouchEfiVariables; };
      initrd = builtins.filter (name: builtins.match "virtio_.*" name != null) c.boot.initrd.availableKernelModules;
      agent = c.services.qemuGuest.enable;
      disk = c.disko.devices.disk.main.device;
      fileSystems = builtins.mapAttrs (_: each: { inherit (each) device fsType; }) c.fileSystems;
      features = c.nix.settings.experimental-features;
      platform = c.nixpkgs.hostPlatform.system;
      toplevel = c.system.build.toplevel.type;
      images = c.system.build.diskoImages.type;
    }`;
    const { stdout, stderr } = await runNix([
      ...['eval', '--json', ...standInInputs(), `path:${committed}#nixosConfigurations.hl02.config`],
      ...['--apply', apply],
    ]);

    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toEqual({
      hostName: 'hl02',
      hostId: '92bbb1e6',
      useDHCP: true,
      stateVersion: '25.11',
      kernelParams: expect.arrayContaining(['console=ttyS0']),
      ports: [22],
      hostKeys: [{ type: 'ed25519', path: '/etc/ssh/ssh_host_ed25519_key' }],
      settings: expect.objectContaining({
        PasswordAuthentication: false,
        KbdInteractiveAuthentication: false,
        PermitRootLogin: 'prohibit-password',
      }),
      options: ['umask=0077'],
      loader: { timeout: 1, enable: true, efi: true },
      initrd: ['virtio_blk', 'virtio_net', 'virtio_pci', 'virtio_scsi'],
      agent: true,
      disk: '/dev/vda',
      fileSystems: {
        '/': { device: '/dev/disk/by-partlabel/disk-main-root', fsType: 'ext4' },
        '/boot': { device: '/dev/disk/by-partlabel/disk-main-ESP', fsType: 'vfat' },
      },
      features: ['nix-command', 'flakes'],
      platform: 'x86_64-linux',
      toplevel: 'derivation',
      images: 'derivation',
    });
  });

  it('is locked to the given commits, and Nix takes the lock as it is', async () => {
    const { status, stdout, stderr } = await runNix([
      'flake',
      'metadata',
      '--json',
      '--no-update-lock-file',
      `path:${committed}`,
    ]);
    const text = await readFile(join(committed, 'flake.lock'), 'utf8');

    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout).locks).toEqual(JSON.parse(text));
    const { nodes } = JSON.parse(text) as { nodes: Record<string, { locked?: unknown }> };
    for (const name of ['nixpkgs', 'disko'] as const) {
      const { owner, repo, rev, narHash, lastModified } = pins[name];
      expect(nodes[name]?.locked).toEqual({ type: 'github', owner, repo, rev, narHash, lastModified });
    }
  });
});

it('a host that is added as a folder appears as a system and as a test, and flake.nix stays as it is', async () => {
  const tree = await emittedFrom(await copyOfHl02('media-2'));
  const folder = await written(tree);
  const [shown, name] = await Promise.all([
    show(folder),
    runNix([
      ...['eval', '--raw', ...standInInputs()],
      `path:${folder}#nixosConfigurations.media-2.config.networking.hostName`,
    ]),
  ]);

  expect(JSON.parse(shown.stdout)).toMatchObject({
    checks: {
      'x86_64-linux': {
        'hl02-test': { name: 'vm-test-run-hl02-test' },
        'media-2-test': { name: 'vm-test-run-media-2-test' },
      },
    },
    nixosConfigurations: { hl02: {}, 'media-2': {} },
  });
  expect(name.stdout).toBe('media-2');
  expect(textOf(tree, 'flake.nix')).toBe(await readFile(join(committed, 'flake.nix'), 'utf8'));
});

it('an inline module that is imported twice counts once, as it does here', async () => {
  const tree = await emittedFrom({
    'hosts/hl02/hardware.ts': `
      import { defineModule } from 'bootproof';
      import { web, other } from '../../roles/ports.ts';
      export default defineModule({ imports: [web, other] });
    `,
    'roles/ports.ts': `
      import { defineModule } from 'bootproof';
      export const web = defineModule(({ config }) => ({ networking: { search: [config.networking.hostName] } }));
      export const other = defineModule({ imports: [web] });
    `,
  });
  const { stdout, stderr } = await runNix([
    ...['eval', '--json', ...standInInputs()],
    `path:${await written(tree)}#nixosConfigurations.hl02.config.networking.search`,
  ]);

  expect(stdout, stderr).toBe('["hl02"]');
});
