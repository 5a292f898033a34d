/**
 * Text for people: what a guest printed, made safe to show, and measured in the columns that a terminal gives it.
 */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

// What a terminal or a browser would act on instead of showing: C0 and C1 controls, and the marks that turn the
// direction of text around (they can make a line read as something else).
const hidden = /[\p{Cc}\p{Surrogate}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/gu;

/**
 * Text that came from outside, with nothing left in it that acts: terminal sequences are dropped, tabs become spaces,
 * other control characters show as `cat -v` shows them (`^@`), marks of direction as U+FFFD. Line breaks stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r+\n/g, '\n')
    .replace(/\t/g, '    ')
    .replace(hidden, (character) => {
      const code = character.codePointAt(0) ?? 0;
      if (character === '\n') return '\n';
      if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
      return code === 0x7f ? '^?' : '\ufffd';
    });
}

/** `printable` on one line: every run of white space is one space. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The columns that a terminal gives to a line. Terminal sequences take none. */
export function displayWidth(line: string): number {
  // Most lines are plain ASCII, and this is called for each of them ten times a second.
  return /^[\x20-\x7e]*$/.test(line) ? line.length : stringWidth(line);
}

/** A line filled with spaces up to a width in columns; longer ones stay as they are. */
export function pad(line: string, width: number, side: 'left' | 'right' = 'right'): string {
  const gap = ' '.repeat(Math.max(0, width - displayWidth(line)));
  return side === 'right' ? line + gap : gap + line;
}

/** The start of a plain line (no terminal sequences), cut to a width in columns with a mark that something is missing. */
export function shorten(line: string, width: number, mark = '…'): string {
  if (displayWidth(line) <= width) return line;
  const room = width - displayWidth(mark);
  if (room < 0) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(line)) {
    used += displayWidth(segment);
    if (used > room) break;
    kept += segment;
  }
  return kept.trimEnd() + mark;
}

/** The end of a plain line, for names whose last part tells most: `…partitions.root.size`. */
export function shortenStart(line: string, width: number, mark = '…'): string {
  if (displayWidth(line) <= width) return line;
  const room = width - displayWidth(mark);
  if (room < 0) return '';
  const segments = Array.from(graphemes.segment(line), ({ segment }) => segment);
  let from = segments.length;
  let used = 0;
  while (from > 0) {
    used += displayWidth(segments[from - 1] ?? '');
    if (used > room) break;
    from -= 1;
  }
  return mark + segments.slice(from).join('');
}

/** Words longer than a line, cut into pieces of its width; nothing is lost. */
function pieces(word: string, width: number): string[] {
  if (displayWidth(word) <= width) return [word];
  const found: string[] = [];
  let piece = '';
  for (const { segment } of graphemes.segment(word)) {
    if (piece !== '' && displayWidth(piece + segment) > width) {
      found.push(piece);
      piece = '';
    }
    piece += segment;
  }
  return [...found, piece];
}

function wrapLine(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line.trimEnd()];
  const indent = shorten(/^ */.exec(line)?.[0] ?? '', Math.max(0, width - 8), '');
  const room = Math.max(1, width - indent.length);
  const lines: string[] = [];
  let current = '';
  // Each word with the spaces before it: what stays on one line keeps its columns.
  for (const part of line.trim().match(/ *[^ ]+/g) ?? []) {
    if (current !== '' && displayWidth(current + part) <= room) {
      current += part;
      continue;
    }
    if (current !== '') lines.push(current);
    const [last = '', ...before] = pieces(part.trimStart(), room).reverse();
    lines.push(...before.reverse());
    current = last;
  }
  return [...lines, current].map((wrapped) => indent + wrapped);
}

/**
 * Plain text as lines no wider than a number of columns, broken between words where that is possible. Line breaks and
 * each line's indent stay, and no character but the spaces at a break is lost.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(1, width)));
}
