import { describe, expect, it } from 'vitest';
import { bootproof, homelabWith } from '../cli/command.ts';
import { runNix, standInInputs } from '../nix-fixture/nix.ts';
import { emittedFrom, type Files, moduleText, textOf, written } from './support.ts';

const legacy = `# Brought along from the old host: tabs,	trailing spaces   and all.
{ config, lib, pkgs, ... }:

{
  imports = [ ./parts ../../roles/old.nix ];
  networking.domain = lib.mkDefault "legacy.lan";
  environment.etc."motd".source = ./files/motd;
  environment.etc."folder".source = ./files/more/.;
  # ./files/not-there is named in a comment alone
}
`;

const files: Files = {
  'hosts/hl02/hardware.ts': moduleText("{ imports: [nixFile('./legacy.nix')] }"),
  'hosts/hl02/legacy.nix': legacy,
  'hosts/hl02/parts/default.nix': '{ imports = [ ./ports.nix ]; }\n',
  'hosts/hl02/parts/ports.nix': '{ networking.firewall.allowedTCPPorts = [ 8443 ]; }\n',
  'hosts/hl02/files/motd': 'welcome\n',
  'hosts/hl02/files/more/a': 'a\n',
  'hosts/hl02/files/more/deep/b.conf': 'b\n',
  'hosts/hl02/files/unnamed': 'stays\n',
  'roles/old.nix': '{ services.openssh.ports = [ 2222 ]; }\n',
  'roles/unnamed.nix': '{ }\n',
};

describe('a Nix module that a host already has', () => {
  it('is copied as it is, with the files that it and its imports name', async () => {
    const tree = await emittedFrom(files);

    expect(textOf(tree, 'hosts/hl02/legacy.nix')).toBe(legacy);
    expect(textOf(tree, 'hosts/hl02/hardware.nix')).toContain('imports = [ ./legacy.nix ];');
    const plain = await emittedFrom({});
    expect([...tree.keys()].filter((path) => !plain.has(path)).sort()).toEqual([
      'hosts/hl02/files/more/a',
      'hosts/hl02/files/more/deep/b.conf',
      'hosts/hl02/files/motd',
      'hosts/hl02/legacy.nix',
      'hosts/hl02/parts/default.nix',
      'hosts/hl02/parts/ports.nix',
      'roles/old.nix',
    ]);
    expect(tree.get('hosts/hl02/files/motd')).toEqual({
      text: 'welcome\n',
      from: 'config/hosts/hl02/files/motd',
    });
  });

  it('takes effect in the host’s configuration', async () => {
    const folder = await written(await emittedFrom(files));
    const { stdout, stderr } = await runNix([
      ...['eval', '--json', ...standInInputs(), `path:${folder}#nixosConfigurations.hl02.config`],
      ...[
        '--apply',
        `c: {
          inherit (c.networking) domain hostName;
          firewall = c.networking.firewall.allowedTCPPorts;
          inherit (c.services.openssh) ports;
          motd = builtins.readFile c.environment.etc.motd.source;
          folder = builtins.attrNames (builtins.readDir c.environment.etc.folder.source);
        }`,
      ],
    ]);

    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toEqual({
      domain: 'legacy.lan',
      hostName: 'hl02',
      firewall: [2222, 8443],
      ports: [2222],
      motd: 'welcome\n',
      folder: ['a', 'deep'],
    });
  });

  it('is listed by the plan as what only Nix can see', async () => {
    await using homelab = await homelabWith(files);
    const { stdout } = await bootproof(['plan', 'hl02', '--json'], { cwd: homelab.folder });

    const { notProvable } = JSON.parse(stdout) as { notProvable: readonly object[] };
    expect(JSON.stringify(notProvable)).toContain('./legacy.nix');
  });
});
