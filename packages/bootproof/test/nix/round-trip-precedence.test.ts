import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { code, entry } from '../../src/nix/code.ts';
import { printNix } from '../../src/nix/print.ts';
import type { BinaryOperator, NixSyntax } from '../../src/nix/syntax.ts';
import { evaluated, parsed } from './round-trip-nix.ts';

/** Every kind of syntax with parentheses around everything, written without the printer. */
function parenthesised(syntax: NixSyntax): string {
  const all = (inner: NixSyntax): string => `(${parenthesised(inner)})`;
  switch (syntax.kind) {
    case 'variable':
      return syntax.name;
    case 'number':
      return String(syntax.value);
    case 'string':
      return `"${syntax.parts.map((part) => (typeof part === 'string' ? part : `\${${parenthesised(part)}}`)).join('')}"`;
    case 'list':
      return `[ ${syntax.items.map(all).join(' ')} ]`;
    case 'set':
      return `{ ${syntax.entries.map((one) => (one.kind === 'binding' ? `${one.path[0]} = ${parenthesised(one.value)};` : '')).join(' ')} }`;
    case 'select': {
      // Without a default the parser's tree tells (a.b).c from a.b.c, but there is no other difference.
      const isPath = syntax.of.kind === 'select' && !syntax.of.otherwise && !syntax.otherwise;
      const selected = `${isPath ? parenthesised(syntax.of) : all(syntax.of)}.${syntax.path[0]}`;
      return syntax.otherwise === undefined ? selected : `${selected} or ${all(syntax.otherwise)}`;
    }
    case 'has':
      return `${all(syntax.of)} ? ${syntax.path[0]}`;
    case 'apply':
      return `${all(syntax.function)} ${all(syntax.argument)}`;
    case 'lambda':
      return typeof syntax.parameter === 'string'
        ? `${syntax.parameter}: ${all(syntax.body)}`
        : `{ ${syntax.parameter.names.map((one) => `${one.name}${one.default ? ` ? ${all(one.default)}` : ''}`).join(', ')} }: ${all(syntax.body)}`;
    case 'unary':
      return `${syntax.operator} ${all(syntax.operand)}`;
    case 'binary':
      return `${all(syntax.left)} ${syntax.operator} ${all(syntax.right)}`;
    case 'let':
      return `let ${syntax.entries.map((one) => (one.kind === 'binding' ? `${one.path[0]} = ${parenthesised(one.value)};` : '')).join(' ')} in ${all(syntax.body)}`;
    case 'with':
      return `with ${all(syntax.scope)}; ${all(syntax.body)}`;
    case 'if':
      return `if ${all(syntax.condition)} then ${all(syntax.yes)} else ${all(syntax.no)}`;
    case 'assert':
      return `assert ${all(syntax.condition)}; ${all(syntax.body)}`;
    default:
      throw new Error(`no ${syntax.kind} is made here`);
  }
}

const binaryOperators: readonly BinaryOperator[] = [
  ...(['++', '*', '/', '+', '-', '//', '<', '<=', '>', '>=', '==', '!=', '&&', '||', '->'] as const),
];
/** Where it does not matter which side is deeper, the parser has one side, and only that is made here. */
const deepRight: ReadonlySet<string> = new Set(['++', '//']);
const deepLeft: ReadonlySet<string> = new Set(['&&', '||']);
const name = fc.constantFrom('a', 'b', 'c');
const isSame = (syntax: NixSyntax, operator: string): boolean =>
  syntax.kind === 'binary' && syntax.operator === operator;

function binary([left, operator, right]: [NixSyntax, BinaryOperator, NixSyntax]): NixSyntax {
  return code.binary(
    deepRight.has(operator) && isSame(left, operator) ? code.variable('a') : left,
    operator,
    deepLeft.has(operator) && isSame(right, operator) ? code.variable('b') : right,
  );
}

const anySyntax = fc.letrec<{ any: NixSyntax; leaf: NixSyntax }>((tie) => {
  const any = tie('any');
  const bindings = fc
    .uniqueArray(fc.tuple(name, any), { maxLength: 3, selector: ([key]) => key, depthIdentifier: 'nix' })
    // A set of one child would become a path, which the parser keeps as nested sets: the same.
    .map((members) => members.map(([key, value]) => entry.binding(key, value)));
  return {
    leaf: fc.oneof(
      name.map(code.variable),
      fc.integer({ min: -9, max: 9 }).map((value) => code.number(value)),
      name.map((text) => code.string(text)),
    ),
    any: fc.oneof(
      { maxDepth: 5, depthIdentifier: 'nix' },
      tie('leaf'),
      { weight: 6, arbitrary: fc.tuple(any, fc.constantFrom(...binaryOperators), any).map(binary) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('!' as const, '-' as const), any)
          .map(([operator, operand]) => code.unary(operator, operand)),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(any, any).map(([applied, argument]) => code.apply(applied, argument)),
      },
      fc.tuple(any, name).map(([of, key]) => code.select(of, [key])),
      fc.tuple(any, name, any).map(([of, key, otherwise]) => code.select(of, [key], otherwise)),
      fc.tuple(any, name).map(([of, key]) => code.has(of, [key])),
      fc.array(any, { maxLength: 3, depthIdentifier: 'nix' }).map(code.list),
      bindings.map(code.set),
      fc.tuple(name, any).map(([parameter, body]) => code.lambda(parameter, body)),
      fc
        .tuple(any, any)
        .map(([value, body]) =>
          code.lambda({ names: [{ name: 'a' }, { name: 'b', default: value }], ellipsis: false }, body),
        ),
      fc.tuple(bindings, any).map(([entries, body]) => code.let(entries, body)),
      fc.tuple(any, any).map(([scope, body]) => code.with(scope, body)),
      fc.tuple(any, any, any).map(([condition, yes, no]) => code.if(condition, yes, no)),
      fc.tuple(any, any).map(([condition, body]) => code.assert(condition, body)),
      any.map((part) => code.string('x', part, 'y')),
    ),
  };
}).any;

describe('parentheses', () => {
  it('are where Nix needs them: 1,500 random expressions parse to what was meant', () => {
    const syntaxes = fc.sample(anySyntax, { numRuns: 1500, seed: 11 });
    const around = (text: string): string => `{ a, b, c }:\n${text}\n`;
    const printed = syntaxes.map((syntax) => printNix(syntax));
    const found = parsed(printed.map(around));
    const wanted = parsed(syntaxes.map((syntax) => around(parenthesised(syntax))));
    expect(wanted).toHaveLength(1500);
    for (const [index, meant] of wanted.entries()) expect(found[index], printed[index]).toBe(meant);
  }, 60_000);

  const n = (value: number): NixSyntax => code.number(value);
  const t = code.boolean(true);
  const f = code.boolean(false);
  it.each<[string, NixSyntax, unknown]>([
    ['1 - (2 - 3)', code.binary(n(1), '-', code.binary(n(2), '-', n(3))), 2],
    ['1 - 2 - 3', code.binary(code.binary(n(1), '-', n(2)), '-', n(3)), -4],
    ['(1 + 2) * 3', code.binary(code.binary(n(1), '+', n(2)), '*', n(3)), 9],
    ['-(1 + 2)', code.unary('-', code.binary(n(1), '+', n(2))), -3],
    ['-(-1)', code.unary('-', n(-1)), 1],
    ['!(true && false)', code.unary('!', code.binary(t, '&&', f)), true],
    ['!true || true', code.binary(code.unary('!', t), '||', t), true],
    ['(false -> false) -> false', code.binary(code.binary(f, '->', f), '->', f), false],
    ['(1 == 1) == true', code.binary(code.binary(n(1), '==', n(1)), '==', t), true],
    ['true && (false || true)', code.binary(t, '&&', code.binary(f, '||', t)), true],
    ['(x: x) 1', code.apply(code.lambda('x', code.variable('x')), n(1)), 1],
    ['(x: x) (-1)', code.apply(code.lambda('x', code.variable('x')), n(-1)), -1],
    ['(if true then 1 else 2) + 3', code.binary(code.if(t, n(1), n(2)), '+', n(3)), 4],
    ['[ (-1) (-9223372036854775807 - 1) ]', code.list([n(-1), n(-(2 ** 63))]), [-1, -(2 ** 63)]],
    ['!{ } ? a', code.unary('!', code.has(code.set([]), ['a'])), true],
  ])('are no more than needed: %s', (text, syntax, value) => {
    expect(printNix(syntax)).toBe(text);
    expect(evaluated({ 'index.nix': text })).toEqual(value);
  });
});
