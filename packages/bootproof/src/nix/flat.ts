import { numberText } from './numbers.ts';
import { operands, operandTightness, tightness, tightnessOf } from './precedence.ts';
import { isRawAtom, isRawLiteral, isRawName, rawText } from './raw.ts';
import { attrName, oneLine, quoted, type StringPiece, seen, suitsIndented } from './strings.ts';
import type {
  NixAttrPath,
  NixEntry,
  NixSyntax,
  RawSyntax,
  SelectSyntax,
  SetPattern,
  StringSyntax,
} from './syntax.ts';

/**
 * Syntax on one line. `undefined` says that the style never puts it on one: sets of several bindings, `let`, text of
 * several lines.
 */

const known = new WeakMap<NixSyntax, { readonly text: string | undefined }>();

/** The one line that syntax takes, however long; undefined when it has to take several. */
export function flat(syntax: NixSyntax): string | undefined {
  const before = known.get(syntax);
  if (before) return before.text;
  const made = make(syntax);
  const text = made?.includes('\n') ? undefined : made;
  known.set(syntax, { text });
  return text;
}

/** The texts in order, unless one of them is missing. */
const all = (texts: readonly (string | undefined)[], separator: string): string | undefined =>
  texts.every((text) => text !== undefined) ? texts.join(separator) : undefined;

const wrap = (before: string, text: string | undefined, after: string): string | undefined =>
  text === undefined ? undefined : `${before}${text}${after}`;

/** Whether syntax needs parentheses where something has to bind this tightly. */
export function needsParentheses(syntax: NixSyntax, least: number): boolean {
  if (least === tightness.loose) return false;
  if (syntax.kind !== 'raw') return tightnessOf(syntax) < least;
  const text = wholeRaw(syntax);
  return !isRawAtom(text) || (least > tightness.atom && isRawLiteral(text));
}

/** Syntax on one line where something has to bind this tightly. */
export const flatOperand = (syntax: NixSyntax, least: number): string | undefined =>
  needsParentheses(syntax, least) ? wrap('(', flat(syntax), ')') : flat(syntax);

/**
 * How tightly the thing has to bind that attributes are selected from. A number or a path would swallow the dot, and
 * in `(a.b).c or d` the default is for c alone.
 */
export const selectedTightness = ({ of, otherwise }: SelectSyntax): number =>
  ['number', 'path', 'raw'].includes(of.kind) || (of.kind === 'select' && otherwise !== undefined)
    ? tightness.atom + 1
    : tightness.atom;

/** An attribute path; gaps are on one line always, since the style has no other form for them. */
export function attrPath(path: NixAttrPath): string {
  const step = (name: string | NixSyntax): string =>
    typeof name === 'string' ? attrName(name) : `\${${flat(name) ?? flatOrRaw(name)}}`;
  return path.map(step).join('.');
}

function flatOrRaw(syntax: NixSyntax): string {
  if (syntax.kind === 'raw') return wholeRaw(syntax);
  if (syntax.kind === 'string') return quoted(syntax.parts.map(inlinePiece));
  throw new RangeError(`Syntax of kind ${syntax.kind} that takes several lines cannot name an attribute.`);
}

const inlinePiece = (part: string | NixSyntax): StringPiece =>
  typeof part === 'string' ? part : { code: flat(part) ?? flatOrRaw(part) };

/** Raw text with its gaps filled, not yet moved to where it stands. */
export function wholeRaw(syntax: RawSyntax): string {
  return rawText(
    syntax.parts.map((part) => {
      if (typeof part === 'string') return part;
      const code = flat(part) ?? flatOrRaw(part);
      const [only, ...more] = part.kind === 'string' ? part.parts : [];
      const text =
        part.kind === 'string' && more.length === 0 && typeof (only ?? '') === 'string'
          ? (only ?? '')
          : undefined;
      const atom = needsParentheses(part, tightness.atom) ? `(${code})` : code;
      return { atom, code, text: text as string | undefined };
    }),
  );
}

/** Path literals take few characters, and no lonely or doubled slash. */
const literalPath = /^(?:\.\.?)?(?:\/[a-zA-Z0-9._+-]+)+$/;

/** A path: a literal, or what a literal cannot hold put behind one: `(./. + "/odd name.nix")`. */
export function pathText(text: string): string {
  const rooted = /^(?:\.\.?)?(?:\/|$)/.test(text) ? text : `./${text}`;
  const plain = /^\.\.?\/?$/.test(rooted) ? `${rooted.replace('/', '')}/.` : rooted;
  const trimmed = plain.length > 1 ? plain.replace(/\/+$/, '') : plain;
  if (literalPath.test(trimmed)) return trimmed;
  const start = /^(?:\.\.?\/)+/.exec(plain)?.[0] ?? '/';
  const rest = plain.slice(start.length);
  const base = `${start}.`;
  return rest === '' ? base : `(${base} + ${quoted([`/${rest}`])})`;
}

const flatPieces = (syntax: StringSyntax): StringPiece[] | undefined => {
  const pieces = syntax.parts.map((part) => (typeof part === 'string' ? part : { code: flat(part) }));
  return pieces.every((piece) => typeof piece === 'string' || piece.code !== undefined)
    ? (pieces as StringPiece[])
    : undefined;
};

function flatEntry(entry: NixEntry): string | undefined {
  if (entry.kind === 'inherit') return entry.names.length < 4 ? inheritText(entry) : undefined;
  if (entry.kind !== 'binding' || entry.comment !== undefined) return undefined;
  return wrap(`${attrPath(entry.path)} = `, flat(entry.value), ';');
}

/** `inherit (from) a b;` on one line. */
export function inheritText(entry: NixEntry & { kind: 'inherit' }): string | undefined {
  const from = entry.from === undefined ? [] : [wrap('(', flat(entry.from), ')')];
  return wrap('', all(['inherit', ...from, ...entry.names.map(attrName)], ' '), ';');
}

/** Whether a parameter stands on one line: at most two names, none with a default. */
export const isShortPattern = (pattern: SetPattern): boolean =>
  pattern.names.length <= 2 && pattern.names.every((one) => one.default === undefined);

/** A parameter on one line: at most two names without defaults. */
export function flatParameter(parameter: string | SetPattern): string | undefined {
  if (typeof parameter === 'string') return parameter;
  if (!isShortPattern(parameter)) return undefined;
  const names = [...parameter.names.map((one) => one.name), ...(parameter.ellipsis ? ['...'] : [])];
  const as = parameter.as === undefined ? '' : `@${parameter.as}`;
  return `${names.length === 0 ? '{ }' : `{ ${names.join(', ')} }`}${as}`;
}

/** What may share a line with others in a list. */
function isSimple(syntax: NixSyntax): boolean {
  switch (syntax.kind) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
    case 'path':
    case 'variable':
      return true;
    case 'select':
      return isSimple(syntax.of) && syntax.otherwise === undefined;
    case 'raw':
      return isRawName(wholeRaw(syntax));
    default:
      return false;
  }
}

function make(syntax: NixSyntax): string | undefined {
  switch (syntax.kind) {
    case 'string': {
      const pieces = flatPieces(syntax);
      return pieces === undefined || suitsIndented(syntax.parts) ? undefined : oneLine(pieces);
    }
    case 'path':
      return pathText(syntax.text);
    case 'number':
      return numberText(syntax.value).text;
    case 'boolean':
      return String(syntax.value);
    case 'null':
      return 'null';
    case 'list':
      if (syntax.items.length === 0) return '[ ]';
      return syntax.items.every(isSimple)
        ? wrap(
            '[ ',
            all(
              syntax.items.map((item) => flatOperand(item, tightness.select)),
              ' ',
            ),
            ' ]',
          )
        : undefined;
    case 'set': {
      const [only, ...more] = syntax.entries;
      const start = syntax.recursive ? 'rec {' : '{';
      if (only === undefined) return `${start} }`;
      return more.length === 0 ? wrap(`${start} `, flatEntry(only), ' }') : undefined;
    }
    case 'variable':
      return syntax.name;
    case 'raw':
      return wholeRaw(syntax);
    default:
      return makeCompound(syntax);
  }
}

type Compound = Exclude<
  NixSyntax,
  { kind: 'string' | 'path' | 'number' | 'boolean' | 'null' | 'list' | 'set' | 'variable' | 'raw' }
>;

function makeCompound(syntax: Compound): string | undefined {
  switch (syntax.kind) {
    case 'select': {
      const selected = wrap('', flatOperand(syntax.of, selectedTightness(syntax)), dotted(syntax.path));
      if (syntax.otherwise === undefined) return selected;
      return all([selected, 'or', flatOperand(syntax.otherwise, tightness.select)], ' ');
    }
    case 'has':
      return wrap('', flatOperand(syntax.of, tightness.negate), ` ? ${attrPath(syntax.path)}`);
    case 'apply':
      return all(
        [flatOperand(syntax.function, tightness.apply), flatOperand(syntax.argument, tightness.select)],
        ' ',
      );
    case 'lambda':
      return all([wrap('', flatParameter(syntax.parameter), ':'), flat(syntax.body)], ' ');
    case 'unary':
      return wrap(
        syntax.operator,
        flatOperand(syntax.operand, syntax.operator === '!' ? tightness.not : tightness.apply),
        '',
      );
    case 'binary':
      return all(
        operands(syntax).map((operand, at) =>
          flatOperand(operand, operandTightness(syntax.operator, at === 0 ? 'first' : 'later')),
        ),
        ` ${syntax.operator} `,
      );
    case 'with':
      return all([wrap('with ', flat(syntax.scope), ';'), flat(syntax.body)], ' ');
    case 'if':
      return all(['if', flat(syntax.condition), 'then', flat(syntax.yes), 'else', flat(syntax.no)], ' ');
    case 'let':
    case 'assert':
      return undefined;
  }
}

/** `.a.b`; nothing for an empty path. */
export const dotted = (path: NixAttrPath): string => (path.length === 0 ? '' : `.${attrPath(path)}`);

/** Lines of comment, with their `#`. What a reader would not see is shown as `\u202e`. */
export const commentLines = (lines: readonly string[]): string[] =>
  lines
    .flatMap((line) => line.split(/\r\n|[\n\r]/))
    .map((line) => `# ${seen(line).replace(/\0/g, '\\u0000')}`.trimEnd());
