// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings hold the TypeScript and the Nix of a homelab
import { describe, expect, it } from 'vitest';
import { rendered } from './support.ts';

/** `{ networking: { domain: … } }` */
const domain = (value: string): string => `{ networking: { domain: ${value} } }`;
const params = (value: string): string => `{ boot: { kernelParams: ${value} } }`;

/** What a module with one option becomes. */
const nixModule = (path: string, value: string, args = '{ lib, ... }:\n'): string =>
  `${args}{\n  ${path} = ${value};\n}\n`;

describe('properties become the calls of nixpkgs that they are named after', () => {
  it.each([
    ['mkDefault', domain("mkDefault('lan')"), 'networking.domain', 'lib.mkDefault "lan"'],
    ['mkForce', domain("mkForce('lan')"), 'networking.domain', 'lib.mkForce "lan"'],
    ['mkVMOverride', domain("mkVMOverride('lan')"), 'networking.domain', 'lib.mkVMOverride "lan"'],
    ['mkOverride', domain("mkOverride(60, 'lan')"), 'networking.domain', 'lib.mkOverride 60 "lan"'],
    [
      'mkOverride with the number of another',
      domain("mkOverride(1000, 'lan')"),
      'networking.domain',
      'lib.mkDefault "lan"',
    ],
    [
      'mkOverride with that of an option’s default',
      params("mkOverride(1500, ['quiet'])"),
      'boot.kernelParams',
      'lib.mkOptionDefault [ "quiet" ]',
    ],
    ['mkBefore', params("mkBefore(['quiet'])"), 'boot.kernelParams', 'lib.mkBefore [ "quiet" ]'],
    ['mkAfter', params("mkAfter(['quiet'])"), 'boot.kernelParams', 'lib.mkAfter [ "quiet" ]'],
    ['mkOrder', params("mkOrder(700, ['quiet'])"), 'boot.kernelParams', 'lib.mkOrder 700 [ "quiet" ]'],
    ['mkIf', domain("mkIf(true, 'lan')"), 'networking.domain', 'lib.mkIf true "lan"'],
    [
      'one in another',
      params("mkIf(false, mkForce(mkBefore(['quiet'])))"),
      'boot.kernelParams',
      'lib.mkIf false (lib.mkForce (lib.mkBefore [ "quiet" ]))',
    ],
    [
      'a negative number',
      params("mkOrder(-1, ['quiet'])"),
      'boot.kernelParams',
      'lib.mkOrder (-1) [ "quiet" ]',
    ],
    [
      'lib’s own',
      `({ lib }) => (${domain("lib.mkDefault('lan')")})`,
      'networking.domain',
      'lib.mkDefault "lan"',
    ],
  ])('%s', async (_name, body, path, value) => {
    expect(await rendered(body)).toBe(nixModule(path, value));
  });

  it('mkMerge holds a list of definitions', async () => {
    expect(
      await rendered("{ networking: mkMerge([{ domain: 'lan' }, mkIf(false, { enableIPv6: false })]) }"),
    ).toBe(`{ lib, ... }:
{
  networking = lib.mkMerge [
    { domain = "lan"; }
    (lib.mkIf false { enableIPv6 = false; })
  ];
}
`);
  });

  it('around a whole module they stand under config', async () => {
    expect(
      await rendered(
        "({ config }) => mkIf(config.services.openssh.enable, { networking: { domain: 'lan' }, boot: { loader: { timeout: 3 } } })",
      ),
    ).toBe(`{ config, lib, ... }:
{
  config = lib.mkIf config.services.openssh.enable {
    networking.domain = "lan";
    boot.loader.timeout = 3;
  };
}
`);
  });
});

describe('conditions', () => {
  const condition = async (text: string): Promise<string> => {
    const whole = await rendered(
      `({ config: { services: { openssh, qemuGuest }, networking } }) => ({ networking: { domain: mkIf(${text}, 'lan') } })`,
    );
    return /mkIf (.*) "lan";/.exec(whole)?.[1] ?? whole;
  };

  it.each([
    ['a reference', 'openssh.enable', 'config.services.openssh.enable'],
    ['not', 'not(openssh.enable)', '(!config.services.openssh.enable)'],
    [
      'and',
      'and(openssh.enable, qemuGuest.enable)',
      '(config.services.openssh.enable && config.services.qemuGuest.enable)',
    ],
    [
      'or below and',
      'and(or(openssh.enable, false), not(networking.useDHCP))',
      '((config.services.openssh.enable || false) && !config.networking.useDHCP)',
    ],
    ['equals', "equals(networking.hostName, 'hl02')", '(config.networking.hostName == "hl02")'],
    ['not equals', 'not(equals(networking.hostId, null))', '(config.networking.hostId != null)'],
    ['equality of lists', 'equals(openssh.ports, [22])', '(config.services.openssh.ports == [ 22 ])'],
    ['raw Nix', 'nix`1 + 1 == 2`', '(1 + 1 == 2)'],
  ])('%s', async (_name, typescript, nix) => {
    expect(await condition(typescript)).toBe(nix);
  });
});

describe('values that only Nix knows', () => {
  it('packages, inputs, references and files under modulesPath name the arguments that they need', async () => {
    expect(
      await rendered(`({ config, inputs, modulesPath, pkgs }) => ({
        imports: [inputs.disko.nixosModules.disko, modulesPath.file('profiles/qemu-guest.nix')],
        networking: { domain: config.networking.hostName },
        environment: { systemPackages: [pkgs.python3Packages.requests] },
      })`),
    ).toBe(`{
  config,
  inputs,
  modulesPath,
  pkgs,
  ...
}:
{
  imports = [
    inputs.disko.nixosModules.disko
    (modulesPath + "/profiles/qemu-guest.nix")
  ];

  networking.domain = config.networking.hostName;
  environment.systemPackages = [ pkgs.python3Packages.requests ];
}
`);
  });

  it('a raw expression is put as it stands, with its gaps filled', async () => {
    expect(
      await rendered(
        '({ config, pkgs }) => ({ environment: { systemPackages: nix`lib.optional ${config.nix.enable} ${pkgs.htop}` } })',
      ),
    ).toBe(
      nixModule(
        'environment.systemPackages',
        'lib.optional config.nix.enable pkgs.htop',
        '{\n  config,\n  lib,\n  pkgs,\n  ...\n}:\n',
      ),
    );
  });

  it('a text has its gaps in a string, escaped around them', async () => {
    expect(
      await rendered(
        '({ config }) => ({ networking: { search: [text`$\\{x} "${config.networking.hostName}".${"lan"}`] } })',
      ),
    ).toBe(`{ config, ... }:
{
  networking.search = [ ''''\${x} "\${config.networking.hostName}".lan'' ];
}
`);
  });

  it('a number in a text is made a string, since Nix does not do so by itself', async () => {
    expect(
      await rendered(
        '({ config }) => ({ services: { openssh: { banner: text`${config.boot.consoleLogLevel} of ${7} on ${config.networking.hostName}\\n` } } })',
      ),
    ).toBe(`{ config, ... }:
{
  services.openssh.banner = ''
    \${toString config.boot.consoleLogLevel} of 7 on \${config.networking.hostName}
  '';
}
`);
  });
});
