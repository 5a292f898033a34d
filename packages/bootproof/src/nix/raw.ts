import { everyToken, type Scan, scan, type Token } from './scan.ts';
import { escapedInIndented, escapedInQuotes, isIdentifier } from './strings.ts';

/**
 * Raw text: put together from its parts, moved to where it stands, and looked at from outside.
 */

/** A gap of raw text: how it is printed as an atom, as code within `${…}`, and its text when it is a plain string. */
export interface RawGap {
  readonly atom: string;
  readonly code: string;
  readonly text: string | undefined;
}

/** Whether `${` after this text would be text in the string that is open at its end: `$$` is two dollars. */
function endsInDollar(text: string, quotes: 'string' | 'indented'): boolean {
  const bare = text.replace(quotes === 'string' ? /\\[\s\S]/g : /''(?:['$]|\\[\s\S])/g, '-');
  return (/\$+$/.exec(bare)?.[0].length ?? 0) % 2 === 1;
}

function withGap(made: string, quotes: 'string' | 'indented', gap: RawGap): string {
  const dollar = quotes === 'string' ? '\\$' : "''$";
  const before = endsInDollar(made, quotes) ? made.slice(0, -1) + dollar : made;
  // A line break would have to be indented as the text around it is.
  if (gap.text === undefined || (quotes === 'indented' && gap.text.includes('\n')))
    return `${before}\${${gap.code}}`;
  return before + (quotes === 'string' ? escapedInQuotes(gap.text) : escapedInIndented(gap.text, true));
}

/**
 * The text with its gaps filled: an atom between other code, an interpolation within a string. A plain string's text
 * goes into a string as it is, escaped.
 */
export function rawText(parts: readonly (string | RawGap)[]): string {
  let made = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      made += part;
      continue;
    }
    const { ending } = scan(made);
    if (ending === 'string' || ending === 'indented') made = withGap(made, ending, part);
    else made += part.atom;
  }
  const trimmed = made.trim();
  // What follows would be part of the comment.
  return scan(trimmed).ending === 'line comment' ? `${trimmed}\n` : trimmed;
}

/** What keeps raw text from standing within other code, as a clause after "it"; undefined when nothing does. */
export function rawFault(text: string): string | undefined {
  const { tokens, ending } = scan(text);
  switch (ending) {
    case 'string':
    case 'indented':
      return 'has a string that is not closed';
    case 'comment':
      return 'has a comment that is not closed';
    case 'bracket':
      return 'has a bracket that is not closed';
    case 'stray bracket':
      return 'closes a bracket that it did not open';
    default:
      return tokens.every((token) => token.kind === 'comment') ? 'holds no expression' : undefined;
  }
}

/** Whether moving the lines of this string would change what it is. */
const isFixed = (token: Token): boolean =>
  token.text.includes('\n') &&
  // Text beside the opening quotes has an indentation that does not move with the others.
  (token.kind === 'string' || (token.kind === 'indented' && !/^'' *\n/.test(token.text)));

const leading = (line: string): number => /^ */.exec(line)?.[0].length ?? 0;

/**
 * Moves text of several lines so that the lines after the first hang from `indent`; as it stands when that would
 * change one of its strings.
 */
export function rawAt(text: string, indent: number): string {
  const [first = '', ...rest] = text.split('\n');
  if (rest.length === 0) return text;
  const { tokens, ending }: Scan = scan(text);
  if ((ending !== 'code' && ending !== 'line comment') || [...everyToken(tokens)].some(isFixed)) return text;
  const filled = rest.filter((line) => /[^ ]/.test(line));
  const common = Math.min(...filled.map(leading));
  const pad = ' '.repeat(indent);
  return [
    first,
    ...rest.map((line, at) => moved(line, Math.min(common, leading(line)), pad, at === rest.length - 1)),
  ].join('\n');
}

/** Blank lines stay without indentation, except the last, which what follows stands on. */
const moved = (line: string, common: number, pad: string, last: boolean): string => {
  const stripped = line.slice(common);
  return stripped === '' && !last ? '' : pad + stripped;
};

const closing: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** How many tokens the first atom takes: a name, a literal, or a whole bracket. 0 when there is none. */
function firstAtom(tokens: readonly Token[]): number {
  const [first, second] = tokens;
  if (first === undefined) return 0;
  if (first.kind === 'name') {
    if (first.text === 'rec' && second?.text === '{') return 1 + firstAtom(tokens.slice(1));
    return isIdentifier(first.text) ? 1 : 0;
  }
  if (first.kind === 'open' && closing[first.text] !== undefined) {
    let depth = 0;
    const close = tokens.findIndex((token) => {
      if (token.kind === 'open') depth += 1;
      if (token.kind === 'close') depth -= 1;
      return depth === 0;
    });
    return close + 1;
  }
  return first.kind === 'string' || first.kind === 'indented' ? 1 : 0;
}

/** Whether raw text is a number or a path, which would take a dot behind it for its own. */
export function isRawLiteral(text: string): boolean {
  const [only, ...more] = scan(text).tokens;
  return more.length === 0 && (only?.kind === 'number' || only?.kind === 'path');
}

/**
 * Whether raw text is visibly one atom: a name, string, list, set or something in parentheses, and attributes selected
 * from it. What is not visibly one gets parentheses where an atom is needed.
 */
export function isRawAtom(text: string): boolean {
  const { tokens, ending } = scan(text);
  if (ending !== 'code' || tokens.some((token) => token.kind === 'comment')) return false;
  if (isRawLiteral(text)) return true;
  const taken = firstAtom(tokens);
  if (taken === 0) return false;
  const steps = tokens.slice(taken);
  return (
    steps.length % 2 === 0 &&
    steps.every((step, at) =>
      at % 2 === 0 ? step.text === '.' : step.kind === 'name' || step.kind === 'string',
    )
  );
}

/** Whether raw text is a path of names: `pkgs.htop`. */
export const isRawName = (text: string): boolean =>
  scan(text).tokens.every((token) => token.kind === 'name' || token.text === '.') && isRawAtom(text);
