// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the gaps are Nix's
import { describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { code } from '../../src/nix/code.ts';
import { type ConvertOptions, nixSyntaxOf } from '../../src/nix/convert.ts';
import { and, equals, modulesPath, nix, nixFile, not, or, path, text } from '../../src/nix/expression.ts';
import { nixValue } from '../../src/nix/node.ts';
import { printNix } from '../../src/nix/print.ts';
import { configReference, inputs, packageValue, pkgs } from '../../src/nix/reference.ts';

// biome-ignore lint/suspicious/noExplicitAny: no surface here
const config = configReference() as any;
const convert = (value: unknown, options: Partial<ConvertOptions> = {}): string =>
  printNix(nixSyntaxOf(value, { path: ['services', 'x'], ...options }));

describe('a value', () => {
  it.each<[string, unknown, string]>([
    ['a string', 'a', '"a"'],
    ['null', null, 'null'],
    ['an integer', 22, '22'],
    ['a float', 0.5, '0.5'],
    ['a large integer', 2n ** 62n, '4611686018427387904'],
    ['the lowest integer', -(2n ** 63n), '-9223372036854775807 - 1'],
    ['an integral number that is no integer', 2 ** 63, '9223372036854776000.0'],
    ['a list', [1, [2]], '[\n  1\n  [ 2 ]\n]'],
    ['a set, in its order', { b: 1, a: {} }, '{\n  b = 1;\n  a = { };\n}'],
    ['a set without what is undefined', { a: undefined, b: 1 }, '{\n  b = 1;\n}'],
    ['a set without a prototype', Object.assign(Object.create(null), { a: 1 }), '{\n  a = 1;\n}'],
    ['a package', pkgs['python3Packages'].requests, 'pkgs.python3Packages.requests'],
    ['an evaluated package', packageValue({ kind: 'package', attrPath: ['a', '1b'] }), 'pkgs.a."1b"'],
    ['an input', inputs['disko'].nixosModules.disko, 'inputs.disko.nixosModules.disko'],
    ['a reference', config.fileSystems['/boot'].fsType, 'config.fileSystems."/boot".fsType'],
    ['the whole configuration', config, 'config'],
    ['an absolute path', path('/etc/x y'), '"/etc/x y"'],
    ['a file', nixFile('./legacy.nix'), './legacy.nix'],
    ['a file without ./', nixFile('sub/legacy.nix'), './sub/legacy.nix'],
    ['modulesPath', modulesPath, 'modulesPath'],
    [
      'a condition',
      and(config.a, or(not(config.b), equals(config.c, ['x']))),
      'config.a && (!config.b || config.c == [ "x" ])',
    ],
    ['a negated condition', not(and(config.a, config.b)), '!(config.a && config.b)'],
    ['conditions of none', [and(), or()], '[ true false ]'],
    [
      'a template string',
      text`${config.networking.hostName}.${'lan'}:${22}`,
      '"${config.networking.hostName}.lan:22"',
    ],
    ['a template string in another', text`a${text`b${config.c}`}`, '"ab${config.c}"'],
    ['a template string of text alone', text`${'$'}{x}`, '"\\${x}"'],
    ['raw text', nix`lib.mkAfter ${[1, pkgs['htop']]}`, 'lib.mkAfter [ 1 pkgs.htop ]'],
    ['raw text with an operation in it', nix`f ${and(config.a, config.b)}`, 'f (config.a && config.b)'],
    ['raw text with a reference in its string', nix`''echo ${config.a}''`, "''echo ${config.a}''"],
    ['raw text with a name in a gap', nix`config.users.${'a b'}.home`, 'config.users."a b".home'],
  ])('%s', (_, value, printed) => {
    expect(convert(value)).toBe(printed);
  });

  it('stands in parentheses where it has to', () => {
    expect(convert([modulesPath.file('/a b.nix'), nix`a b`, -1])).toBe(
      '[\n  (modulesPath + "/a b.nix")\n  (a b)\n  (-1)\n]',
    );
  });

  it('names files as the caller wants', () => {
    const seen: unknown[] = [];
    const filePath: ConvertOptions['filePath'] = (node, at) => {
      seen.push(at);
      return code.path(`../files/${node.path}`);
    };
    expect(convert({ imports: [nixFile('a.nix')] }, { path: [], filePath })).toBe(
      '{\n  imports = [ ../files/a.nix ];\n}',
    );
    expect(seen).toEqual([['imports', '0']]);
  });

  it('is made a string where the caller says that it is none', () => {
    const needsToString: ConvertOptions['needsToString'] = (reference) => reference.path[0] === 'port';
    expect(convert(text`${config.host}:${config.port}`, { needsToString })).toBe(
      '"${config.host}:${toString config.port}"',
    );
  });

  it('is asked of the caller first, at every depth', () => {
    class Force {
      readonly content: unknown;
      constructor(content: unknown) {
        this.content = content;
      }
    }
    const special: ConvertOptions['special'] = (value, at, again) =>
      value instanceof Force
        ? code.apply(code.select(code.variable('lib'), ['mkForce']), again(value.content, at))
        : undefined;
    expect(convert({ a: new Force({ b: [new Force(1)], c: 2 }) }, { special })).toBe(
      '{\n  a = lib.mkForce {\n    b = [\n      (lib.mkForce 1)\n    ];\n    c = 2;\n  };\n}',
    );
    expect(() => convert({ a: new Force({ b: Symbol('x') }) }, { special })).toThrow(/^services\.x\.a\.b /);
  });

  it('may stand in two places', () => {
    const shared = { a: 1 };
    expect(convert([shared, shared])).toBe('[\n  { a = 1; }\n  { a = 1; }\n]');
  });
});

describe('what Nix has no form for', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  // biome-ignore lint/suspicious/noSparseArray: that is the case
  const sparse = [1, , 2];

  it.each<[string, unknown, RegExp]>([
    ['NaN', Number.NaN, /NaN is no number/],
    ['infinity', -Infinity, /-Infinity is no number/],
    ['an integer over 64 bits', 2n ** 63n, /64 bits/],
    ['undefined', undefined, /undefined/],
    ['a symbol', Symbol('x'), /a symbol/],
    ['a function', () => 1, /function/],
    ['an instance of a class', new Date(0), /a Date object/],
    ['a map', new Map(), /a Map object/],
    ['NUL', 'a\0', /NUL/],
    ['half of a pair', '\ud83c', /surrogate/],
    ['NUL in a package', pkgs['a\0'], /NUL/],
    ['NUL in raw text', nix`"\0"`, /NUL/],
    ['NUL in a template string', text`\0${config.a}`, /NUL/],
    ['NUL in a path', path('./\0'), /NUL/],
    [
      'what was evaluated and is unknown',
      nixValue({ kind: 'unknown', reason: 'of x' }),
      /not known here, since of x/,
    ],
    ['raw text with an open string', nix`"a`, /string that is not closed/],
    ['raw text with an open bracket', nix`f (a`, /bracket that is not closed/],
    ['raw text that closes too much', nix`1; }`, /closes a bracket that it did not open/],
    ['raw text with an open comment', nix`a /* b`, /comment that is not closed/],
    ['raw text without an expression', nix` # nothing`, /holds no expression/],
    [
      'a condition without operand',
      nixValue({ kind: 'operation', operator: 'not', operands: [] }),
      /lacks an operand/,
    ],
  ])('is refused, with where it is: %s', (_, value, words) => {
    const attempt = (): string => convert({ 'a b': [value] });
    expect(attempt).toThrow(words);
    expect(attempt).toThrow(/^services\.x\."a b"\."0" cannot be written in Nix: /);
    try {
      attempt();
    } catch (error) {
      expect(error).toBeInstanceOf(BootproofError);
      expect(error).toMatchObject({ kind: 'declaration', hint: expect.stringMatching(/\.$/) });
    }
  });

  it('is refused: a hole in a list', () => {
    expect(() => convert(sparse)).toThrow(/^services\.x .*item 1 of the list is missing/);
  });

  it('is refused: a circle, named where it closes', () => {
    expect(() => convert({ a: circle })).toThrow(/^services\.x\.a\.self .*contains itself/);
  });

  it('is refused: NUL in an attribute name', () => {
    expect(() => convert({ 'a\0': 1 })).toThrow(/NUL/);
  });
});
