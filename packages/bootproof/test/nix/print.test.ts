// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the gaps are Nix's
import { describe, expect, it } from 'vitest';
import { code, entry } from '../../src/nix/code.ts';
import { freeVariables } from '../../src/nix/free-variables.ts';
import { printNix, printNixFile } from '../../src/nix/print.ts';
import type { NixSyntax, SetPattern } from '../../src/nix/syntax.ts';
import { evaluated, parsed } from './round-trip-nix.ts';

const v = code.variable;
const s = (text: string): NixSyntax => code.string(text);
const n = (value: number): NixSyntax => code.number(value);
const one = code.set([entry.binding('a', n(1))]);
const two = code.set([entry.binding('a', n(1)), entry.binding('b', n(2))]);
const lib = (name: string): NixSyntax => code.select(v('lib'), [name]);
const takes = (...names: string[]): SetPattern => ({
  names: names.map((name) => ({ name })),
  ellipsis: true,
});
/** The text of `x = <value>;` in a set. */
const bound = (value: NixSyntax): string =>
  printNix(code.set([entry.binding('x', value), entry.binding('z', n(0))]))
    .split('\n')
    .slice(1, -2)
    .map((line) => line.slice(2))
    .join('\n');
const lines = (...all: string[]): string => all.join('\n');
const long = (letter: string): NixSyntax => v(letter.repeat(40));

describe('one value', () => {
  it.each<[string, NixSyntax]>([
    ['{ }', code.set([])],
    ['[ ]', code.list([])],
    [
      '[ 1 "a" true null ./x.nix pkgs.htop (-1) ]',
      code.list([
        n(1),
        s('a'),
        code.boolean(true),
        code.null(),
        code.path('./x.nix'),
        code.select(v('pkgs'), ['htop']),
        n(-1),
      ]),
    ],
    ['a."b c"."or".${d}', code.select(v('a'), ['b c', 'or', v('d')])],
    ['a.b or c.d', code.select(v('a'), ['b'], code.select(v('c'), ['d']))],
    ['f (g x) [ 1 ] { a = 1; }', code.apply(v('f'), code.apply(v('g'), v('x')), code.list([n(1)]), one)],
    ['"a${b}c"', code.string('a', v('b'), 'c')],
    ['x: y: x', code.lambda('x', code.lambda('y', v('x')))],
    ['{ lib, ... }@args: lib', code.lambda({ ...takes('lib'), as: 'args' }, v('lib'))],
    ['if a then b else c', code.if(v('a'), v('b'), v('c'))],
    ['with lib; a', code.with(v('lib'), v('a'))],
    ['1.0e-7', n(1e-7)],
    ['1.0e21', n(1e21)],
  ])('%s', (text, syntax) => {
    expect(bound(syntax)).toBe(`x = ${text};`);
  });

  it.each([
    ['./legacy.nix', './legacy.nix'],
    ['legacy.nix', './legacy.nix'],
    ['../roles/common', '../roles/common'],
    ['../roles/common/', '../roles/common'],
    ['.', './.'],
    ['./', './.'],
    ['..', '../.'],
    ['/etc/hosts', '/etc/hosts'],
    ['./odd name.nix', '(./. + "/odd name.nix")'],
    ['../../a/b c', '(../../. + "/a/b c")'],
    ['/a b', '(/. + "/a b")'],
    ['./${x}', '(./. + "/\\${x}")'],
    ['./a@b', '(./. + "/a@b")'],
  ])('path %s', (path, text) => {
    expect(printNix(code.path(path))).toBe(text);
  });

  it('refuses variables that are none', () => {
    for (const name of ['or', 'if', '1a', 'a b', '']) expect(() => v(name)).toThrow(/name of a variable/);
    expect(() => code.lambda('in', n(1))).toThrow(/name of a variable/);
  });
});

describe('a set', () => {
  it('has one binding a line, and one path for single children', () => {
    const value = code.set([
      entry.binding(
        'networking',
        code.set([entry.binding('hostName', s('hl02')), entry.binding('useDHCP', code.boolean(true))]),
      ),
      entry.binding('boot', code.set([entry.binding('loader', code.set([entry.binding('timeout', n(1))]))])),
    ]);
    expect(printNix(value, { indent: 1 })).toBe(
      lines(
        '{',
        '    networking = {',
        '      hostName = "hl02";',
        '      useDHCP = true;',
        '    };',
        '    boot.loader.timeout = 1;',
        '  }',
      ),
    );
  });

  it('ends a path at rec, at a comment and at inherit', () => {
    const inner = (value: NixSyntax): NixSyntax => code.set([entry.binding('a', value)]);
    expect(printNix(inner(code.recursiveSet([entry.binding('b', n(1))])))).toBe(
      lines('{', '  a = rec {', '    b = 1;', '  };', '}'),
    );
    expect(printNix(inner(code.set([entry.binding('b', n(1), ['why'])])))).toBe(
      lines('{', '  a = {', '    # why', '    b = 1;', '  };', '}'),
    );
    expect(printNix(inner(code.set([entry.inherit(['b'])])))).toBe(lines('{', '  a = { inherit b; };', '}'));
  });

  it('inherits up to three names on a line', () => {
    const value = code.set([entry.inherit(['a', 'b', 'c']), entry.inherit(['a', 'b', 'c', 'or'], v('x'))]);
    expect(printNix(value)).toBe(
      lines('{', '  inherit a b c;', '  inherit (x)', '    a', '    b', '    c', '    "or"', '    ;', '}'),
    );
  });

  it('keeps comments and blank lines that are asked for, and no others', () => {
    const value = code.set([
      entry.blank(),
      entry.comment('Alone.', '', 'Still.'),
      entry.binding('a', n(1), ['Two\nlines, \u202eand what hides.']),
      entry.blank(),
      entry.blank(),
      entry.binding('b', two),
      entry.binding('c', n(1)),
      entry.blank(),
    ]);
    expect(printNix(value)).toBe(
      lines(
        '{',
        '  # Alone.',
        '  #',
        '  # Still.',
        '  # Two',
        '  # lines, \\u202eand what hides.',
        '  a = 1;',
        '',
        '  b = {',
        '    a = 1;',
        '    b = 2;',
        '  };',
        '  c = 1;',
        '}',
      ),
    );
  });
});

describe('a list', () => {
  it('takes a line for each element when one is not simple, or when they do not fit', () => {
    expect(bound(code.list([n(1), code.list([])]))).toBe(lines('x = [', '  1', '  [ ]', '];'));
    expect(bound(code.list([one, two]))).toBe(
      lines('x = [', '  { a = 1; }', '  {', '    a = 1;', '    b = 2;', '  }', '];'),
    );
    expect(bound(code.list([code.apply(v('f'), v('x'))]))).toBe(lines('x = [', '  (f x)', '];'));
    expect(bound(code.list([long('a'), long('b')]))).toBe(`x = [ ${'a'.repeat(40)} ${'b'.repeat(40)} ];`);
    expect(bound(code.list([long('a'), long('b'), v('cccccccc')])).split('\n')).toHaveLength(5);
  });

  it('fits when the whole line, with its semicolon, has 100 columns', () => {
    const text = (size: number): string => bound(code.list([s('a'.repeat(size))]));
    // Two columns of indentation, which `bound` takes away.
    expect(text(86)).toBe(`x = [ "${'a'.repeat(86)}" ];`);
    expect(text(86)).toHaveLength(98 - 1);
    expect(text(87)).toHaveLength(98);
    expect(text(88)).toBe(lines('x = [', `  "${'a'.repeat(88)}"`, '];'));
  });
});

describe('a function', () => {
  it('has short parameters on one line, and others one a line', () => {
    expect(bound(code.lambda(takes('a', 'b'), two))).toBe(
      lines('x =', '  { a, b, ... }:', '  {', '    a = 1;', '    b = 2;', '  };'),
    );
    const pattern = { names: [{ name: 'a', default: n(1) }, { name: 'b' }], ellipsis: false, as: 'args' };
    expect(bound(code.lambda(pattern, v('a')))).toBe(
      lines('x =', '  {', '    a ? 1,', '    b,', '  }@args:', '  a;'),
    );
    expect(bound(code.lambda('x', code.lambda('y', two)))).toBe(
      lines('x = x: y: {', '  a = 1;', '  b = 2;', '};'),
    );
  });

  it('opens its last argument on its line', () => {
    expect(bound(code.apply(lib('mkIf'), v('c'), two))).toBe(
      lines('x = lib.mkIf c {', '  a = 1;', '  b = 2;', '};'),
    );
    expect(bound(code.apply(v('f'), code.lambda('x', two)))).toBe(
      lines('x = f (x: {', '  a = 1;', '  b = 2;', '});'),
    );
    expect(bound(code.apply(lib('mkIf'), v('c'), code.apply(lib('mkForce'), two)))).toBe(
      lines('x = lib.mkIf c (', '  lib.mkForce {', '    a = 1;', '    b = 2;', '  }', ');'),
    );
  });

  it('has each argument on a line when an earlier one is long', () => {
    expect(bound(code.apply(v('f'), two, n(1)))).toBe(
      lines('x =', '  f', '    {', '      a = 1;', '      b = 2;', '    }', '    1;'),
    );
    expect(bound(code.apply(v('f'), long('a'), long('b'), long('c'))).split('\n')).toEqual([
      'x =',
      '  f',
      `    ${'a'.repeat(40)}`,
      `    ${'b'.repeat(40)}`,
      `    ${'c'.repeat(40)};`,
    ]);
  });
});

describe('what is long', () => {
  it('breaks operators before themselves', () => {
    const chain = code.binary(code.binary(long('a'), '&&', long('b')), '&&', long('c'));
    expect(bound(chain)).toBe(
      lines('x =', `  ${'a'.repeat(40)}`, `  && ${'b'.repeat(40)}`, `  && ${'c'.repeat(40)};`),
    );
    expect(bound(code.binary(two, '//', two))).toBe(
      lines('x = {', '  a = 1;', '  b = 2;', '}', '// {', '  a = 1;', '  b = 2;', '};'),
    );
    expect(bound(code.binary(v('y'), '//', two))).toBe(lines('x = y // {', '  a = 1;', '  b = 2;', '};'));
  });

  it('breaks if, let, with and assert', () => {
    expect(bound(code.if(v('a'), two, code.if(v('b'), n(1), n(2))))).toBe(
      lines(
        'x =',
        '  if a then',
        '    {',
        '      a = 1;',
        '      b = 2;',
        '    }',
        '  else if b then',
        '    1',
        '  else',
        '    2;',
      ),
    );
    expect(bound(code.let([entry.binding('a', n(1))], v('a')))).toBe(
      lines('x =', '  let', '    a = 1;', '  in', '  a;'),
    );
    expect(bound(code.with(v('lib'), code.list([one])))).toBe(lines('x = with lib; [', '  { a = 1; }', '];'));
    expect(bound(code.assert(v('a'), v('b')))).toBe(lines('x =', '  assert a;', '  b;'));
  });

  it('stays printable in time that grows with its size, however deep', () => {
    let syntax: NixSyntax = two;
    for (let depth = 0; depth < 400; depth += 1) syntax = code.apply(v('f'), code.list([syntax]));
    expect(printNix(syntax).split('\n').length).toBeGreaterThan(800);
  });
});

describe('text of several lines', () => {
  it('hangs from its binding', () => {
    expect(bound(s('a\n\n  b\n'))).toBe(lines("x = ''", '  a', '', '    b', "'';"));
    expect(bound(s('a\nb'))).toBe(lines("x = ''", '  a', "  b'';"));
    expect(bound(code.string('a\n', v('b'), '\n'))).toBe(lines("x = ''", '  a', '  ${b}', "'';"));
  });

  it('is in double quotes where indentation of its own would be lost', () => {
    expect(bound(s('  a\n  b\n'))).toBe('x = "  a\\n  b\\n";');
    expect(bound(s('a\n  '))).toBe('x = "a\\n  ";');
    expect(bound(s('\n'))).toBe('x = "\\n";');
  });
});

describe('raw text', () => {
  it('is parenthesised where an atom is needed, unless it is one', () => {
    const item = (text: string): string => printNix(code.apply(v('f'), code.raw(text)));
    for (const atom of [
      'a',
      'a.b."c d"',
      '"a ${b + c} d"',
      "''a''",
      '[ 1 2 ]',
      '{ a = 1; }',
      'rec { a = 1; }',
      '(a + b)',
      '(a).b',
      '12',
      './x.nix',
    ] as const) {
      expect(item(atom)).toBe(`f ${atom}`);
    }
    for (const text of [
      'a b',
      'x: x',
      '{ a }: a',
      '(a) (b)',
      '[ ] ++ [ ]',
      '-1',
      'if a then b else c',
      'a.b or c',
      '"a" + "b"',
      'let',
      'a ? b',
    ]) {
      expect(item(text)).toBe(`f (${text})`);
    }
  });

  it('gives attributes, unless the dot would be its own', () => {
    const of = (text: string): string => printNix(code.select(code.raw(text), ['x']));
    expect(['a.b', '{ }', './y', '1', 'f a'].map(of)).toEqual([
      'a.b.x',
      '{ }.x',
      '(./y).x',
      '(1).x',
      '(f a).x',
    ]);
  });

  it('is moved to where it stands', () => {
    const raw = code.raw("lib.mkIf x {\n      a = ''\n        b\n\n        c\n      '';\n    }");
    expect(bound(raw)).toBe(lines('x = lib.mkIf x {', "  a = ''", '    b', '', '    c', "  '';", '};'));
  });

  it('stays when moving would change a string', () => {
    for (const text of ['f "a\n    b"', "f ''a\n    b''"])
      expect(bound(code.raw(text))).toBe(
        // `bound` takes two columns from each line.
        `x = ${text.replace('    b', '  b')};`,
      );
  });

  it('ends its line when it ends in a comment', () => {
    expect(parsed([printNix(code.set([entry.binding('a', code.raw('1 # one'))]))])).toEqual(['{ a = 1; }']);
  });

  it('takes gaps as atoms in code, and as interpolations in its strings', () => {
    const gap = code.apply(v('f'), v('x'));
    expect(printNix(code.raw('g ', gap, ' "a ', gap, "\" ''b ", gap, "''"))).toBe(
      "g (f x) \"a ${f x}\" ''b ${f x}''",
    );
    expect(printNix(code.raw('"a ', s('b"${c}'), ' $', v('d'), '"'))).toBe('"a b\\"\\${c} \\$${d}"');
    expect(printNix(code.raw("''a ", s("b''${c}"), ' $', v('d'), "''"))).toBe("''a b'''''${c} ''$${d}''");
    expect(printNix(code.raw('"${g ', gap, '}"'))).toBe('"${g (f x)}"');
  });

  it('means the same wherever it stands', () => {
    const texts = [
      "''\n  a\n    b\n''",
      "''\n      a\n   \n\n        b\n''",
      "''a\n  b\n''",
      "''\n\ta\n\tb''",
      '"a\n  b"',
      "[\n''\n  a\n''\n    \"x\"\n      ]",
      "{ a = ''\n    ${''\n        inner\n      ''}\n    c\n  ''; }",
      "''\n  ${\"a\n  b\"}\n''",
      '{ # a comment with "\n  a = 1; /* and\n  another " */ }',
    ];
    const deep = (text: string): NixSyntax =>
      code.set([entry.binding(['a', 'b'], two), entry.binding('c', code.list([code.raw(text)]))]);
    const files = Object.fromEntries(
      texts.flatMap((text, index) => [
        [`plain-${index}.nix`, text],
        [`deep-${index}.nix`, printNixFile(deep(text))],
      ]),
    );
    const same = `builtins.genList (i: import (./. + "/plain-\${toString i}.nix") == builtins.head (import (./. + "/deep-\${toString i}.nix")).c) ${texts.length}`;
    expect(evaluated({ ...files, 'index.nix': same })).toEqual(texts.map(() => true));
  });
});

describe('a file', () => {
  it('has its header, its parameter on a line, and room between bindings of several lines', () => {
    const body = code.set([
      entry.binding('imports', code.list([code.path('./a.nix')])),
      entry.binding('a', n(1)),
      entry.binding('b', two),
      entry.binding('c', n(1)),
      entry.binding('d', n(1), ['Why.']),
    ]);
    expect(printNixFile(code.lambda(takes('inputs'), body), { header: 'A host.\n\nIts disk.\n' })).toBe(
      lines(
        '# A host.',
        '#',
        '# Its disk.',
        '{ inputs, ... }:',
        '{',
        '  imports = [ ./a.nix ];',
        '  a = 1;',
        '',
        '  b = {',
        '    a = 1;',
        '    b = 2;',
        '  };',
        '',
        '  c = 1;',
        '',
        '  # Why.',
        '  d = 1;',
        '}',
        '',
      ),
    );
  });

  it('opens even a small set, and has no header when there is none', () => {
    expect(printNixFile(one)).toBe('{\n  a = 1;\n}\n');
    expect(printNixFile(code.set([]))).toBe('{ }\n');
    expect(printNixFile(code.set([entry.comment('Nothing yet.')]))).toBe('{\n  # Nothing yet.\n}\n');
  });

  it('spaces the set behind let, with, assert and functions', () => {
    const body = code.set([entry.binding('a', two), entry.binding('b', n(1))]);
    const rest = ['{', '  a = {', '    a = 1;', '    b = 2;', '  };', '', '  b = 1;', '}', ''];
    expect(printNixFile(code.let([entry.binding('x', n(1))], body))).toBe(
      lines('let', '  x = 1;', 'in', ...rest),
    );
    expect(printNixFile(code.with(v('lib'), body))).toBe(lines('with lib;', ...rest));
    expect(printNixFile(code.lambda('x', body))).toBe(`x: ${lines(...rest)}`);
    const call = code.apply(v('f'), body);
    expect(
      printNixFile(code.lambda(takes('f'), call))
        .split('\n')
        .slice(0, 2),
    ).toEqual(['{ f, ... }:', 'f {']);
  });
});

describe('freeVariables', () => {
  const names = ['config', 'pkgs', 'lib', 'inputs'];
  const free = (syntax: NixSyntax): string[] => [...freeVariables(syntax, names)];

  it.each<[string, NixSyntax, string[]]>([
    ['in the order asked for', code.list([v('lib'), v('config')]), ['config', 'lib']],
    [
      'in strings, paths of attributes and defaults',
      code.string(code.select(v('a'), [v('pkgs')], v('lib'))),
      ['pkgs', 'lib'],
    ],
    ['not what a function binds', code.lambda(takes('lib'), code.list([v('lib'), v('pkgs')])), ['pkgs']],
    ['not what a let binds', code.let([entry.binding('lib', v('pkgs'))], v('lib')), ['pkgs']],
    ['not what a rec set binds', code.recursiveSet([entry.binding('lib', v('lib'))]), []],
    ['what a plain set binds', code.set([entry.binding('lib', v('lib'))]), ['lib']],
    [
      'what is inherited',
      code.set([entry.inherit(['pkgs']), entry.inherit(['config'], v('lib'))]),
      ['pkgs', 'lib'],
    ],
    ['in raw text', code.raw('lib.mkIf x.pkgs "${config.a}" # inputs'), ['config', 'lib']],
    ['not names bound in raw text', code.raw('{ config = 1; lib = pkgs == 1; }'), ['pkgs']],
    ['not words in raw strings', code.raw("\"pkgs lib\" + ''config ${inputs.x}''"), ['inputs']],
    ['in the gaps of raw text', code.raw('f ', v('lib')), ['lib']],
  ])('finds %s', (_, syntax, found) => {
    expect(free(syntax)).toEqual(found);
  });
});
