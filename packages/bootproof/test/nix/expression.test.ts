import { describe, expect, it } from 'vitest';
import { and, equals, modulesPath, nix, nixFile, not, path, text } from '../../src/nix/expression.ts';
import { containsNixOnly, isNixOnly, isPlainObject, nodeOf } from '../../src/nix/node.ts';
import { configReference, pkgs } from '../../src/nix/reference.ts';
import { attrPathText, kindOfValue, parseAttrPath, showValue } from '../../src/nix/show.ts';

// biome-ignore lint/suspicious/noExplicitAny: no surface here
const config = configReference() as any;

describe('expressions', () => {
  it('hold their parts, not pasted text', () => {
    expect(nodeOf(nix`lib.getExe ${pkgs['htop']} + ${'a"b'}`)).toEqual({
      kind: 'raw',
      strings: ['lib.getExe ', ' + ', ''],
      values: [pkgs['htop'], 'a"b'],
    });
    expect(nodeOf(text`${config.a}.lan`)).toMatchObject({ kind: 'text', strings: ['', '.lan'] });
    expect(nodeOf(and(true, not(config.a)))).toMatchObject({ kind: 'operation', operator: 'and' });
  });

  it('are frozen through and through', () => {
    const expression = nix`a ${[1]}`;
    expect(Object.isFrozen(expression)).toBe(true);
    expect(Object.isFrozen(nodeOf(expression))).toBe(true);
  });

  it('keep backslashes as written by the template, cooked as in any TypeScript string', () => {
    expect(nodeOf(nix`"a\n"`)).toMatchObject({ strings: ['"a\n"'] });
  });

  it('name paths by what they are relative to', () => {
    expect(nodeOf(path('/etc/hosts'))).toEqual({ kind: 'path', base: 'absolute', path: '/etc/hosts' });
    expect(nodeOf(nixFile('./legacy.nix'))).toEqual({ kind: 'path', base: 'file', path: './legacy.nix' });
    expect(nodeOf(modulesPath.file('/profiles/qemu-guest.nix'))).toEqual({
      kind: 'path',
      base: 'modulesPath',
      path: 'profiles/qemu-guest.nix',
    });
  });
});

describe('what only Nix knows', () => {
  it('is found at any depth; references and packages are no such thing', () => {
    expect(isNixOnly(nix`1`)).toBe(true);
    expect(containsNixOnly({ a: [1, { b: nix`1` }] })).toBe(true);
    expect(containsNixOnly({ a: [1, pkgs['htop'], null, 'x'] })).toBe(false);
    expect(containsNixOnly(undefined)).toBe(false);
  });
});

describe('isPlainObject', () => {
  it('takes literals, and no lists, instances or expressions', () => {
    expect([{}, Object.create(null)].every(isPlainObject)).toBe(true);
    expect([[], null, new Date(), new Map(), nix`1`, pkgs['htop'], () => 1].some(isPlainObject)).toBe(false);
  });
});

describe('showValue', () => {
  it.each<[unknown, string]>([
    ['a"b', '"a\\"b"'],
    [5, '5'],
    [null, 'null'],
    [[1, 'a'], '[1, "a"]'],
    [{}, '{}'],
    [{ a: 1, 'b c': [] }, '{ a: 1, "b c": [] }'],
    [pkgs['htop'], 'pkgs.htop'],
    [config.fileSystems['/boot'].fsType, 'config.fileSystems."/boot".fsType'],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what is shown
    [nix`lib.getExe ${pkgs['htop']}`, 'nix`lib.getExe ${pkgs.htop}`'],
    [text`${config.a}.lan`, 'text`${config.a}.lan`'],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
    [not(equals(config.a, 1)), 'not(equals(config.a, 1))'],
    [{ a: { b: { c: { d: { e: 1 } } } } }, '{ a: { b: { c: { d: {…} } } } }'],
    ['x'.repeat(200), `"${'x'.repeat(118)}…`],
    [() => 1, 'function'],
    [new Date(0), 'a Date object'],
  ])('writes value %# as a person would', (value, shown) => {
    expect(showValue(value)).toBe(shown);
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [Number.NaN, 'a number that Nix does not have'],
    [1.5, 'a floating point number'],
    [1, 'an integer'],
    [[], 'a list'],
    [{}, 'an attribute set'],
    [pkgs['htop'], 'a package'],
    [nix`1`, 'an expression'],
    [new Map(), 'an object of a class'],
    [Symbol('s'), 'a symbol'],
  ])('says what sort of value %# is', (value, kind) => {
    expect(kindOfValue(value)).toBe(kind);
  });
});

describe('attribute paths', () => {
  it.each([
    [['networking', 'hostName'], 'networking.hostName'],
    [['fileSystems', '/boot', 'fsType'], 'fileSystems."/boot".fsType'],
    [['a', 'with"quote', ''], 'a."with\\"quote".""'],
    [['boot', 'kernel', 'sysctl', 'vm.swappiness'], 'boot.kernel.sysctl."vm.swappiness"'],
  ])('%j is written as %s and read back', (names, written) => {
    expect(attrPathText(names)).toBe(written);
    expect(parseAttrPath(written)).toEqual(names);
  });
});
