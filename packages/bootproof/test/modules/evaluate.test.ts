import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/modules/evaluate.ts';
import type { Module } from '../../src/modules/module.ts';
import { and, equals, nix, not, or, text } from '../../src/nix/expression.ts';
import { nodeOf } from '../../src/nix/node.ts';
import {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkVMOverride,
} from '../../src/options/property.ts';
import { defineModule, surface } from './surface.ts';

const run = (...modules: readonly Module[]) => evaluate({ options: surface, modules });
const params = (imports: readonly Module[], ...own: readonly string[]): Module =>
  defineModule({ imports, boot: { kernelParams: own } });

describe('priorities', () => {
  it.each([
    ['mkDefault beats the default of the option', [mkDefault('a')], 'a'],
    ['a plain definition beats mkDefault', [mkDefault('a'), 'b'], 'b'],
    ['mkForce beats a plain definition', ['a', mkForce('b')], 'b'],
    ['mkVMOverride (10) beats mkForce (50)', [mkForce('a'), mkVMOverride('b')], 'b'],
    ['whatever the order of the modules', [mkVMOverride('b'), mkForce('a'), 'c', mkDefault('d')], 'b'],
    ['nothing defined leaves the default', [], 'nixos'],
    ['a condition that does not hold leaves it too', [mkIf(false, mkForce('a'))], 'nixos'],
    ['mkMerge holds several', [mkMerge([mkDefault('a'), mkIf(true, 'b')])], 'b'],
    ['nested mkMerge', [mkMerge([mkMerge([mkMerge([]), mkDefault('a')])])], 'a'],
  ])('%s', (_name, definitions, expected) => {
    const modules = definitions.map((hostName) => defineModule({ networking: { hostName } }));
    expect(run(...modules).get('networking.hostName')).toBe(expected);
  });

  it('around a whole set reach each option in it', () => {
    const configuration = run(
      defineModule({ networking: mkForce({ hostName: 'a', firewall: { enable: false } }) }),
      defineModule({ networking: { hostName: 'b', firewall: { enable: true } } }),
    );
    expect(configuration.get('networking.hostName')).toBe('a');
    expect(configuration.get('networking.firewall.enable')).toBe(false);
    expect(configuration.highestPrio('networking.hostName')).toBe(50);
  });

  it('mkMerge around a set, with conditions inside', () => {
    const configuration = run(
      defineModule({
        services: mkMerge([
          { openssh: { enable: true } },
          mkIf(false, { openssh: { ports: [1] } }),
          mkIf(true, { openssh: mkMerge([{ ports: [2] }, mkIf(true, { ports: [3] })]) }),
        ]),
      }),
    );
    expect(configuration.get('services.openssh.enable')).toBe(true);
    expect(configuration.get('services.openssh.ports')).toEqual([2, 3]);
  });
});

describe('imports', () => {
  it("put an imported module's lists before the importer's, and of several the last first, as NixOS does", () => {
    const deep = params([], 'deep');
    const left = params([deep], 'left');
    const right = params([], 'right');
    expect(run(params([left, right], 'root')).get('boot.kernelParams')).toEqual([
      'deep',
      'right',
      'left',
      'root',
    ]);
  });

  it('evaluate a module once, however often it is imported', () => {
    let calls = 0;
    const role = defineModule(() => {
      calls += 1;
      return { boot: { kernelParams: ['role'] } };
    });
    const left = params([role], 'left');
    const right = params([role], 'right');
    expect(run(params([left, right, role, role])).get('boot.kernelParams')).toEqual([
      'role',
      'right',
      'left',
    ]);
    expect(calls).toBe(1);
  });

  it('may come from a function, which the same maker may give twice', () => {
    const role = (name: string): Module => defineModule(() => ({ boot: { kernelParams: [name] } }));
    expect(run(defineModule({ imports: [role('a'), role('b')] })).get('boot.kernelParams')).toEqual([
      'b',
      'a',
    ]);
  });

  it('of flake inputs and Nix files are kept for Nix, with their place', () => {
    const configuration = run(
      defineModule(({ inputs, modulesPath }) => ({
        imports: [inputs['disko'].nixosModules.disko, modulesPath.file('profiles/qemu-guest.nix')],
      })),
    );
    expect(configuration.nixImports.map(({ node }) => node)).toEqual([
      { kind: 'input', attrPath: ['disko', 'nixosModules', 'disko'] },
      { kind: 'path', base: 'modulesPath', path: 'profiles/qemu-guest.nix' },
    ]);
    expect(configuration.nixImports[0]?.file).toContain('evaluate.test.ts');
  });

  it('mkBefore and mkAfter order lists across modules', () => {
    const configuration = run(
      defineModule({
        imports: [defineModule({ boot: { kernelParams: mkAfter(['z']) } })],
        boot: { kernelParams: ['m'] },
      }),
      defineModule({ boot: { kernelParams: mkBefore(['a']) } }),
    );
    expect(configuration.get('boot.kernelParams')).toEqual(['a', 'm', 'z']);
  });
});

describe('references', () => {
  it('see the merged value, from whichever module it comes', () => {
    const configuration = run(
      defineModule(({ config }) => ({ networking: { nameservers: [config.networking.hostName, 'b'] } })),
      defineModule({ networking: { hostName: mkDefault('weak') } }),
      defineModule({ networking: { hostName: 'strong' } }),
    );
    expect(configuration.get('networking.nameservers')).toEqual(['strong', 'b']);
    expect(configuration.get('networking.fqdn')).toBe('strong.lan');
  });

  it('decide conditions, also on options of the very set that they are around', () => {
    const configuration = run(
      defineModule(({ config }) => ({
        services: mkIf(config.services.openssh.openFirewall, {
          openssh: { enable: true, ports: mkIf(config.services.openssh.enable, [2222]) },
        }),
      })),
    );
    expect(configuration.get('services.openssh.ports')).toEqual([2222]);
  });

  it('reach into sets of submodules, and into the other attributes of the same one', () => {
    const configuration = run(
      defineModule(({ config, lib }) => {
        const alice = lib.getAttr('alice', config.users.users);
        return {
          users: {
            users: {
              alice: { isNormalUser: true, extraGroups: [alice.name] },
              bob: { home: alice.home, uid: alice.uid },
            },
          },
        };
      }),
    );
    expect(configuration.value.users.users).toMatchObject({
      alice: { extraGroups: ['alice'], home: '/home/alice' },
      bob: { home: '/home/alice', uid: null },
    });
  });

  it('may stand for a whole list or set', () => {
    const configuration = run(
      defineModule(({ config }) => ({
        networking: { firewall: { allowedTCPPorts: config.services.openssh.ports } },
        services: { openssh: { ports: mkIf(config.networking.firewall.enable, [22, 80]) } },
      })),
    );
    expect(configuration.get('networking.firewall.allowedTCPPorts')).toEqual([22, 80]);
  });

  it('make strings and conditions', () => {
    const configuration = run(
      defineModule(({ config }) => ({
        networking: {
          fqdn: text`${config.networking.hostName}.example.org`,
          hostName: mkIf(
            and(
              not(config.services.openssh.enable),
              or(false, equals(config.services.openssh.ports, [22])),
              config.networking.firewall.enable,
            ),
            'yes',
          ),
        },
      })),
    );
    expect(configuration.get('networking.fqdn')).toBe('yes.example.org');
  });

  it('of definitions that lose are not followed, as in Nix', () => {
    const configuration = run(
      defineModule(({ config }) => ({ networking: { hostName: mkDefault(config.networking.hostName) } })),
      defineModule({ networking: { hostName: 'a' } }),
    );
    expect(configuration.get('networking.hostName')).toBe('a');
  });
});

describe('raw Nix', () => {
  it('passes every type, and is marked as not known', () => {
    const configuration = run(
      defineModule({
        networking: { hostName: nix`builtins.getEnv "HOST"` },
        services: { openssh: { ports: nix`[ 22 ]` } },
        boot: { kernelParams: ['a', nix`"b"`] },
      }),
    );
    expect(nodeOf(configuration.peek('networking.hostName'))?.kind).toBe('raw');
    expect(configuration.isKnown('networking.hostName')).toBe(false);
    expect(configuration.isKnown('boot.kernelParams')).toBe(false);
    expect(configuration.isKnown('services.openssh.enable')).toBe(true);
    expect(() => configuration.get('services.openssh.ports')).toThrow(
      expect.objectContaining({
        kind: 'declaration',
        message: 'The value of services.openssh.ports is known to Nix only: nix`[ 22 ]`.',
        hint: expect.stringContaining('evaluate.test.ts'),
      }),
    );
  });

  it('makes unknown whatever depends on it, and nothing else', () => {
    const configuration = run(
      defineModule(({ config }) => ({
        networking: {
          hostName: nix`x`,
          nameservers: mkIf(nix`y`, ['a']),
          hostId: mkIf(equals(config.networking.hostName, 'a'), '92bbb1e6'),
        },
        boot: { kernelParams: mkIf(and(nix`y`, false), ['a']) },
        users: { users: { bob: { home: text`/home/${config.networking.hostName}` } } },
      })),
    );
    expect(configuration.isKnown('networking.fqdn')).toBe(false);
    expect(configuration.isKnown('networking.nameservers')).toBe(false);
    expect(configuration.isKnown('networking.hostId')).toBe(false);
    expect(configuration.isKnown('users.users.bob.home')).toBe(false);
    expect(configuration.isKnown('users.users.bob.shell')).toBe(true);
    expect(configuration.get('boot.kernelParams')).toEqual([]);
  });

  it('as the condition of a weaker definition does not matter', () => {
    const configuration = run(
      defineModule({ networking: { hostName: mkMerge([mkIf(nix`y`, mkDefault('a')), 'b']) } }),
    );
    expect(configuration.get('networking.hostName')).toBe('b');
  });
});

describe('options outside the surface', () => {
  it('are listed one by one, and what refers to them is unknown', () => {
    const configuration = run(
      defineModule(({ config }) => ({
        freeform: { services: { tlp: { enable: true, settings: mkForce({ A: 1 }) } }, hardware: {} },
        // biome-ignore lint/suspicious/noExplicitAny: outside the surface
        networking: { hostName: (config as any).services.tlp.name },
      })),
    );
    expect(configuration.freeform.map(({ path }) => path)).toEqual([
      'services.tlp.enable',
      'services.tlp.settings',
      'hardware',
    ]);
    expect(configuration.isKnown('networking.hostName')).toBe(false);
  });
});

describe('what NixOS implies', () => {
  const implied = defineModule(({ config }) => ({
    networking: {
      firewall: {
        allowedTCPPorts: mkIf(
          and(config.services.openssh.enable, config.services.openssh.openFirewall),
          config.services.openssh.ports,
        ),
      },
    },
  }));

  it('is merged, but not counted as declared', () => {
    const module = defineModule({
      networking: { firewall: { allowedTCPPorts: [80] } },
      services: { openssh: { enable: true } },
    });
    const configuration = evaluate({ options: surface, modules: [module], implied: [implied] });
    expect(configuration.get('networking.firewall.allowedTCPPorts')).toEqual([22, 80]);
    expect(configuration.declared().map(({ path }) => path)).toEqual([
      'networking.firewall.allowedTCPPorts',
      'services.openssh.enable',
    ]);
    const bare = evaluate({ options: surface, modules: [defineModule({})], implied: [implied] });
    expect(bare.isDefined('networking.firewall.allowedTCPPorts')).toBe(false);
    expect(configuration.modules).toHaveLength(1);
  });
});
