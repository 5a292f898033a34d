// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings hold the TypeScript and the Nix of a homelab
import { describe, expect, it } from 'vitest';
import { emittedFrom, moduleText, oneHost, rendered, textOf } from './support.ts';

describe('a module file', () => {
  it('has the description as its header, with its empty lines, and says where it comes from', async () => {
    const tree = await emittedFrom(
      oneHost({
        'hosts/a/hardware.ts': moduleText(`{
          description: \`
            The hardware of a.

            Nothing of it is special: \\\${x} "y".
          \`,
          networking: { useDHCP: true },
        }`),
      }),
    );

    expect(textOf(tree, 'hosts/a/hardware.nix')).toBe(`# The hardware of a.
#
# Nothing of it is special: \${x} "y".
#
# Emitted from hosts/a/hardware.ts: change that, not this.
{
  networking.useDHCP = true;
}
`);
    expect(tree.get('hosts/a/hardware.nix')?.from).toBe('config/hosts/a/hardware.ts');
  });

  it('without a description only says where it comes from; without definitions it is an empty set', async () => {
    expect(textOf(await emittedFrom(oneHost()), 'hosts/a/hardware.nix')).toBe(
      '# Emitted from hosts/a/hardware.ts: change that, not this.\n{ }\n',
    );
  });

  it('keeps the comments above definitions, and their order', async () => {
    expect(
      await rendered(`{
  services: {
    // Only over the VPN.
    openssh: {
      enable: true,
      /* Two lines
         of it. */
      ports: [2222],
      // Not of the number,
      // but of the text.
      banner: 'hello', // trailing ones stay in TypeScript
    },
  },
  // One parameter.
  boot: { kernelParams: ['quiet'] },
  networking: { enableIPv6: false, domain: 'lan', useDHCP: true },
}`),
    ).toBe(`{
  services = {
    # Only over the VPN.
    openssh = {
      enable = true;
      # Two lines
      # of it.
      ports = [ 2222 ];
      # Not of the number,
      # but of the text.
      banner = "hello";
    };
  };

  # One parameter.
  boot.kernelParams = [ "quiet" ];

  networking = {
    enableIPv6 = false;
    domain = "lan";
    useDHCP = true;
  };
}
`);
  });

  it('takes those arguments alone that it uses, also when the TypeScript takes more', async () => {
    expect(await rendered("({ config, inputs, lib, pkgs }) => ({ networking: { domain: 'lib.lan' } })")).toBe(
      '{\n  networking.domain = "lib.lan";\n}\n',
    );
    expect(
      await rendered('({ lib, pkgs }) => ({ environment: { systemPackages: lib.mkDefault([pkgs.vim]) } })'),
    ).toBe('{ lib, pkgs, ... }:\n{\n  environment.systemPackages = lib.mkDefault [ pkgs.vim ];\n}\n');
  });

  it('quotes names that Nix would not take, and escapes what it would expand', async () => {
    expect(
      await rendered(
        "{ i18n: { extraLocaleSettings: { LC_TIME: 'C', 'in': '${x}', 'two words': 'a\"b' } } }",
      ),
    ).toBe(`{
  i18n.extraLocaleSettings = {
    LC_TIME = "C";
    "in" = "\\\${x}";
    "two words" = ''a"b'';
  };
}
`);
  });
});

describe('options outside the typed surface', () => {
  it('stand among the typed ones, in one set', async () => {
    expect(
      await rendered(`{
  freeform: {
    // By hand.
    services: { fstrim: { enable: true } },
    zramSwap: { enable: true },
  },
  services: { openssh: { enable: true } },
}`),
    ).toBe(`{
  services = {
    openssh.enable = true;
    fstrim.enable = true;
  };

  zramSwap.enable = true;
}
`);
  });

  it('that meet a property there are merged with it', async () => {
    expect(
      await rendered(
        "({ config }) => ({ freeform: { networking: { nftables: true } }, networking: mkIf(config.nix.enable, { domain: 'lan' }) })",
      ),
    ).toBe(`{ config, lib, ... }:
{
  networking = lib.mkMerge [
    (lib.mkIf config.nix.enable { domain = "lan"; })
    { nftables = true; }
  ];
}
`);
  });

  it('may use arguments too', async () => {
    expect(
      await rendered(
        '({ pkgs }) => ({ freeform: { hardware: { firmware: [pkgs.linux-firmware] }, x: nix`config.y` } })'.replace(
          'pkgs.linux-firmware',
          "pkgs['linux-firmware']",
        ),
      ),
    ).toBe(`{ config, pkgs, ... }:
{
  hardware.firmware = [ pkgs.linux-firmware ];
  x = config.y;
}
`);
  });
});

describe('imports', () => {
  const host = (name: string, role = '../../roles/web/default.ts') => ({
    [`hosts/${name}/configuration.ts`]: moduleText(
      `{ imports: [role], networking: { hostName: '${name}' }, system: { stateVersion: '25.11' } }`,
      { role },
    ),
    [`hosts/${name}/default.ts`]: moduleText('{ imports: [configuration] }', {
      configuration: './configuration.ts',
    }),
    [`hosts/${name}/vm.ts`]: "import { defineVm } from 'bootproof';\nexport default defineVm({});\n",
  });
  const none = { 'hosts/hl02': null, roles: null };

  it('are relative, a folder’s default.nix by its folder; a role of two hosts is emitted once', async () => {
    const tree = await emittedFrom({
      ...none,
      ...host('one'),
      ...host('Two-2'),
      'roles/web/default.ts': moduleText('{ imports: [ports] }', { ports: './ports.ts' }),
      'roles/web/ports.ts': moduleText('{ imports: [base] }', { base: '../base/default.ts' }),
      'roles/base/default.ts': moduleText('{}'),
    });

    expect([...tree.keys()].sort()).toEqual([
      'flake.lock',
      'flake.nix',
      'hosts/Two-2/configuration.nix',
      'hosts/Two-2/default.nix',
      'hosts/Two-2/test.nix',
      'hosts/one/configuration.nix',
      'hosts/one/default.nix',
      'hosts/one/test.nix',
      'roles/base/default.nix',
      'roles/web/default.nix',
      'roles/web/ports.nix',
      'tests/make-test.nix',
    ]);
    expect(textOf(tree, 'hosts/one/configuration.nix')).toContain('imports = [ ../../roles/web ];');
    expect(textOf(tree, 'hosts/Two-2/default.nix')).toContain('imports = [ ./configuration.nix ];');
    expect(textOf(tree, 'roles/web/default.nix')).toContain('imports = [ ./ports.nix ];');
    expect(textOf(tree, 'roles/web/ports.nix')).toContain('imports = [ ../base ];');
  });

  it('of a module that its own file alone imports, or that a function makes, stand inline', async () => {
    const tree = await emittedFrom(
      oneHost({
        'hosts/a/hardware.ts': `
          import { defineModule, mkDefault } from 'bootproof';
          import { port } from '../../roles/port.ts';
          const own = defineModule(({ pkgs }) => ({ freeform: { tool: pkgs.htop } }));
          export default defineModule({ imports: [own, port(80), port(443)] });
        `,
        'roles/port.ts': `
          import { defineModule } from 'bootproof';
          export const port = (number: number) =>
            defineModule({ freeform: { ['port-' + number]: number } });
        `,
      }),
    );

    expect(
      textOf(tree, 'hosts/a/hardware.nix'),
    ).toBe(`# Emitted from hosts/a/hardware.ts: change that, not this.
{
  imports = [
    ({ pkgs, ... }: { tool = pkgs.htop; })
    { port-80 = 80; }
    { port-443 = 443; }
  ];
}
`);
    expect([...tree.keys()].filter((path) => path.startsWith('roles/'))).toEqual([]);
  });

  it('inline name files from where they are written, not from where they were made', async () => {
    const tree = await emittedFrom(
      oneHost({
        'hosts/a/hardware.ts': moduleText('{ imports: [one(1), one(2)] }', {
          '{ one }': '../../roles/deep/er/make.ts',
        }),
        'roles/deep/er/make.ts': `
          import { defineModule, nixFile } from 'bootproof';
          import base from '../base.ts';
          export const one = (n: number) => defineModule({
            imports: [nixFile('./own.nix'), base],
            freeform: { ['number-' + n]: n },
          });
        `,
        'roles/deep/er/own.nix': '{ }\n',
        'roles/deep/base.ts': moduleText('{}'),
      }),
    );

    const text = textOf(tree, 'hosts/a/hardware.nix');
    expect(text.match(/\.\.\/\.\.\/roles\/deep\/er\/own\.nix/g)).toHaveLength(2);
    expect(text.match(/\.\.\/\.\.\/roles\/deep\/base\.nix/g)).toHaveLength(2);
    expect(tree.get('roles/deep/er/own.nix')).toEqual({
      text: '{ }\n',
      from: 'config/roles/deep/er/own.nix',
    });
  });

  it('of two modules outside the homelab in files of one name have keys of their own', async () => {
    const tree = await emittedFrom(
      oneHost({
        '../shared/ssh/default.ts': moduleText('{ freeform: { it: 22 } }'),
        '../shared/web/default.ts': moduleText('{ freeform: { it: 80 } }'),
        'hosts/a/hardware.ts': `
          import { defineModule } from 'bootproof';
          import ssh from '../../../shared/ssh/default.ts';
          import web from '../../../shared/web/default.ts';
          const other = defineModule({ imports: [web, ssh] });
          export default defineModule({ imports: [ssh, web, other] });
        `,
      }),
    );

    const text = textOf(tree, 'hosts/a/hardware.nix');
    expect(text.match(/key = "\.\.\/shared\/ssh\/default\.ts#1";/g)).toHaveLength(2);
    expect(text.match(/key = "\.\.\/shared\/web\/default\.ts#1";/g)).toHaveLength(2);
  });

  it('of one module that stands inline in two places share a key, so that Nix takes it once', async () => {
    const tree = await emittedFrom(
      oneHost({
        'hosts/a/hardware.ts': `
          import { defineModule } from 'bootproof';
          import { ssh, web } from '../../roles/ports.ts';
          const other = defineModule({ imports: [web, ssh] });
          export default defineModule({ imports: [web, other] });
        `,
        'roles/ports.ts': `
          import { defineModule } from 'bootproof';
          export const web = defineModule(({ config }) => ({ freeform: { it: config.web } }));
          export const ssh = defineModule({ freeform: { it: 22 } });
        `,
      }),
    );

    const text = textOf(tree, 'hosts/a/hardware.nix');
    expect(text.match(/key = "roles\/ports\.ts#1";/g)).toHaveLength(2);
    expect(text).not.toContain('#2');
    expect(text).toContain('{ it = 22; }');
  });

  it('a default.ts that passes on another module becomes a file that imports it', async () => {
    const tree = await emittedFrom(
      oneHost({
        'hosts/a/default.ts': "export { default } from '../../roles/whole.ts';\n",
        'roles/whole.ts': moduleText('{ imports: [configuration] }', {
          configuration: '../hosts/a/configuration.ts',
        }),
      }),
    );

    expect(textOf(tree, 'hosts/a/default.nix')).toBe('{\n  imports = [ ../../roles/whole.nix ];\n}\n');
    expect(textOf(tree, 'roles/whole.nix')).toContain('imports = [ ../hosts/a/configuration.nix ];');
  });

  it('one module as the whole host of two folders is written once', async () => {
    const passOn = "export { default } from '../../roles/same/default.ts';\n";
    const vm = "import { defineVm } from 'bootproof';\nexport default defineVm({});\n";
    const tree = await emittedFrom({
      ...none,
      'hosts/x/default.ts': passOn,
      'hosts/x/configuration.ts': passOn,
      'hosts/x/vm.ts': vm,
      'hosts/y/default.ts': passOn,
      'hosts/y/configuration.ts': passOn,
      'hosts/y/vm.ts': vm,
      'roles/same/default.ts': moduleText("{ system: { stateVersion: '25.11' } }"),
    });

    expect(textOf(tree, 'roles/same/default.nix')).toContain('system.stateVersion = "25.11";');
    for (const path of ['x/default', 'x/configuration', 'y/default', 'y/configuration']) {
      expect(textOf(tree, `hosts/${path}.nix`)).toBe('{\n  imports = [ ../../roles/same ];\n}\n');
    }
  });
});

describe('the tree', () => {
  it('is the same for the same declaration, whatever was loaded before', async () => {
    const [first, second] = [await emittedFrom({}), await emittedFrom({})];

    expect([...first]).toEqual([...second]);
    expect(first.size).toBe(10);
  });

  it('gives every text whole lines, a final newline and no spaces before it', async () => {
    for (const [path, { text }] of await emittedFrom({})) {
      expect(text.endsWith('\n') && !text.endsWith('\n\n'), path).toBe(true);
      expect(text, path).not.toMatch(/[ \t\r]\n/);
    }
  });

  it('writes flake.lock only when it is missing, and everything else always', async () => {
    const kept = [...(await emittedFrom({}))].filter(([, file]) => file.keep).map(([path]) => path);
    expect(kept).toEqual(['flake.lock']);
  });
});
