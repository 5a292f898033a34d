// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the gaps are Nix's
import { describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import {
  attrName,
  indented,
  isIdentifier,
  oneLine,
  quoted,
  suitsIndented,
  textFault,
} from '../../src/nix/strings.ts';

describe('strings in double quotes', () => {
  it.each([
    ['', '""'],
    ['say "hi"', '"say \\"hi\\""'],
    ['a\\b', '"a\\\\b"'],
    ['a\nb\rc\td', '"a\\nb\\rc\\td"'],
    ['${x}', '"\\${x}"'],
    ['$${x}', '"$\\${x}"'],
    ['$x 5$', '"$x 5$"'],
    ["'' and '", "\"'' and '\""],
    ['é 世 🌍', '"é 世 🌍"'],
    ['\u001b[0m', '"${builtins.fromJSON "\\"\\\\u001b\\""}[0m"'],
    ['a\u202e\u2066b', '"a${builtins.fromJSON "\\"\\\\u202e\\\\u2066\\""}b"'],
    ['$\u0007', '"\\$${builtins.fromJSON "\\"\\\\u0007\\""}"'],
  ])('%j', (text, printed) => {
    expect(quoted([text])).toBe(printed);
  });

  it('keep a dollar before a gap', () => {
    expect(quoted(['5$', { code: 'x' }, '$'])).toBe('"5\\$${x}$"');
  });
});

describe('strings on one line', () => {
  it.each([
    ['plain', '"plain"'],
    ['say "hi"', "''say \"hi\"''"],
    ['f"{x}" costs ${y}\\', "''f\"{x}\" costs ''${y}\\''"],
    // What the other kind of string would change or make harder to read.
    [' "indented"', '" \\"indented\\""'],
    ['"a\tb"', '"\\"a\\tb\\""'],
    [`"it''s"`, `"\\"it''s\\""`],
    [`"it's'`, `"\\"it's'"`],
  ])('%j', (text, printed) => {
    expect(oneLine([text])).toBe(printed);
  });

  it('keep their gaps', () => {
    expect(oneLine(['a "', { code: 'x' }, '" 5$', { code: 'y' }])).toBe("''a \"${x}\" 5''$${y}''");
  });
});

describe('strings in two single quotes', () => {
  const inner = (text: string): string => indented([text], 0).slice("''\n  ".length, -"''".length);

  it.each([
    ['a${x}', "a''${x}"],
    ['a$${x}', "a$''${x}"],
    ['a$b 5$', 'a$b 5$'],
    ["it's", "it's"],
    ["a''b", "a'''b"],
    ["a'''b", "a'''''\\'b"],
    ["a'", "a''\\'"],
    ["a'$b", "a''\\'$b"],
    ["a'${b}", "a''\\'''${b}"],
    ["a'\tb", "a''\\'''\\tb"],
    ['a\tb\r', "a''\\tb''\\r"],
    ['a\\n"b"', 'a\\n"b"'],
    ['a\u001b', 'a${builtins.fromJSON "\\"\\\\u001b\\""}'],
  ])('%j', (text, printed) => {
    expect(inner(text)).toBe(printed);
  });

  it('indent what has text, and close on their own line after a newline', () => {
    expect(indented(['a\n\n  b\n'], 2)).toBe("''\n    a\n\n      b\n  ''");
    expect(indented(['a\n', { code: 'x' }], 0)).toBe("''\n  a\n  ${x}''");
    expect(indented([{ code: 'x' }, '\n$', { code: 'y' }], 0)).toBe("''\n  ${x}\n  ''$${y}''");
  });

  it.each([
    ['one line', false],
    ['a\nb', true],
    ['a\n', true],
    ['\na', true],
    ['  a\n b', false],
    ['  a\nb', true],
    ['a\n  ', false],
    ['a\n  \n', true],
    ['\n', false],
    ['  \n  \n', false],
    ['\ta\n', true],
  ])('suit %j: %s', (text, suits) => {
    expect(suitsIndented([text])).toBe(suits);
  });

  it('suit a last line of spaces and a gap', () => {
    expect(suitsIndented(['a\n  ', { code: 'x' }])).toBe(true);
    expect(suitsIndented(['  ', { code: 'x' }, '\n'])).toBe(false);
  });
});

describe('what Nix cannot hold', () => {
  it.each([
    ['a\0b', /NUL/],
    ['\ud800', /surrogate/],
    ['a\udc00b', /surrogate/],
  ])('is refused: %j', (text, words) => {
    expect(textFault(text)).toMatch(words);
    for (const print of [() => quoted([text]), () => indented([text], 0), () => attrName(text)]) {
      expect(print).toThrow(BootproofError);
      expect(print).toThrow(words);
    }
  });

  it('is not refused where nothing is wrong', () => {
    expect(textFault('🌍 \u0001')).toBeUndefined();
  });
});

describe('attribute names', () => {
  it.each([
    ['hostName', 'hostName'],
    ["_a-b'", "_a-b'"],
    ['true', 'true'],
    ['1st', '"1st"'],
    ['', '""'],
    ['a b', '"a b"'],
    ['/boot', '"/boot"'],
    ['${x}', '"\\${x}"'],
    ['Ä', '"Ä"'],
    ['-a', '"-a"'],
  ])('%j', (name, printed) => {
    expect(attrName(name)).toBe(printed);
  });

  it.each('if then else assert with let in rec inherit or'.split(' '))('%s is a keyword', (name) => {
    expect(isIdentifier(name)).toBe(false);
    expect(attrName(name)).toBe(`"${name}"`);
  });
});
