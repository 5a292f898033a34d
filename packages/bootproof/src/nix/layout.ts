import {
  attrPath,
  commentLines,
  dotted,
  flat,
  flatOperand,
  flatParameter,
  inheritText,
  needsParentheses,
  selectedTightness,
  wholeRaw,
} from './flat.ts';
import { operands, operandTightness, tightness } from './precedence.ts';
import { rawAt } from './raw.ts';
import {
  after,
  callHead,
  collapsed,
  fits,
  isAbsorbable,
  isBracket,
  isNamedLambda,
  isSingleInherit,
  joins,
  lastLine,
  newLine,
  opening,
  type Place,
  spine,
  startOf,
  staysBeside,
  step,
  width,
} from './shape.ts';
import { indented, oneLine, suitsIndented } from './strings.ts';
import type {
  ApplySyntax,
  BinarySyntax,
  IfSyntax,
  LambdaSyntax,
  NixEntry,
  NixSyntax,
  SetPattern,
  SetSyntax,
  StringSyntax,
  WithSyntax,
} from './syntax.ts';

/**
 * Syntax over as many lines as the style wants: what fits stays on one line; what does not is opened from the outside
 * in, and brackets at the end of a line stay there ("absorbed"). The style is RFC 166's, as nixfmt applies it.
 */

/** Syntax at a place. Continuation lines carry their indentation; the first does not. */
export function layout(syntax: NixSyntax, at: Place): string {
  const line = flat(syntax);
  return line !== undefined && fits(line, at) ? line : (broken(syntax, at) ?? line ?? '');
}

/** As `layout`, but a set that is not empty takes a line for each binding even when it would fit on one. */
export function layoutWide(syntax: NixSyntax, at: Place): string {
  if (syntax.kind === 'set' && syntax.entries.length > 0 && !isSingleInherit(syntax))
    return brokenSet(syntax, at);
  return layout(syntax, at);
}

/** The form over several lines; undefined when there is none, and a long line has to do. */
function broken(syntax: NixSyntax, at: Place): string | undefined {
  switch (syntax.kind) {
    case 'string':
      return brokenString(syntax, at);
    case 'list':
      return syntax.items.length === 0 ? undefined : brokenList(syntax.items, at);
    case 'set':
      return syntax.entries.length === 0 ? undefined : brokenSet(syntax, at);
    case 'select': {
      const selected = layoutOperand(syntax.of, selectedTightness(syntax), at) + dotted(syntax.path);
      if (syntax.otherwise === undefined) return selected;
      return `${selected} or ${layoutOperand(syntax.otherwise, tightness.select, after(at, `${lastLine(selected)} or `))}`;
    }
    case 'has':
      return `${layoutOperand(syntax.of, tightness.negate, at)} ? ${attrPath(syntax.path)}`;
    case 'apply':
      return brokenApply(syntax, at);
    case 'lambda':
      return brokenLambda(syntax, at);
    case 'unary': {
      const least = syntax.operator === '!' ? tightness.not : tightness.apply;
      return syntax.operator + layoutOperand(syntax.operand, least, after(at, syntax.operator));
    }
    case 'binary':
      return brokenBinary(syntax, at);
    case 'let':
      return (
        letHead(syntax.entries, at.indent) +
        newLine(at.indent) +
        layout(syntax.body, startOf(at.indent, at.tail))
      );
    case 'with':
      return brokenWith(syntax, at);
    case 'if':
      return brokenIf(syntax, at);
    case 'assert':
      return `assert ${layout(syntax.condition, { ...after(at, 'assert '), tail: 1 })};${newLine(at.indent)}${layout(syntax.body, startOf(at.indent, at.tail))}`;
    case 'raw':
      return rawAt(wholeRaw(syntax), at.indent);
    default:
      return undefined;
  }
}

function brokenString(syntax: StringSyntax, at: Place): string {
  const several = suitsIndented(syntax.parts);
  const indent = several ? at.indent + step : at.indent;
  const pieces = syntax.parts.map((part) =>
    // A gap is not broken for its length: the string around it would not get shorter.
    typeof part === 'string' ? part : { code: flat(part) ?? layout(part, startOf(indent)) },
  );
  return several ? indented(pieces, at.indent) : oneLine(pieces);
}

function brokenList(items: readonly NixSyntax[], at: Place): string {
  const inner = at.indent + step;
  const lines = items.map((item) => newLine(inner) + layoutOperand(item, tightness.select, startOf(inner)));
  return `[${lines.join('')}${newLine(at.indent)}]`;
}

function brokenSet(syntax: SetSyntax, at: Place, spacious = false): string {
  const start = syntax.recursive ? 'rec {' : '{';
  return `${start}${bindings(syntax.entries, at.indent + step, spacious)}${newLine(at.indent)}}`;
}

/** A `let` up to its `in`. */
export const letHead = (entries: readonly NixEntry[], indent: number): string =>
  `let${bindings(entries, indent + step, false)}${newLine(indent)}in`;

/** The set of a module's file: a blank line around each binding of several lines. */
export const layoutModuleSet = (syntax: SetSyntax, at: Place): string =>
  syntax.entries.length === 0 ? layout(syntax, at) : brokenSet(syntax, at, true);

/** Syntax where something has to bind this tightly: in parentheses if need be, which may open over several lines. */
function layoutOperand(syntax: NixSyntax, least: number, at: Place): string {
  if (!needsParentheses(syntax, least)) return layout(syntax, at);
  const line = flatOperand(syntax, least);
  if (line !== undefined && fits(line, at)) return line;
  if (isAbsorbable(syntax)) return `(${layoutWide(syntax, { ...after(at, '('), tail: at.tail + 1 })})`;
  const inner = at.indent + step;
  return `(${newLine(inner)}${layout(syntax, startOf(inner))}${newLine(at.indent)})`;
}

function brokenApply(syntax: ApplySyntax, at: Place): string {
  const head = callHead(syntax, at);
  if (head !== undefined) return head + layoutOperand(syntax.argument, tightness.select, after(at, head));
  const [applied, ...args] = spine(syntax);
  const inner = at.indent + step;
  const lines = args.map((argument, index) => {
    const tail = index === args.length - 1 ? at.tail : 0;
    return newLine(inner) + layoutOperand(argument, tightness.select, startOf(inner, tail));
  });
  return layoutOperand(applied, tightness.apply, at) + lines.join('');
}

/** A parameter with its colon, each name on its own line where the style wants that. */
export function parameterText(parameter: string | SetPattern, indent: number): string {
  const short = flatParameter(parameter);
  if (short !== undefined || typeof parameter === 'string') return `${short ?? parameter}:`;
  const inner = indent + step;
  const lines = parameter.names.map((one) => {
    const head = one.default === undefined ? one.name : `${one.name} ? `;
    const value =
      one.default === undefined
        ? ''
        : layout(one.default, { indent: inner, column: inner + width(head), tail: 1 });
    return `${newLine(inner)}${head}${value},`;
  });
  const rest = parameter.ellipsis ? `${newLine(inner)}...` : '';
  const as = parameter.as === undefined ? '' : `@${parameter.as}`;
  return `{${lines.join('')}${rest}${newLine(indent)}}${as}:`;
}

function brokenLambda(syntax: LambdaSyntax, at: Place): string {
  const parameter = parameterText(syntax.parameter, at.indent);
  const stays =
    typeof syntax.parameter === 'string' && (isAbsorbable(syntax.body) || isNamedLambda(syntax.body));
  if (stays) return `${parameter} ${layoutWide(syntax.body, after(at, `${parameter} `))}`;
  return `${parameter}${newLine(at.indent)}${layoutWide(syntax.body, startOf(at.indent, at.tail))}`;
}

function brokenBinary(syntax: BinarySyntax, at: Place): string {
  const [first, ...rest] = operands(syntax);
  const { operator } = syntax;
  const start =
    first === undefined ? '' : layoutOperand(first, operandTightness(operator, 'first'), { ...at, tail: 0 });
  const least = operandTightness(operator, 'later');
  const only = rest.length === 1 ? rest[0] : undefined;
  // `settings // {`: what is joined to something short may open on its line.
  if (only && joins(operator) && !start.includes('\n') && isBracket(only) && !needsParentheses(only, least)) {
    const head = `${start} ${operator} `;
    if (fits(head + opening(only), { ...at, tail: 0 })) return head + layoutWide(only, after(at, head));
  }
  const lines = rest.map((operand, index) => {
    const tail = index === rest.length - 1 ? at.tail : 0;
    const begin = `${newLine(at.indent)}${operator}`;
    const column = at.indent + width(operator) + 1;
    const inline = { indent: at.indent, column, tail };
    const nested = operand.kind === 'binary' && !needsParentheses(operand, least);
    const line = flatOperand(operand, least);
    if (!nested || (line !== undefined && fits(line, inline)))
      return `${begin} ${layoutOperand(operand, least, inline)}`;
    return `${begin}${newLine(at.indent + step)}${layout(operand, startOf(at.indent + step, tail))}`;
  });
  return start + lines.join('');
}

function brokenWith(syntax: WithSyntax, at: Place): string {
  const head = `with ${layout(syntax.scope, { ...after(at, 'with '), tail: 1 })};`;
  if (isAbsorbable(syntax)) return `${head} ${layoutWide(syntax.body, after(at, `${lastLine(head)} `))}`;
  return `${head}${newLine(at.indent)}${layout(syntax.body, startOf(at.indent, at.tail))}`;
}

function brokenIf(syntax: IfSyntax, at: Place): string {
  const inner = at.indent + step;
  const condition = flat(syntax.condition);
  const head = `if ${condition} then`;
  const question =
    condition !== undefined && fits(head, { ...at, tail: 0 })
      ? head
      : `if${newLine(inner)}${layout(syntax.condition, startOf(inner))}${newLine(at.indent)}then`;
  const yes = `${newLine(inner)}${layout(syntax.yes, startOf(inner))}`;
  const otherwise = `${newLine(at.indent)}else`;
  if (syntax.no.kind === 'if') {
    return `${question}${yes}${otherwise} ${brokenIf(syntax.no, { ...at, column: at.indent + 'else '.length })}`;
  }
  return `${question}${yes}${otherwise}${newLine(inner)}${layout(syntax.no, startOf(inner, at.tail))}`;
}

function entryText(entry: Exclude<NixEntry, { kind: 'blank' }>, indent: number): string {
  switch (entry.kind) {
    case 'comment':
      return commentLines(entry.lines).join(newLine(indent));
    case 'inherit':
      return inheritEntry(entry, indent);
    case 'binding': {
      const { path, value, comment } = collapsed(entry);
      const above = commentLines(comment ?? []).map((line) => line + newLine(indent));
      return above.join('') + binding(`${attrPath(path)} =`, value, indent);
    }
  }
}

function inheritEntry(entry: NixEntry & { kind: 'inherit' }, indent: number): string {
  const line = inheritText(entry);
  if (line !== undefined && entry.names.length < 4 && fits(line, startOf(indent))) return line;
  const inner = indent + step;
  const from =
    entry.from === undefined
      ? ''
      : ` (${layout(entry.from, { indent, column: indent + 'inherit ('.length, tail: 1 })})`;
  return `inherit${from}${entry.names.map((name) => newLine(inner) + attrPath([name])).join('')}${newLine(inner)};`;
}

/** A binding: what opens a bracket, and what cannot be broken, begins beside the `=`; else long values go below it. */
function binding(head: string, value: NixSyntax, indent: number): string {
  const beside: Place = { indent, column: indent + width(head) + 1, tail: 1 };
  const line = flat(value);
  if (isAbsorbable(value) || staysBeside(value, beside)) return `${head} ${layoutWide(value, beside)};`;
  if (line !== undefined && fits(line, beside)) return `${head} ${line};`;
  return `${head}${newLine(indent + step)}${layout(value, startOf(indent + step, 1))};`;
}

/** Entries, each beginning with its line break. */
function bindings(entries: readonly NixEntry[], indent: number, spacious: boolean): string {
  let text = '';
  let previous: string | undefined;
  let asked = false;
  for (const entry of entries) {
    if (entry.kind === 'blank') {
      asked = true;
      continue;
    }
    const next = entryText(entry, indent);
    const several = (one: string): boolean => one.includes('\n');
    const apart = previous !== undefined && (asked || (spacious && (several(previous) || several(next))));
    text += (apart ? '\n' : '') + newLine(indent) + next;
    previous = next;
    asked = false;
  }
  return text;
}
