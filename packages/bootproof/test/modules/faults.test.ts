import { describe, expect, it } from 'vitest';
import { DeclarationError, type Fault } from '../../src/base/errors.ts';
import { evaluate } from '../../src/modules/evaluate.ts';
import type { Module } from '../../src/modules/module.ts';
import { equals, text } from '../../src/nix/expression.ts';
import { option } from '../../src/options/option.ts';
import { mkAfter, mkForce, mkIf } from '../../src/options/property.ts';
import { types } from '../../src/options/types.ts';
import { defineModule, surface } from './surface.ts';

const root = new URL('../..', import.meta.url).pathname;
const here = 'test/modules/faults.test.ts';

function faultsOf(...modules: readonly Module[]): readonly Fault[] {
  try {
    evaluate({ options: surface, modules, root });
  } catch (error) {
    if (error instanceof DeclarationError) return error.faults;
    throw error;
  }
  throw new Error('no fault was found');
}

/** What the types forbid and a file without them may still say. */
const define = defineModule as (body: unknown) => Module;

describe('a wrong declaration', () => {
  it('is reported whole: every fault of every module at once, in a fixed order', () => {
    const modules = [
      define({ networking: { hostId: 'xyz', nameservers: 7 }, servces: {} }),
      define({
        services: { openssh: { ports: [22, 70000] } },
        users: { users: { al: { uid: 'x', shel: 1 } } },
      }),
    ];
    const paths = [
      'networking.hostId',
      'networking.nameservers',
      'servces',
      'services.openssh.ports[1]',
      'users.users.al.shel',
      'users.users.al.uid',
    ];
    expect(faultsOf(...modules).map(({ option: path }) => path)).toEqual(paths);
    expect(faultsOf(...modules.reverse()).map(({ option: path }) => path)).toEqual(paths);
  });

  it('names file and line, option, value, what was expected, and an example', () => {
    expect(faultsOf(define({ networking: { hostId: 'xyz' } }))).toEqual([
      {
        files: [expect.stringMatching(`^${here}:\\d+$`)],
        option: 'networking.hostId',
        value: '"xyz"',
        reason: 'Expected null or 8 hexadecimal digits, but it does not match the pattern [0-9a-f]{8}.',
        remedy: 'Write it like this: "4e98920d".',
      },
    ]);
  });

  it.each([
    [{ networking: { hostNme: 'a' } }, 'networking.hostNme', 'networking.hostName'],
    [{ network: { hostName: 'a' } }, 'network', 'networking'],
    [{ openssh: { enable: true } }, 'openssh', 'services.openssh'],
    [{ networking: { sysctls: {} } }, 'networking.sysctls', 'boot.sysctl'],
    [
      { services: { openssh: { settings: {}, port: [1] } } },
      'services.openssh.port',
      'services.openssh.ports',
    ],
    [{ users: { users: { al: { unid: 1 } } } }, 'users.users.al.unid', 'users.users.al.uid'],
  ])('offers the nearest real name for %j', (body, path, near) => {
    const [fault] = faultsOf(define(body));
    expect(fault).toMatchObject({ option: path, reason: 'There is no such option.' });
    expect(fault?.remedy).toContain(`Did you mean ${near}`);
    expect(fault?.remedy).toContain('freeform');
  });

  it('tells where both of two definitions in conflict are', () => {
    const one = define({ networking: { hostName: 'a' } });
    const two = define({
      networking: {
        hostName: 'b',
      },
    });
    const [fault] = faultsOf(define({ imports: [one, two] }));
    expect(fault?.files).toHaveLength(2);
    expect(fault).toMatchObject({ option: 'networking.hostName', value: '"b" and "a"' });
    expect(fault?.remedy).toContain('mkForce');
  });

  it.each<[string, unknown, RegExp]>([
    ['a value where options are', { networking: 5 }, /Expected a set of options, got an integer/],
    ['undefined where options are', { networking: undefined }, /got undefined/],
    ['undefined as a value', { networking: { hostName: undefined } }, /Expected string, got undefined/],
    ['an order around options', { networking: mkAfter({ hostName: 'a' }) }, /around a set of options/],
    [
      'a condition inside a priority',
      { networking: mkForce(mkIf(true, { hostName: 'a' })) },
      /inside a mkOverride/,
    ],
    [
      'a condition that is no boolean',
      { networking: { hostName: mkIf('yes' as never, 'a') } },
      /"yes" is a string, not a boolean/,
    ],
    ['a list in a string', { networking: { hostName: text`a${['b']}` } }, /cannot stand in a string/],
    ['imports that are no list', { imports: {} }, /Expected a list of modules, got an attribute set/],
    [
      'an import that is no module',
      { imports: [{ networking: {} }] },
      /It is an attribute set, not a module/,
    ],
    ['an import of a path', { imports: ['./a.ts'] }, /It is a string, not a module/],
    ['an import of a whole file', { imports: [{ default: defineModule({}) }] }, /not a module/],
    ['an import that is undefined', { imports: [undefined] }, /undefined.*import cycle/],
    ['a description that is no text', { description: 5 }, /Expected text, got an integer/],
    ['freeform that is no set', { freeform: [] }, /Expected a set of options, got a list/],
    [
      'freeform for a typed option',
      { freeform: { networking: { hostName: 'a' } } },
      /this option is known and typed/,
    ],
    ['a body that is no set', 5, /this gives an integer/],
    ['a function that gives nothing', () => undefined, /this gives null/],
    ['an async function', async () => ({}), /async function/],
    [
      'a function that fails',
      () => {
        throw new RangeError('too far');
      },
      /failed: too far/,
    ],
  ])('%s is named', (_name, body, reason) => {
    const faults = faultsOf(define(body));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.reason).toMatch(reason);
    expect(faults[0]?.files[0]).toContain(here);
    expect(faults[0]?.remedy).not.toBe('');
  });

  it('names the line in a function at which a reference was misused', () => {
    const module = defineModule(({ config }) => {
      const name = `${config.networking.hostName as unknown as string}.lan`;
      return { networking: { hostName: name } };
    });
    const [fault] = faultsOf(module);
    const line = Number(fault?.files[0]?.split(':')[1]);
    expect(line).toBe((module.line ?? 0) + 1);
    expect(fault?.reason).toContain('config.networking.hostName is a reference');
    expect(fault?.remedy).toMatch(/mkIf.*nix`/);
  });
});

describe('a reference to nothing', () => {
  it.each([
    // biome-ignore lint/suspicious/noExplicitAny: what the types forbid
    ['an option', (config: any) => config.networking.hostNme, 'config.networking.hostNme'],
    // biome-ignore lint/suspicious/noExplicitAny: as above
    ['a user', (config: any) => config.users.users.nobody.home, 'config.users.users.nobody.home'],
    // biome-ignore lint/suspicious/noExplicitAny: as above
    ['an item', (config: any) => config.networking.nameservers[0], 'config.networking.nameservers'],
  ])('is named: %s', (_name, pick, shown) => {
    const [fault] = faultsOf(defineModule(({ config }) => ({ networking: { fqdn: pick(config) } })));
    expect(fault).toMatchObject({ option: 'networking.fqdn', reason: expect.stringContaining(shown) });
  });

  it('is not followed by a fault of whatever depends on it', () => {
    const faults = faultsOf(
      define(({ config }: { config: Record<string, Record<string, unknown>> }) => ({
        networking: {
          hostName: config['networking']?.['none'],
          nameservers: [config['networking']?.['fqdn']],
        },
      })),
    );
    expect(faults.map(({ option: path }) => path)).toEqual(['networking.hostName']);
  });
});

describe('a circle of references', () => {
  it('is shown as a chain of options with their files', () => {
    const module = defineModule(({ config }) => ({
      networking: {
        hostName: config.networking.fqdn,
        nameservers: [config.networking.hostName],
      },
    }));
    const faults = faultsOf(module);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.reason).toBe(
      'These options refer to each other in a circle: networking.hostName → networking.fqdn → networking.hostName.',
    );
    expect(faults[0]?.files[0]).toContain(here);
  });

  it.each<[string, Module, string]>([
    [
      'through a condition',
      defineModule(({ config }) => ({
        services: { openssh: { enable: mkIf(config.services.openssh.enable, true) } },
      })),
      'services.openssh.enable → services.openssh.enable',
    ],
    [
      'through a comparison',
      defineModule(({ config }) => ({
        services: {
          openssh: {
            enable: mkIf(equals(config.services.openssh.ports, [1]), true),
            ports: mkIf(config.services.openssh.enable, [1]),
          },
        },
      })),
      'services.openssh.enable → services.openssh.ports → services.openssh.enable',
    ],
    [
      'inside a submodule',
      defineModule(({ config, lib }) => ({
        users: { users: { al: { home: lib.getAttr('al', config.users.users).home } } },
      })),
      'users.users.al.home → users.users.al.home',
    ],
    [
      'of a set with something in it',
      defineModule(({ config }) => ({
        boot: { sysctl: { a: config.boot.sysctl as never } },
      })),
      'boot.sysctl → boot.sysctl.a → boot.sysctl',
    ],
  ])('is found %s', (_name, module, chain) => {
    const faults = faultsOf(module);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.reason).toContain(chain);
  });
});

describe('modules that import each other', () => {
  it('are shown as a chain', () => {
    const a: Module = defineModule(() => ({ imports: [b] }));
    const b: Module = defineModule(() => ({ imports: [c] }));
    const c: Module = defineModule(() => ({ imports: [a] }));
    const faults = faultsOf(defineModule({ imports: [a] }));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.reason).toContain('import each other in a circle');
  });
});

describe('options that ask more', () => {
  const options = {
    must: option({ type: types.str, example: 'x', description: 'Needed.', verdict: 'provable' }),
    fixed: option({ type: types.int, default: 1, readOnly: true, description: 'Set.', verdict: 'provable' }),
  };

  it('one without a default must be set, one that NixOS sets must not', () => {
    const module = define({ fixed: 2 });
    expect(() => evaluate({ options, modules: [module] })).toThrow(
      expect.objectContaining({
        faults: [
          expect.objectContaining({
            option: 'fixed',
            reason: expect.stringContaining('NixOS sets this option itself'),
          }),
          expect.objectContaining({
            option: 'must',
            remedy: 'Define it in one of the modules, for example as "x".',
          }),
        ],
      }),
    );
    const configuration = evaluate({ options, modules: [define({ must: 'a' })] });
    expect(configuration.value).toEqual({ must: 'a', fixed: 1 });
  });
});
