// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the gaps are Nix's
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { code, entry } from '../../src/nix/code.ts';
import { nixSyntaxOf } from '../../src/nix/convert.ts';
import { printNix, printNixFile } from '../../src/nix/print.ts';
import { evaluated, parsed } from './round-trip-nix.ts';

const syntaxOf = (value: unknown) => nixSyntaxOf(value, { path: ['value'] });

/** JSON that keeps integers which JavaScript's own would round. */
const exactJson = (value: unknown): string => {
  if (typeof value === 'bigint') return String(value);
  // Nix's fromJSON reads what has neither point nor exponent as an integer.
  if (typeof value === 'number' && Number.isInteger(value)) {
    return Math.abs(value) < 2 ** 63 || value === -(2 ** 63) ? String(BigInt(value)) : value.toExponential();
  }
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${JSON.stringify(name)}:${exactJson(member)}`,
    );
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
};

interface Answer {
  readonly equal: readonly boolean[];
  readonly value: unknown;
}

/** Each value printed alone, in a list, and deep within sets; all read back by one process. */
function roundTrips(values: readonly unknown[], wanted = values): Answer[] {
  const files: Record<string, string> = {};
  for (const [index, value] of values.entries()) {
    const syntax = syntaxOf(value);
    const nested = code.set([
      entry.binding(
        ['a', 'b'],
        code.list([syntax, code.set([entry.binding('c', syntax), entry.binding('d', syntax)])]),
      ),
    ]);
    files[`${index}.json`] = exactJson(wanted[index]);
    files[`${index}.nix`] = printNix(syntax);
    files[`nested-${index}.nix`] = printNixFile(nested, { header: 'A value.' });
  }
  files['index.nix'] = `builtins.genList (index: let
      name = toString index;
      wanted = builtins.fromJSON (builtins.readFile (./. + "/\${name}.json"));
      alone = import (./. + "/\${name}.nix");
      nested = import (./. + "/nested-\${name}.nix");
      item = builtins.elemAt nested.a.b;
    in {
      equal = map (found: found == wanted) [ alone (item 0) (item 1).c (item 1).d ];
      value = alone;
    }) ${values.length}`;
  return evaluated(files) as Answer[];
}

/** What `--json` gives for it: floats have few digits there, and JavaScript rounds large integers. */
const rough = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : expect.any(Number);
  if (Array.isArray(value)) return value.map(rough);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rough(member)]));
  }
  return value;
};

const strings: Readonly<Record<string, string>> = {
  empty: '',
  'a gap': '${',
  'a whole gap': 'a ${b} c',
  'two dollars and a gap': '$${',
  'three dollars and a gap': '$$${x}',
  'a dollar at the end': 'costs 5$',
  'two single quotes': "''",
  'three single quotes': "'''",
  'four single quotes': "''''",
  'a quote before a gap': "'${",
  'two quotes before a gap': "''${",
  'three quotes before a gap': "'''${",
  'a trailing quote': "it's'",
  backslash: '\\',
  'backslash n, not a newline': '\\n',
  'a backslash before a gap': '\\${x}',
  'two backslashes and a quote': '\\\\"',
  'double quotes': 'say "hi"',
  newline: '\n',
  'two newlines': '\n\n',
  tab: '\t',
  'carriage return': '\r',
  CRLF: 'a\r\nb\r\n',
  unicode: 'Grüße, 世界 🌍',
  'combining marks and a joiner': 'e\u0301 👩\u200d🚀',
  'bidirectional marks': 'a\u202eb\u2066c\u2069',
  'line separators': 'a\u2028b\u2029c',
  'byte order mark': '\ufeffa',
  'escape and delete': '\u001b[31m\u007f\u0085',
  'a dollar before a control character': '$\u001b{',
  'a quote before a control character': "a\n'\u001b",
  'a brace after a control character': '\u001b{x}\n$\u001b',
};

/** The same within text of several lines, where `''` strings are used. */
const severalLines: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(strings).flatMap(([name, text]) => [
      [`${name}, between lines`, `first\n${text}\nlast\n`],
      [`${name}, at the end`, `first\n  second\n${text}`],
      [`${name}, first`, `${text}\nlast`],
      [`${name}, within a line`, `a\n  b${text}c\n`],
    ]),
  ),
  'leading spaces on all lines': '  a\n    b\n',
  'leading spaces on the first line': '  a\nb\n',
  'leading spaces on the last line': 'a\n  b',
  'leading tabs': '\ta\n\tb\n',
  'leading blank lines': '\n\na\n',
  'trailing blank lines': 'a\n\n\n',
  'a line of spaces': 'a\n   \nb\n',
  'a last line of spaces': 'a\n   ',
  'a first line of spaces': '   \na',
  'only lines of spaces': '  \n  \n',
  'trailing spaces': 'a  \nb  \n',
  'an indented line and a line of more spaces': '  a\n      \nb',
  'a shell script': '#!/bin/sh\nset -eu\nfor x in "$@"; do\n\techo "${x:-none}" \'$y\' $$\ndone\n',
};

const names = [
  ...'if then else assert with let in rec inherit or'.split(' '),
  '',
  'a b',
  'a.b',
  '/boot',
  'serial-getty@ttyS0',
  '1st',
  "it's",
  '-a',
  '_a-b',
  '${x}',
  '$',
  '"',
  '\\',
  '\n',
  'Ä',
  'a\u202eb',
  'true',
  'null',
  'builtins',
  '__proto__',
];

const numbers: readonly (number | bigint)[] = [
  0,
  -0,
  1,
  -1,
  22,
  2 ** 53,
  -(2 ** 53),
  2 ** 62,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e21,
  -1e21,
  1.5,
  -1.5,
  0.1,
  1e-7,
  -1e-7,
  1.5e300,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2.2250738585072014e-308,
  Math.PI,
  9007199254740993n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 63n) + 1n,
];

const named: readonly (readonly [string, unknown])[] = [
  ...Object.entries({ ...strings, ...severalLines }).map(
    ([name, text]) => [`string: ${name}`, text] as const,
  ),
  ...Object.entries(strings).map(
    ([name, text]) => [`attribute name: ${name}`, { [text]: text, other: [] }] as const,
  ),
  ...names.map(
    (name) =>
      [`attribute name ${JSON.stringify(name)}`, Object.fromEntries([[name, { a: 1, b: 2 }]])] as const,
  ),
  ['all awkward names in one set', Object.fromEntries(names.map((name, index) => [name, index]))],
  ...numbers.map((number) => [`number ${Object.is(number, -0) ? '-0' : number}`, number] as const),
  ['all numbers in a list', numbers],
  ['negative numbers in a list', [-1, 2, -3.5, -4n]],
  ['a negative number in a list of lists', [[-1], [], [[-2]]]],
  ['empty set and list', { a: {}, b: [] }],
  ['null and booleans', [null, true, false]],
  ['a chain of single-child sets', { a: { 'b c': { or: { d: [{ e: { f: 1 } }] } } } }],
  ['many strings in a list', Object.values(strings)],
];

/** Sets that are more than sets to Nix's `--json` and `==`. */
const special: ReadonlySet<string> = new Set(['outPath', '__toString', 'type']);

const awkwardText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '$',
        '{',
        '}',
        '${',
        "''",
        "'",
        '\\',
        '"',
        '\n',
        '\r',
        '\t',
        ' ',
        '  ',
        '\u001b',
        '\u202e',
        'é',
        '𝄞',
      ),
      fc.constantFrom(...Object.values(strings)),
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => text.replaceAll('\0', '')),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(awkwardText, fc.string({ maxLength: 12 }));
const anyName = fc.oneof(fc.constantFrom(...names), anyText).filter((name) => !special.has(name));
const anyValue = fc.letrec((tie) => ({
  leaf: fc.oneof(
    { weight: 4, arbitrary: anyText },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  ),
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 5, depthIdentifier: 'value' }),
    fc
      .uniqueArray(fc.tuple(anyName, tie('value')), {
        maxLength: 5,
        selector: ([name]) => name,
        depthIdentifier: 'value',
      })
      .map((members) => Object.fromEntries(members)),
  ),
})).value;

/** Fixed, so that a failure can be seen again; raise it to look further. */
const seed = 3;
const random = fc.sample(anyValue, { numRuns: 1500, seed });

describe('a printed value, read by Nix', () => {
  let answers: Answer[] = [];
  beforeAll(() => {
    answers = roundTrips([...named.map(([, value]) => value), ...random]);
  }, 60_000);

  it.each(named.map(([name, value], index) => ({ name, value, index })))(
    'is itself: $name',
    ({ value, index }) => {
      expect(answers[index]?.equal).toEqual([true, true, true, true]);
      expect(answers[index]?.value).toEqual(rough(value));
    },
  );

  it('is itself, for 1,500 random values', () => {
    expect(random).toHaveLength(1500);
    for (const [index, value] of random.entries()) {
      const answer = answers[named.length + index];
      expect(answer?.equal, exactJson(value)).toEqual([true, true, true, true]);
      expect(answer?.value).toEqual(rough(value));
    }
  });

  it.each([
    ['a', 'b'],
    [0.1, 0.10000000000000002],
    [9007199254740993n, 9007199254740992n],
    ['a\nb', 'a\n b'],
  ])('would not be equal to another one: %s and %s', (value, other) => {
    expect(roundTrips([value], [other])[0]?.equal).toEqual([false, false, false, false]);
  });
});

describe('printed values', () => {
  it('are the same each time, whoever makes the syntax', () => {
    for (const value of random.slice(0, 300)) {
      expect(printNix(syntaxOf(value))).toBe(printNix(syntaxOf(structuredClone(value))));
    }
  });

  it('are taken by the parser at any indentation, and mean the same', () => {
    const sample = random.slice(0, 200).map(syntaxOf);
    const flush = parsed(sample.map((syntax) => printNix(syntax)));
    expect(flush).toHaveLength(sample.length);
    expect(parsed(sample.map((syntax) => printNix(syntax, { indent: 3 })))).toEqual(flush);
  });

  it('show no character that a reader would not see', () => {
    const text = random.map((value) => printNix(syntaxOf(value))).join('\n');
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u);
  });
});
