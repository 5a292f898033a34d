import { BootproofError } from '../base/errors.ts';
import { isIdentifier } from './strings.ts';
import type {
  AssertSyntax,
  BinaryOperator,
  BinarySyntax,
  BooleanSyntax,
  HasSyntax,
  IfSyntax,
  LambdaSyntax,
  LetSyntax,
  ListSyntax,
  NixAttrPath,
  NixEntry,
  NixSyntax,
  NullSyntax,
  NumberSyntax,
  PathSyntax,
  RawSyntax,
  SelectSyntax,
  SetPattern,
  SetSyntax,
  StringSyntax,
  UnaryOperator,
  UnarySyntax,
  VariableSyntax,
  WithSyntax,
} from './syntax.ts';

/** Neighbouring texts as one, so that the printer sees what stands beside what. */
function joined(parts: readonly (string | NixSyntax)[]): (string | NixSyntax)[] {
  const result: (string | NixSyntax)[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (part === '') continue;
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}

function named(name: string): string {
  if (isIdentifier(name)) return name;
  throw new BootproofError(`${JSON.stringify(name)} cannot be the name of a variable in Nix.`, {
    kind: 'declaration',
    hint: "Use letters, digits, _, - and ', not beginning with a digit, and none of Nix's keywords.",
  });
}

/** Makers of syntax. Names of variables are checked here; texts when they are printed. */
export const code = {
  string: (...parts: readonly (string | NixSyntax)[]): StringSyntax => ({
    kind: 'string',
    parts: joined(parts),
  }),
  /** @param text beginning with `/`, `./` or `../`, or one of `.` and `..` */
  path: (text: string): PathSyntax => ({ kind: 'path', text }),
  number: (value: number | bigint): NumberSyntax => ({ kind: 'number', value }),
  boolean: (value: boolean): BooleanSyntax => ({ kind: 'boolean', value }),
  null: (): NullSyntax => ({ kind: 'null' }),
  list: (items: readonly NixSyntax[]): ListSyntax => ({ kind: 'list', items }),
  set: (entries: readonly NixEntry[]): SetSyntax => ({ kind: 'set', recursive: false, entries }),
  recursiveSet: (entries: readonly NixEntry[]): SetSyntax => ({ kind: 'set', recursive: true, entries }),
  variable: (name: string): VariableSyntax => ({ kind: 'variable', name: named(name) }),
  select: (of: NixSyntax, path: NixAttrPath, otherwise?: NixSyntax): SelectSyntax => ({
    kind: 'select',
    of,
    path,
    ...(otherwise === undefined ? {} : { otherwise }),
  }),
  has: (of: NixSyntax, path: NixAttrPath): HasSyntax => ({ kind: 'has', of, path }),
  /** A function applied to one argument after the other. */
  apply: (applied: NixSyntax, ...args: readonly NixSyntax[]): NixSyntax =>
    args.reduce<NixSyntax>((made, argument) => ({ kind: 'apply', function: made, argument }), applied),
  lambda: (parameter: string | SetPattern, body: NixSyntax): LambdaSyntax => {
    if (typeof parameter === 'string') named(parameter);
    else for (const { name } of parameter.names) named(name);
    return { kind: 'lambda', parameter, body };
  },
  unary: (operator: UnaryOperator, operand: NixSyntax): UnarySyntax => ({ kind: 'unary', operator, operand }),
  binary: (left: NixSyntax, operator: BinaryOperator, right: NixSyntax): BinarySyntax => ({
    kind: 'binary',
    operator,
    left,
    right,
  }),
  let: (entries: readonly NixEntry[], body: NixSyntax): LetSyntax => ({ kind: 'let', entries, body }),
  with: (scope: NixSyntax, body: NixSyntax): WithSyntax => ({ kind: 'with', scope, body }),
  if: (condition: NixSyntax, yes: NixSyntax, no: NixSyntax): IfSyntax => ({ kind: 'if', condition, yes, no }),
  assert: (condition: NixSyntax, body: NixSyntax): AssertSyntax => ({ kind: 'assert', condition, body }),
  raw: (...parts: readonly (string | NixSyntax)[]): RawSyntax => ({ kind: 'raw', parts: joined(parts) }),
} as const;

/** Makers of the entries of sets and `let`s. */
export const entry = {
  /** `path = value;` A path of one name may be given as that name; dots in it are part of the name. */
  binding: (path: string | NixAttrPath, value: NixSyntax, comment?: readonly string[]): NixEntry => ({
    kind: 'binding',
    path: typeof path === 'string' ? [path] : path,
    value,
    ...(comment === undefined || comment.length === 0 ? {} : { comment }),
  }),
  inherit: (names: readonly string[], from?: NixSyntax): NixEntry => ({
    kind: 'inherit',
    names,
    ...(from === undefined ? {} : { from }),
  }),
  /** Lines of comment that stand alone. */
  comment: (...lines: readonly string[]): NixEntry => ({ kind: 'comment', lines }),
  blank: (): NixEntry => ({ kind: 'blank' }),
} as const;
