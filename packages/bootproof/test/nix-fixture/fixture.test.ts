import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../cli/command.ts';
import { evaluateNix, nixFolder, runNix, standInInputs, standIns } from './nix.ts';

/** What all expressions here start with. */
const prelude = `
  with import ${join(standIns, 'nixpkgs')} { system = "x86_64-linux"; };
  with lib;
  let
    nixos = modules: import (path + "/nixos/lib/eval-config.nix") { inherit modules; system = "x86_64-linux"; };
    int = mkOption { type = types.int; };
    evaluate = modules: (evalModules { inherit modules; }).config;
    # A value through definitions of one option, each in a module of its own.
    merge = type: values: (evaluate ([ { options.it = mkOption { inherit type; }; } ] ++ map (it: { inherit it; }) values)).it;
    test = module: testers.runNixOSTest {
      name = "t";
      nodes.one = module;
      testScript = "";
    };
    node = module: (test module).nodes.one;
  in
`;

const evaluated = (expression: string) => evaluateNix(prelude + expression);

/** What Nix says when an expression cannot be evaluated, on one line. */
async function complaint(expression: string): Promise<string> {
  const reason = await evaluated(expression).then(
    (value) => `no error, but ${JSON.stringify(value)}`,
    (error: unknown) => (error as Error).message,
  );
  return reason.replace(/\s+/g, ' ');
}

describe('the module system', () => {
  it('merges by priority, condition, order and type', async () => {
    const values = await evaluated(`{
      priorities = {
        default = merge types.int [ (mkDefault 1) (mkOptionDefault 0) ];
        plain = merge types.int [ (mkDefault 1) 2 ];
        force = merge types.int [ (mkForce 3) 2 (mkOverride 60 4) ];
        vm = merge types.int [ (mkForce 3) (mkVMOverride 5) ];
      };
      # The condition depends on what the set around it defines: only possible when mkIf is handed to the members.
      pushedDown = evaluate [
        ({ config, ... }: {
          options = { a = int; b = int; c = int; };
          config = mkMerge [ { a = 1; } (mkIf (config.a == 1) { b = 2; }) (mkIf (config.a == 2) { b = 4; }) (mkIf (config.b == 2) { c = 3; }) ];
        })
      ];
      forcedSet = merge (types.attrsOf types.int) [ (mkForce { a = 1; }) { a = 2; b = 2; } ];
      order = merge (types.listOf types.str) [ [ "first" ] (mkAfter [ "after" ]) [ "second" ] (mkBefore [ "before" ]) ];
      imported = (evaluate [ {
        options.list = mkOption { type = types.listOf types.str; };
        imports = [ { list = [ "a" ]; } { list = [ "b" ]; } ];
        config.list = [ "own" ];
      } ]).list;
      lines = merge types.lines [ "one" "two" ];
      submodule = merge (types.attrsOf (types.submodule ({ name, config, ... }: {
        freeformType = types.attrsOf types.int;
        options.label = mkOption { type = types.str; default = name; };
        options.twice = mkOption { type = types.str; readOnly = true; default = config.label + config.label; };
      }))) [ { x.extra = 1; } { x.label = "l"; y = { }; } ];
      ownDefinitionsFirst = merge (types.submodule {
        options.list = mkOption { type = types.listOf types.str; };
        config.list = [ "type" ];
      }) [ { list = [ "definition" ]; } ];
      applied = (evaluate [ { options.a = mkOption { type = types.int; default = 1; apply = toString; }; } ]).a;
      extended = ((evalModules { modules = [ { options.a = int; config.a = mkDefault 1; } ]; })
        .extendModules { modules = [ { a = 2; } ]; }).config.a;
    }`);

    expect(values).toEqual({
      priorities: { default: 1, plain: 2, force: 3, vm: 5 },
      pushedDown: { a: 1, b: 2, c: 3 },
      forcedSet: { a: 1 },
      // Of modules side by side the last comes first.
      order: ['before', 'second', 'first', 'after'],
      imported: ['b', 'a', 'own'],
      lines: 'two\none',
      submodule: { x: { extra: 1, label: 'l', twice: 'll' }, y: { label: 'y', twice: 'yy' } },
      ownDefinitionsFirst: { list: ['type', 'definition'] },
      applied: '1',
      extended: 2,
    });
  });

  it.each([
    [
      'a value of another type',
      '(evaluate [ { _file = "here.nix"; options.a = int; config.a = "1"; } ]).a',
      "A definition for option `a' is not of type `signed integer'. Definition values: - In `here.nix': \"1\"",
    ],
    [
      'an option that does not exist',
      '(evaluate [ { options.a = int; } { _file = "there.nix"; b.c = 1; } ])',
      "The option `b' does not exist. Definition values: - In `there.nix': { c = 1; }",
    ],
    [
      'values that differ',
      'merge types.int [ 1 2 ]',
      "The option `it' has conflicting definition values: - In `<unknown-file>': 2 - In `<unknown-file>': 1",
    ],
    ['no value', '(evaluate [ { options.a = int; } ]).a', "The option `a' was accessed but has no value"],
    [
      'a read-only option that is set, even by mkDefault',
      '(evaluate [ { options.a = mkOption { readOnly = true; default = 1; }; config.a = mkDefault 1; } ]).a',
      "The option `a' is read-only, but it's set multiple times",
    ],
    [
      'an assertion that fails',
      '(nixos [ { assertions = [ { assertion = false; message = "so not"; } ]; } ]).config.system.build.toplevel.drvPath',
      'Failed assertions: - so not',
    ],
    [
      'an argument that nobody gives',
      '(evaluate [ ({ inputs, ... }: { options.a = int; config.a = inputs; }) ]).a',
      "attribute 'inputs' missing",
    ],
  ])('refuses %s', async (_what, expression, message) => {
    expect(await complaint(expression)).toContain(message);
  });
});

describe('the NixOS options', () => {
  it('are all that the reference lists', async () => {
    const reference = await readFile(join(repository, 'docs/reference/options.md'), 'utf8');
    const paths = [...reference.matchAll(/^- \[`(.+)`\]/gm)].map(([, path = '']) => path);
    const missing = await evaluated(`
      let
        disko = ${join(standIns, 'disko')}/module.nix;
        # Whether there is an option at a path below a set of options or a type; <name> and * are any member.
        has = at: path:
          if at._type or null == "option" then path == [ ] || has at.type path
          else if at._type or null == "option-type" then
            if at.getSubModules != null then has (evalModules { modules = at.getSubModules; }).options path
            else if elem (head path) [ "<name>" "*" ] then
              at.nestedTypes ? elemType && (tail path == [ ] || has at.nestedTypes.elemType (tail path))
            else at.nestedTypes ? elemType && has at.nestedTypes.elemType path
          else path != [ ] && at ? \${head path} && has at.\${head path} (tail path);
      in filter
        (path: !(has (nixos [ disko ]).options (splitString "." path)))
        (builtins.fromJSON ''${JSON.stringify(paths)}'')`);

    expect(paths.length).toBeGreaterThan(100);
    expect(missing).toEqual([
      // What a disk holds is chosen by its type: the layout's own test looks into it.
      ...paths.filter((path) => path.startsWith('disko.devices.disk.<name>.content.')),
      // NixOS takes it freely.
      'nix.settings.experimental-features',
    ]);
  });

  it('have defaults, and definitions that follow from others', async () => {
    const values = await evaluated(`
      let
        bare = (nixos [ ]).config;
        ssh = (nixos [ { services.openssh = { enable = true; ports = [ 2222 22 ]; }; } ]).config;
      in {
        hostId = bare.networking.hostId;
        closed = bare.networking.firewall.allowedTCPPorts;
        open = ssh.networking.firewall.allowedTCPPorts;
        keysFiles = ssh.services.openssh.authorizedKeysFiles;
        root = (settings: settings.PermitRootLogin) ssh.services.openssh.settings;
        agent = bare.services.qemuGuest.package.name;
        modules = (nixos [ { boot.kernelModules = [ "zz" "aa" ]; } ]).config.boot.kernelModules;
        system = (nixos [ { nixpkgs.hostPlatform = "aarch64-linux"; } ]).pkgs.stdenv.hostPlatform.system;
      }`);

    expect(values).toEqual({
      hostId: null,
      closed: [],
      open: [22, 2222],
      keysFiles: ['%h/.ssh/authorized_keys', '/etc/ssh/authorized_keys.d/%u'],
      root: 'prohibit-password',
      agent: 'qemu_kvm-ga-0',
      modules: ['aa', 'atkbd', 'loop', 'zz'],
      system: 'aarch64-linux',
    });
  });
});

describe('the test framework', () => {
  it('makes its nodes what NixOS makes of them', async () => {
    const values = await evaluated(`
      let
        host = {
          fileSystems."/" = { device = "/dev/vda2"; fsType = "xfs"; };
          networking.hostName = "host";
          system.stateVersion = mkDefault "24.11";
          boot.consoleLogLevel = mkDefault 3;
          services.qemuGuest.package = mkDefault hello;
          virtualisation.qemu.options = [ "-device a" "-device b" ];
        };
        made = test host;
        withScript = testers.runNixOSTest {
          name = "script";
          nodes = { alpha = { }; beta = { }; };
          node.specialArgs.inputs.word = "given";
          defaults = { inputs, ... }: { environment.variables.WORD = inputs.word; };
          testScript = { nodes, ... }: "# " + nodes.beta.networking.hostName + nodes.alpha.environment.variables.WORD;
        };
      in {
        name = made.name;
        hostName = (node { }).networking.hostName;
        ownHostName = made.nodes.one.networking.hostName;
        agent = (node { }).services.qemuGuest.enable;
        agentOff = (node { virtualisation.qemu.guestAgent.enable = false; }).services.qemuGuest.enable;
        root = { inherit (made.nodes.one.fileSystems."/") device fsType; };
        options = filter (hasPrefix "-device") made.nodes.one.virtualisation.qemu.options;
        stateVersion = made.nodes.one.system.stateVersion;
        frameworksStateVersion = (node { }).system.stateVersion;
        consoleLogLevel = made.nodes.one.boot.consoleLogLevel;
        script = withScript.config.testScriptString;
        driver = withScript.driver.testScript == withScript.config.testScriptString;
        interactive = withScript.driverInteractive.extraDriverArgs;
        features = withScript.requiredSystemFeatures;
        primary = mapAttrs (_: node: node.networking.primaryIPAddress) withScript.nodes;
        evaluates = isString made.drvPath;
      }`);

    expect(values).toEqual({
      name: 'vm-test-run-t',
      hostName: 'one',
      ownHostName: 'host',
      agent: true,
      agentOff: false,
      root: { device: '/dev/disk/by-label/nixos', fsType: 'ext4' },
      options: [
        '-device virtio-net-pci,netdev=vlan1,mac=52:54:00:12:01:01',
        '-device a',
        '-device b',
        '-device virtio-keyboard',
        '-device usb-tablet,bus=usb-bus.0',
      ],
      stateVersion: '24.11',
      frameworksStateVersion: '25.11',
      consoleLogLevel: 7,
      script: '# betagiven',
      driver: true,
      interactive: ['--interactive'],
      features: ['nixos-test', 'kvm'],
      primary: { alpha: '192.168.1.1', beta: '192.168.1.2' },
      evaluates: true,
    });
  });

  it.each([
    ['services.qemuGuest.enable', 'services.qemuGuest.enable = false;', 'has conflicting definition values'],
    ['services.timesyncd.enable', 'services.timesyncd.enable = true;', 'has conflicting definition values'],
    ['boot.consoleLogLevel', 'boot.consoleLogLevel = 4;', 'has conflicting definition values'],
    [
      'networking.usePredictableInterfaceNames',
      'networking.usePredictableInterfaceNames = true;',
      'has conflicting definition values',
    ],
    [
      'systemd.services."serial-getty@ttyS0".enable',
      'systemd.services."serial-getty@ttyS0".enable = true;',
      'has conflicting definition values',
    ],
    ['services.qemuGuest.package', 'services.qemuGuest.package = hello;', 'is defined multiple times'],
    [
      'system.stateVersion',
      'imports = [ { system.stateVersion = "24.11"; } ]; system.stateVersion = "25.11";',
      'has conflicting definition values',
    ],
    ['nixpkgs.hostPlatform', 'nixpkgs.hostPlatform = mkDefault "x86_64-linux";', 'is read-only'],
    ['nixpkgs.config', 'nixpkgs.config.allowUnfree = true;', 'nixpkgs.config is set to read-only'],
    ['nixpkgs.overlays', 'nixpkgs.overlays = [ ];', 'nixpkgs.overlays is set to read-only'],
  ])('refuses a plain %s of a tested module', async (option, definitions, message) => {
    const said = await complaint(`(test { ${definitions} }).drvPath`);

    expect(said).toContain(`The option \`nodes.one.${option}' `);
    expect(said).toContain(message);
  });

  it('refuses imports that depend on config', async () => {
    expect(
      await complaint(
        '(test ({ config, ... }: { imports = optional config.boot.growPartition { }; })).drvPath',
      ),
    ).toContain('infinite recursion');
  });
});

describe('the flakes', () => {
  const files = {
    'flake.nix': `{
      inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
      inputs.disko = { url = "github:nix-community/disko/latest"; inputs.nixpkgs.follows = "nixpkgs"; };
      outputs = inputs: {
        nixosConfigurations.host = inputs.nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ ./host.nix { nixpkgs.hostPlatform = "x86_64-linux"; } ];
        };
        checks.x86_64-linux.host-test = inputs.nixpkgs.legacyPackages.x86_64-linux.testers.runNixOSTest {
          name = "host-test";
          nodes.host = { };
          testScript = "machine.succeed('true')";
        };
      };
    }`,
    'host.nix': `{ inputs, lib, ... }: {
      imports = [ inputs.disko.nixosModules.disko ];
      networking.hostName = "host";
      system.stateVersion = "25.11";
      boot.loader.systemd-boot.enable = true;
      disko.devices.disk.main = {
        device = "/dev/vda";
        content = {
          type = "gpt";
          partitions.ESP = { size = "512M"; type = "EF00"; content = {
            type = "filesystem"; format = "vfat"; mountpoint = "/boot"; mountOptions = [ "umask=0077" ];
          }; };
          partitions.root = { size = "100%"; content = { type = "filesystem"; format = "ext4"; mountpoint = "/"; }; };
          partitions.swap = { size = "1G"; content.type = "swap"; };
        };
      };
    }`,
  };

  async function flake(): Promise<string> {
    const folder = join(nixFolder(), 'tmp/flake');
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return `path:${folder}`;
  }

  it('are taken in the place of nixpkgs and disko, without a network', async () => {
    const tree = await flake();
    const [check, show] = await Promise.all([
      runNix(['flake', 'check', '--no-build', ...standInInputs(), tree]),
      runNix(['flake', 'show', '--json', ...standInInputs(), tree]),
    ]);

    expect(check).toMatchObject({ status: 0 });
    expect(JSON.parse(show.stdout)).toMatchObject({
      checks: { 'x86_64-linux': { 'host-test': { name: 'vm-test-run-host-test' } } },
      nixosConfigurations: { host: { type: 'nixos-configuration' } },
    });
  });

  it('derive file systems from the layout as disko does', async () => {
    const { stdout } = await runNix([
      ...['eval', '--json', ...standInInputs(), `${await flake()}#nixosConfigurations.host.config`],
      ...[
        '--apply',
        'c: { inherit (c) fileSystems; swap = map (s: s.device) c.swapDevices; inherit (c.disko.devices.disk.main) content; }',
      ],
    ]);

    expect(JSON.parse(stdout)).toMatchObject({
      fileSystems: {
        '/': {
          device: '/dev/disk/by-partlabel/disk-main-root',
          fsType: 'ext4',
          options: ['x-initrd.mount', 'defaults'],
        },
        '/boot': {
          device: '/dev/disk/by-partlabel/disk-main-ESP',
          fsType: 'vfat',
          options: ['umask=0077'],
        },
      },
      swap: ['/dev/disk/by-partlabel/disk-main-swap'],
      content: {
        partitions: {
          ESP: { _index: 1, end: '+512M', priority: 1000 },
          root: { _index: 3, end: '-0', priority: 9001 },
          swap: { _index: 2, type: '8200' },
        },
      },
    });
  });

  it('build the disk image as a copy of the given file, and no test', async () => {
    const image = join(nixFolder(), 'tmp/image');
    await writeFile(image, 'bootable');
    const tree = await flake();
    const build = (attribute: string) =>
      runNix(['build', '--json', '--no-link', ...standInInputs({ image }), `${tree}#${attribute}`]);

    const images = await build('nixosConfigurations.host.config.system.build.diskoImages');
    const [{ outputs }] = JSON.parse(images.stdout) as [{ outputs: { out: string } }];
    expect(await readFile(join(outputs.out, 'main.raw'), 'utf8')).toBe('bootable');
    expect(outputs.out).toContain(join(nixFolder(), 'store'));

    expect((await build('checks.x86_64-linux.host-test')).status).not.toBe(0);
  });
});
