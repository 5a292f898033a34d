import { describe, expect, it } from 'vitest';
import type { DeclarationError, Fault } from '../../src/base/errors.ts';
import { evaluate } from '../../src/modules/evaluate.ts';
import { createDefineModule } from '../../src/modules/module.ts';
import { nix, path } from '../../src/nix/expression.ts';
import { nodeOf } from '../../src/nix/node.ts';
import { inputs, pkgs } from '../../src/nix/reference.ts';
import { option } from '../../src/options/option.ts';
import {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
} from '../../src/options/property.ts';
import type { AnyType } from '../../src/options/type.ts';
import { types } from '../../src/options/types.ts';

/** What one option of a type comes to when several modules define it, in the order given. */
function merge(type: AnyType, ...definitions: readonly unknown[]): unknown {
  const defineModule = createDefineModule();
  const options = { x: option({ type, description: 'Under test.', verdict: 'provable' }) };
  // Reversed, since of modules side by side the last one comes first.
  const modules = definitions.map((x) => defineModule({ x } as never)).reverse();
  return (evaluate({ options, modules }).value as { readonly x: unknown }).x;
}

function faultsOf(type: AnyType, ...definitions: readonly unknown[]): readonly Fault[] {
  try {
    merge(type, ...definitions);
  } catch (error) {
    return (error as DeclarationError).faults;
  }
  throw new Error('no fault was found');
}

const reasonOf = (type: AnyType, ...definitions: readonly unknown[]): string =>
  faultsOf(type, ...definitions)
    .map(({ reason }) => reason)
    .join('\n');

describe('single values', () => {
  it.each<[string, AnyType, unknown]>([
    ['bool', types.bool, true],
    ['int', types.int, -5],
    ['ints.unsigned', types.ints.unsigned, 0],
    ['ints.positive', types.ints.positive, 1],
    ['ints.between', types.ints.between(-1, 1), -1],
    ['ints.s8', types.ints.s8, -128],
    ['port', types.port, 65535],
    ['float', types.float, 1.5],
    ['float, which JavaScript writes as an integer', types.float, 2],
    ['number', types.number, 2.5],
    ['str', types.str, ''],
    ['nonEmptyStr', types.nonEmptyStr, 'a'],
    ['strMatching', types.strMatching(/[0-9a-f]{8}/), '92bbb1e6'],
    ['enum', types.enum(['a', 1, null]), null],
    ['externalPath', types.externalPath, '/etc'],
    ['path', types.path, '/etc'],
    ['nullOr', types.nullOr(types.int), null],
    ['raw', types.raw, { a: [1] }],
    ['passwdEntry', types.passwdEntry(types.str), 'x'],
  ])('%s takes its own', (_name, type, value) => {
    expect(merge(type, value)).toEqual(value);
  });

  it.each<[string, AnyType, unknown, string]>([
    ['bool', types.bool, 'yes', 'Expected boolean, got a string.'],
    ['bool', types.bool, 1, 'Expected boolean, got an integer.'],
    ['int', types.int, 1.5, 'Expected signed integer, got a floating point number.'],
    ['int', types.int, 2 ** 60, 'too large to be exact'],
    ['int', types.int, 1n, 'got a bigint'],
    ['ints.positive', types.ints.positive, 0, '0 is less than 1'],
    ['ints.unsigned', types.ints.unsigned, -1, '-1 is less than 0'],
    ['port', types.port, 70000, '70000 is more than 65535'],
    ['float', types.float, Number.NaN, 'got a number that Nix does not have'],
    ['str', types.str, undefined, 'Expected string, got undefined.'],
    ['str', types.str, 'a\0b', 'null character'],
    ['nonEmptyStr', types.nonEmptyStr, ' \n', 'it is empty'],
    ['singleLineStr', types.singleLineStr, 'a\nb', 'more than one line'],
    ['strMatching', types.strMatching(/a+/), 'aab', 'does not match the pattern a+'],
    ['strMatching, only part of which matches', types.strMatching(/a|b/), 'ab', 'does not match'],
    [
      'enum',
      types.enum(['yes', 'no', 'prohibit-password']),
      'prohibit-pasword',
      'did you mean "prohibit-password"?',
    ],
    ['enum', types.enum(['a']), 5, 'Expected one of "a", got an integer.'],
    ['package', types.package, 'htop', 'Expected package, got a string.'],
    ['path', types.path, 'etc', 'does not start with a slash'],
    ['externalPath', types.externalPath, '/nix/store/x', 'in the Nix store'],
    ['passwdEntry', types.passwdEntry(types.str), 'a:b', 'a colon or a newline'],
    ['nullOr', types.nullOr(types.int), 'a', 'Expected null or signed integer, got a string.'],
    ['either', types.either(types.port, types.str), 70000, '70000 is more than 65535'],
    [
      'oneOf',
      types.oneOf([types.bool, types.int, types.str]),
      [],
      'Expected (boolean or signed integer) or string, got a list.',
    ],
    ['listOf', types.listOf(types.str), 'a', 'Expected list of string, got a string.'],
    ['attrsOf', types.attrsOf(types.str), [], 'Expected attribute set of string, got a list.'],
    ['attrsOf', types.attrsOf(types.str), new Map(), 'got an object of a class'],
    ['nonEmptyListOf', types.nonEmptyListOf(types.str), [], 'it is empty'],
    ['raw', types.raw, () => 1, 'a function, which Nix does not have'],
    ['anything', types.anything, { a: [new Date(0)] }, 'an object of a class, which Nix does not have'],
    ['anything', types.anything, [undefined], 'undefined, which Nix does not have'],
  ])('%s refuses %j', (_name, type, value, reason) => {
    expect(reasonOf(type, value)).toContain(reason);
  });

  it('agree when several modules say the same, and are in conflict otherwise', () => {
    expect(merge(types.str, 'a', 'a')).toBe('a');
    const [fault] = faultsOf(types.str, 'a', 'b');
    expect(fault).toMatchObject({
      option: 'x',
      value: '"a" and "b"',
      reason: 'These definitions have the same priority and do not agree.',
      remedy: expect.stringMatching(/mkForce.*mkDefault/),
    });
    expect(merge(types.package, pkgs['htop'])).toMatchObject({ attrPath: ['htop'] });
    expect(reasonOf(types.package, pkgs['htop'], pkgs['htop'])).toContain('may be defined only once');
    expect(reasonOf(types.uniq(types.str), 'a', 'a')).toContain('may be defined only once');
  });

  it('report each wrong definition, and none of the right ones', () => {
    expect(faultsOf(types.int, 'a', 1, 'b').map(({ value }) => value)).toEqual(['"a"', '"b"']);
  });

  it('keep a pattern from remembering where it stopped', () => {
    const type = types.strMatching(/a/g);
    expect([merge(type, 'a'), merge(type, 'a')]).toEqual(['a', 'a']);
  });

  it('take a newline off a single line', () => {
    expect(merge(types.singleLineStr, 'a\n')).toBe('a');
  });

  it('resolve a path that is relative to its file', () => {
    const { path: resolved } = nodeOf(merge(types.path, path('../motd'))) as { readonly path: string };
    expect(resolved).toBe(new URL('../motd', import.meta.url).pathname);
    expect(nodeOf(merge(types.path, inputs['self'].packages))).toMatchObject({ kind: 'input' });
  });
});

describe('text of several definitions', () => {
  it('is joined by what the type says, in order', () => {
    expect(merge(types.lines, 'a', 'b')).toBe('a\nb');
    expect(merge(types.commas, 'a', 'b')).toBe('a,b');
    expect(merge(types.envVar, '/a', '/b')).toBe('/a:/b');
    expect(merge(types.lines, mkAfter('z'), 'b', mkBefore('a'))).toBe('a\nb\nz');
  });
});

describe('lists', () => {
  const list = types.listOf(types.str);

  it('are joined; mkBefore, mkAfter and mkOrder say in which order', () => {
    expect(merge(list, ['a'], ['b', 'b'])).toEqual(['a', 'b', 'b']);
    expect(merge(list, mkAfter(['d']), ['c'], mkOrder(400, ['a']), mkBefore(['b']))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(merge(list)).toEqual([]);
  });

  it('are replaced as a whole by mkForce, and of what mkDefault says nothing is left', () => {
    expect(merge(list, ['a'], mkForce(['b']), mkDefault(['c']))).toEqual(['b']);
    expect(merge(list, mkForce(['b']), mkForce(['c']))).toEqual(['b', 'c']);
    expect(merge(list, mkForce([]), ['a'])).toEqual([]);
    expect(merge(list, mkForce(mkBefore(['a'])), mkForce(['b']))).toEqual(['a', 'b']);
  });

  it('leave out items whose condition does not hold', () => {
    expect(merge(list, ['a', mkIf(false, 'b'), mkMerge([mkIf(true, 'c')])])).toEqual(['a', 'c']);
  });

  it('name the item that is wrong', () => {
    expect(faultsOf(types.listOf(types.port), [22, 70000])[0]).toMatchObject({
      option: 'x[1]',
      value: '70000',
    });
  });

  it('keep raw items in their place', () => {
    const value = merge(list, ['a', nix`"b"`]) as readonly unknown[];
    expect(value[0]).toBe('a');
    expect(nodeOf(value[1])?.kind).toBe('raw');
  });
});

describe('sorted lists', () => {
  it('have each item once, in the order of Nix, however they are defined', () => {
    expect(merge(types.sortedListOf(types.port), [443, 80], mkBefore([9100, 80]))).toEqual([80, 443, 9100]);
    const names = types.sortedListOf(types.str);
    expect(merge(names, ['virtio_pci', 'ahci'], ['é', 'virtio', 'Z', 'ahci'])).toEqual([
      'Z',
      'ahci',
      'virtio',
      'virtio_pci',
      'é',
    ]);
    // By bytes: JavaScript's own order of UTF-16 would have these the other way round.
    expect(merge(names, ['\u{10000}', '\uffee'])).toEqual(['\uffee', '\u{10000}']);
    expect(merge(names)).toEqual([]);
  });

  it('name the item that is wrong, and keep raw items', () => {
    expect(faultsOf(types.sortedListOf(types.port), [70000, 22])[0]).toMatchObject({ option: 'x[0]' });
    const value = merge(types.sortedListOf(types.str), ['b', nix`"c"`, 'a']) as readonly unknown[];
    expect(value.filter((item) => nodeOf(item)?.kind === 'raw')).toHaveLength(1);
  });
});

describe('sets', () => {
  const set = types.attrsOf(types.int);

  it('merge name by name', () => {
    expect(merge(set, { a: 1 }, { b: 2, a: 1 })).toEqual({ a: 1, b: 2 });
    expect(merge(set, { a: mkDefault(1) }, { a: 2 })).toEqual({ a: 2 });
    expect(merge(set, { a: 1 }, mkForce({ b: 2 }))).toEqual({ b: 2 });
    expect(merge(set, { a: mkIf(false, 1) }, mkIf(false, { b: 2 }), mkMerge([{ c: 3 }]))).toEqual({ c: 3 });
    expect(faultsOf(set, { a: 1 }, { a: 2 })[0]?.option).toBe('x.a');
  });

  it('may have any names', () => {
    const names = { '': 1, 'a.b': 2, '/': 3, constructor: 4, ['__proto__']: 5 };
    const merged = merge(set, names) as Record<string, number>;
    expect(Object.entries(merged)).toEqual(Object.entries(names));
  });

  it('of type attrs are merged at the top only, of anything deeply', () => {
    expect(merge(types.attrs, { a: { b: 1 } }, { a: { c: 2 } })).toEqual({ a: { c: 2 } });
    expect(merge(types.anything, { a: { b: 1 } }, { a: { c: [2] } })).toEqual({ a: { b: 1, c: [2] } });
    expect(merge(types.anything, [1, { a: 1 }], [1, { a: 1 }])).toEqual([1, { a: 1 }]);
    expect(reasonOf(types.anything, [1], [2])).toContain('do not agree');
    expect(reasonOf(types.anything, { a: 1 }, 1)).toContain('a set in one place');
    expect(merge(types.anything, { a: mkDefault(1) }, { a: 2 })).toEqual({ a: 2 });
    expect(reasonOf(types.attrs, { a: mkForce(1) })).toContain('where NixOS does not resolve it');
  });

  it('that hold themselves end in a fault', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(reasonOf(types.anything, loop)).toContain('nested too deeply');
    expect(reasonOf(types.raw, loop)).toContain('nested too deeply');
  });
});

describe('values of several types', () => {
  it('merge by the type that all definitions have', () => {
    const type = types.either(types.lines, types.listOf(types.int));
    expect(merge(type, 'a', 'b')).toBe('a\nb');
    expect(merge(type, [1], [2])).toEqual([1, 2]);
    expect(reasonOf(type, 'a', [1])).toContain('may be defined only once');
  });

  it('are null, or not', () => {
    const type = types.nullOr(types.listOf(types.int));
    expect(merge(type, null, null)).toBeNull();
    expect(merge(type, [1], [2])).toEqual([1, 2]);
    expect(reasonOf(type, null, [1])).toContain('both null and not null');
    expect(merge(type)).toBeNull();
    expect(merge(type, null, mkForce([1]))).toEqual([1]);
  });

  it('are converted where NixOS converts them', () => {
    const type = types.coercedTo(types.int, (value) => `n${value}`, types.str);
    expect(merge(type, 3)).toBe('n3');
    expect(merge(type, 'a')).toBe('a');
    expect(reasonOf(type, true)).toContain('Expected string or signed integer convertible to it');
  });
});

describe('submodules', () => {
  const account = types.submodule({
    uid: option({ type: types.int, description: 'A number.', verdict: 'provable' }),
    tags: option({
      type: types.listOf(types.str),
      default: ['none'],
      description: 'Tags.',
      verdict: 'provable',
    }),
    home: {
      path: option({
        type: types.str,
        default: (_config, { name, self }) => `/home/${name}-${self.get<number>('uid')}`,
        description: 'A folder.',
        verdict: 'provable',
      }),
    },
  });

  it('fill in defaults, also those computed from the name and from each other', () => {
    expect(merge(types.attrsOf(account), { alice: { uid: 1 } })).toEqual({
      alice: { uid: 1, tags: ['none'], home: { path: '/home/alice-1' } },
    });
  });

  it('merge across modules, lists from the last definition to the first as nixpkgs has it', () => {
    const merged = merge(
      types.attrsOf(account),
      { alice: { uid: mkDefault(1), tags: ['a'] } },
      { alice: mkIf(true, { uid: 2, tags: ['b'] }) },
    ) as Record<string, { readonly uid: number; readonly tags: readonly string[] }>;
    expect(merged['alice']).toMatchObject({ uid: 2, tags: ['b', 'a'] });
  });

  it('name what is missing, unknown or wrong, by its whole path', () => {
    const faults = faultsOf(types.attrsOf(account), { alice: { ui: 1, home: { path: 5 } } });
    expect(faults.map((fault) => [fault.option, fault.reason])).toEqual([
      ['x.alice.home.path', 'Expected string, got an integer.'],
      ['x.alice.ui', 'There is no such option.'],
      ['x.alice.uid', 'It has no default and must be set: expected signed integer.'],
    ]);
    expect(faults[1]?.remedy).toContain('Did you mean x.alice.uid?');
  });

  it('take further attributes where they are open, with their conditions', () => {
    const open = types.submodule(
      { a: option({ type: types.int, default: 0, description: 'A number.', verdict: 'provable' }) },
      { freeformType: types.attrsOf(types.int) },
    );
    expect(merge(open, { b: 1 }, mkIf(true, { a: 2, c: 3 }), mkIf(false, { d: 4 }))).toEqual({
      a: 2,
      b: 1,
      c: 3,
    });
    expect(merge(open, { b: mkDefault(1) }, { b: 2 })).toEqual({ a: 0, b: 2 });
    expect(reasonOf(open, { b: 'text' })).toBe('Expected signed integer, got a string.');
  });

  it('may be null, in lists, and behind either', () => {
    expect(merge(types.nullOr(account))).toBeNull();
    expect(merge(types.listOf(account), [{ uid: 1 }])).toMatchObject([
      { uid: 1, home: { path: '/home/x-1' } },
    ]);
    expect(merge(types.either(types.int, account), { uid: 1 })).toMatchObject({ uid: 1 });
  });
});

describe('properties in the wrong order', () => {
  it.each<[string, unknown, RegExp]>([
    ['mkForce(mkIf)', mkForce(mkIf(true, 1)), /mkIf stands inside a mkOverride/],
    ['mkForce(mkMerge)', mkForce(mkMerge([1])), /mkMerge stands inside a mkOverride/],
    ['mkForce(mkDefault)', mkForce(mkDefault(1)), /mkOverride stands inside/],
    ['mkBefore(mkForce)', mkBefore(mkForce(1)), /mkOrder .* stands around another property/],
  ])('%s is refused, as NixOS does not resolve it', (_name, value, reason) => {
    expect(reasonOf(types.int, value)).toMatch(reason);
  });

  it('around a set of options: mkBefore is refused', () => {
    expect(reasonOf(types.submodule({}), mkBefore({}))).toContain('stands around a set of options');
  });

  it('priorities beyond the default lose against it', () => {
    const options = {
      x: option({ type: types.int, default: 1, description: 'A number.', verdict: 'provable' }),
    };
    const module = createDefineModule<typeof options>()({ x: mkOverride(2000, 2) });
    expect(evaluate({ options, modules: [module] }).get('x')).toBe(1);
  });
});
