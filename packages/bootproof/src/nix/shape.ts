import { flat, flatOperand, flatParameter, needsParentheses, wholeRaw } from './flat.ts';
import { operands, tightness } from './precedence.ts';
import type { ApplySyntax, NixEntry, NixSyntax, SetSyntax } from './syntax.ts';

/** What the layout asks about syntax before it lays anything out: where a line may end, and what stays on it. */

/** Where text begins: the indentation of its line, the column reached, and what has to follow it on its last line. */
export interface Place {
  readonly indent: number;
  readonly column: number;
  readonly tail: number;
}

export const lineLength = 100;
export const step = 2;

export const width = (text: string): number => [...text].length;
export const fits = (text: string, at: Place): boolean => at.column + width(text) + at.tail <= lineLength;
export const pad = (indent: number): string => ' '.repeat(indent);
export const newLine = (indent: number): string => `\n${pad(indent)}`;
export const startOf = (indent: number, tail = 0): Place => ({ indent, column: indent, tail });
export const after = (at: Place, text: string): Place => ({ ...at, column: at.column + width(text) });

export const isSingleInherit = (syntax: SetSyntax): boolean =>
  syntax.entries.length === 1 && syntax.entries[0]?.kind === 'inherit';

export const lastLine = (text: string): string => text.slice(text.lastIndexOf('\n') + 1);

/** Whether syntax opens a bracket at the end of the line that it begins on, and closes it on its own last line. */
export function isAbsorbable(syntax: NixSyntax): boolean {
  switch (syntax.kind) {
    case 'set':
      return syntax.entries.length > 0;
    case 'list':
      return syntax.items.length > 0;
    case 'string':
      return flat(syntax) === undefined;
    case 'raw':
      return flat(syntax) === undefined;
    case 'with':
      return isBracket(syntax.body) && flat(syntax.scope) !== undefined;
    case 'lambda':
      return (
        typeof syntax.parameter === 'string' &&
        (syntax.body.kind === 'lambda' || isBracket(syntax.body)) &&
        isAbsorbable(syntax.body)
      );
    default:
      return false;
  }
}

export const isBracket = (syntax: NixSyntax): boolean =>
  (syntax.kind === 'set' || syntax.kind === 'list' || syntax.kind === 'string') && isAbsorbable(syntax);

/** The text of absorbable syntax up to where its line may end. */
export function opening(syntax: NixSyntax): string {
  switch (syntax.kind) {
    case 'set':
      return syntax.recursive ? 'rec {' : '{';
    case 'list':
      return '[';
    case 'string':
      return "''";
    case 'with':
      return `with ${flat(syntax.scope)}; ${opening(syntax.body)}`;
    case 'lambda':
      return `${flatParameter(syntax.parameter)}: ${opening(syntax.body)}`;
    case 'raw':
      return wholeRaw(syntax).split('\n')[0] ?? '';
    default:
      return '';
  }
}

/** A function and its arguments, in order. */
export function spine(syntax: ApplySyntax): [NixSyntax, ...NixSyntax[]] {
  if (syntax.function.kind !== 'apply') return [syntax.function, syntax.argument];
  const [applied, ...args] = spine(syntax.function);
  return [applied, ...args, syntax.argument];
}

/** All of a call but its last argument, when that much fits on the line and the last argument may open there. */
export function callHead(syntax: ApplySyntax, at: Place): string | undefined {
  const head = flatOperand(syntax.function, tightness.apply);
  if (head === undefined) return undefined;
  const last = syntax.argument;
  const inParentheses = needsParentheses(last, tightness.select);
  if (!inParentheses && !isAbsorbable(last)) return undefined;
  const opened = `${head} ${inParentheses ? '(' : ''}${isAbsorbable(last) ? opening(last) : ''}`;
  return fits(opened, { ...at, tail: 0 }) ? `${head} ` : undefined;
}

export const isNamedLambda = (syntax: NixSyntax): boolean =>
  syntax.kind === 'lambda' && typeof syntax.parameter === 'string';

/** Operators that join sets, lists and strings, whose operands the style lets open beside them. */
export const joins = (operator: string): boolean =>
  operator === '//' || operator === '++' || operator === '+';

/** Sets of one child become one path: `a.b.c = …`. A comment or `rec` in between ends the path. */
export function collapsed(entry: NixEntry & { kind: 'binding' }): NixEntry & { kind: 'binding' } {
  const { path, value } = entry;
  if (value.kind !== 'set' || value.recursive) return entry;
  const [only, ...more] = value.entries.filter((one) => one.kind !== 'blank');
  if (only?.kind !== 'binding' || only.comment !== undefined || more.length > 0) return entry;
  return collapsed({ ...entry, path: [...path, ...only.path], value: only.value });
}

export function staysBeside(value: NixSyntax, beside: Place): boolean {
  switch (value.kind) {
    case 'apply':
      return callHead(value, beside) !== undefined;
    case 'binary': {
      const [first, last, ...more] = operands(value);
      if (first === undefined || last === undefined || !joins(value.operator)) return false;
      if (isBracket(first) && !fits(flat(value) ?? ' '.repeat(lineLength), beside)) return true;
      const start = flat(first);
      return (
        more.length === 0 &&
        isBracket(last) &&
        start !== undefined &&
        fits(`${start} ${value.operator} {`, beside)
      );
    }
    case 'if':
    case 'let':
    case 'lambda':
    case 'with':
    case 'assert':
    case 'select':
    case 'has':
    case 'unary':
      return false;
    default:
      return true;
  }
}
