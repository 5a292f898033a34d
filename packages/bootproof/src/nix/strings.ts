import { BootproofError } from '../base/errors.ts';

/**
 * Nix's two kinds of string, and attribute names. The rules are those of Nix's lexer (src/libexpr/lexer.l) and of
 * `stripIndentation` (src/libexpr/parser.y), both the same from Nix 2.8 to today.
 */

/** A piece of a string: text still to be escaped, or printed code for a gap `${…}`. */
export type StringPiece = string | { readonly code: string };

const identifier = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;
const keywords: ReadonlySet<string> = new Set('if then else assert with let in rec inherit or'.split(' '));

/** Whether a name may stand without quotes, as a variable and in an attribute path. */
export const isIdentifier = (name: string): boolean => identifier.test(name) && !keywords.has(name);

/** What has no place in any Nix string, as a clause after "it holds"; undefined when the text is fine. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'a NUL character, which ends a string in Nix';
  if (/\p{Surrogate}/u.test(text)) return 'half of a surrogate pair, which is no character';
  return undefined;
}

function refuseFaults(pieces: readonly StringPiece[]): void {
  for (const piece of pieces) {
    const fault = typeof piece === 'string' ? textFault(piece) : undefined;
    if (fault === undefined) continue;
    throw new BootproofError(`${JSON.stringify(piece)} cannot be written in Nix: it holds ${fault}.`, {
      kind: 'declaration',
      hint: 'Take that character out.',
    });
  }
}

/**
 * Characters that a reader of the file would not see, or that reorder what is seen: controls, bidirectional marks,
 * separators of lines, and what has no width. See Unicode's report 36 and CVE-2021-42574.
 */
const unseenRanges =
  '\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff';
const unseenRun = new RegExp(`[${unseenRanges}]+`, 'g');

const hex = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Unseen characters as `\u001b`, for places where they need no exact value: comments. */
export const seen = (text: string): string => text.replace(unseenRun, (run) => Array.from(run, hex).join(''));

/** Unseen characters as the gap that makes them: `${builtins.fromJSON "\"\\u001b\""}`. */
const unseenGap = (run: string): string =>
  `\${builtins.fromJSON "\\"${Array.from(run, (character) => `\\${hex(character)}`).join('')}\\""}`;

const quotedEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A `$` before a gap or before `{` would begin a gap, or hide one (`$${`). Runs of unseen characters become gaps. */
const beginsGap = new RegExp(`\\$(?=\\{|[${unseenRanges}])`, 'g');

function quotedText(text: string, gapFollows: boolean): string {
  const escaped = text
    .replace(/["\\\n\r\t]/g, (character) => quotedEscapes[character] ?? character)
    .replace(beginsGap, '\\$');
  return (gapFollows ? escaped.replace(/\$$/, '\\$') : escaped).replace(unseenRun, unseenGap);
}

const gapFollows = (pieces: readonly StringPiece[], index: number): boolean => index < pieces.length - 1;

const printed = (pieces: readonly StringPiece[], print: (text: string, gap: boolean) => string): string =>
  pieces
    .map((piece, index) =>
      typeof piece === 'string' ? print(piece, gapFollows(pieces, index)) : `\${${piece.code}}`,
    )
    .join('');

/** A string in double quotes, on one line unless a gap's code has several. */
export function quoted(pieces: readonly StringPiece[]): string {
  refuseFaults(pieces);
  return `"${printed(pieces, quotedText)}"`;
}

/** The text of a string in double quotes, without them; whatever may follow. */
export const escapedInQuotes = (text: string): string => quotedText(text, true);

/** Single quotes: two are one escape; one alone is escaped where something with a meaning would follow it. */
function quoteRun(run: string, next: string | undefined): string {
  const pairs = "'''".repeat(Math.floor(run.length / 2));
  if (run.length % 2 === 0) return pairs;
  const harmless = run.length === 1 && next !== undefined && !/[$\r\t]/.test(next);
  return harmless ? "'" : `${pairs}''\\'`;
}

const indentedToken = new RegExp(`'+|\\$|\\r|\\t|[${unseenRanges}]+`, 'g');

/** The text of a `''` string, without its quotes and indentation; `gap` says that a gap follows. */
export function escapedInIndented(text: string, gap: boolean): string {
  return text.replace(indentedToken, (token, at: number) => {
    const next = text[at + token.length];
    if (token === '\r') return "''\\r";
    if (token === '\t') return "''\\t";
    if (token === '$') {
      const opens = next === undefined ? gap : next === '{' || new RegExp(`[${unseenRanges}]`).test(next);
      return opens ? "''$" : '$';
    }
    if (token.startsWith("'")) {
      return quoteRun(token, next !== undefined && new RegExp(`[${unseenRanges}]`).test(next) ? '$' : next);
    }
    return unseenGap(token);
  });
}

/** One stand-in character for each gap, so that lines can be looked at as text. */
const outline = (pieces: readonly unknown[]): string =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : '$')).join('');

/**
 * Whether a `''` string can hold the text and reads better: it has several lines, and Nix would strip neither
 * indentation of its own nor its last line.
 */
export function suitsIndented(pieces: readonly unknown[]): boolean {
  if (!pieces.some((piece) => typeof piece === 'string' && piece.includes('\n'))) return false;
  const lines = outline(pieces).split('\n');
  return !/^ +$/.test(lines.at(-1) ?? '') && lines.some((line) => /^[^ ]/.test(line));
}

/**
 * A string that is written on one line: between `''` when that saves the text's own double quotes from backslashes, as
 * people write commands and code in Nix, else in double quotes.
 */
export function oneLine(pieces: readonly StringPiece[]): string {
  const text = outline(pieces);
  const saves = text.includes('"') && !/[\n\r\t]|''|'$|^ /.test(text);
  if (!saves) return quoted(pieces);
  refuseFaults(pieces);
  return `''${printed(pieces, escapedInIndented)}''`;
}

/**
 * A `''` string. The opening stands where the caller is, the contents one level deeper than `indent`.
 *
 * @param indent the indentation of the line it begins on, in columns
 */
export function indented(pieces: readonly StringPiece[], indent: number): string {
  refuseFaults(pieces);
  const pad = ' '.repeat(indent + 2);
  const body = pieces.map((piece, index) => {
    if (typeof piece !== 'string') return `${index === 0 ? pad : ''}\${${piece.code}}`;
    const gap = gapFollows(pieces, index);
    const lines = escapedInIndented(piece, gap).split('\n');
    const starts = (line: number): boolean => line > 0 || index === 0;
    const empty = (line: number): boolean => lines[line] === '' && !(gap && line === lines.length - 1);
    return lines.map((line, at) => (starts(at) && !empty(at) ? pad + line : line)).join('\n');
  });
  const text = `''\n${body.join('')}`;
  return `${text.endsWith('\n') ? text + ' '.repeat(indent) : text}''`;
}

/** One step of an attribute path: bare where it can be, else quoted. */
export const attrName = (name: string): string => (isIdentifier(name) ? name : quoted([name]));
