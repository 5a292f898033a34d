/** What a terminal can show: its width, colours and characters. */
import { styleText } from 'node:util';

type Paint = (text: string) => string;

export interface Glyphs {
  readonly passed: string;
  readonly failed: string;
  readonly refused: string;
  readonly waiting: string;
  readonly arrow: string;
  readonly dot: string;
  readonly ellipsis: string;
  readonly rule: string;
  readonly full: string;
  readonly empty: string;
  readonly spinner: readonly string[];
}

/** How text for people is set. Everything that draws takes one, so that a test can draw for any terminal. */
export interface TextStyle {
  /** Columns that a line may use. */
  readonly columns: number;
  readonly glyphs: Glyphs;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly green: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  /** Text from outside, as far as the terminal can show it. */
  readonly show: Paint;
}

export interface StyleOptions {
  /** 80 unless told. */
  readonly columns?: number;
  readonly colour: boolean;
  readonly unicode: boolean;
}

const unicodeGlyphs: Glyphs = {
  // Not the heavy forms: those are emoji, which some terminals draw two columns wide.
  passed: '✓',
  failed: '✗',
  refused: '⊘',
  waiting: '·',
  arrow: '→',
  dot: '·',
  ellipsis: '…',
  rule: '─',
  full: '━',
  empty: '╌',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const asciiGlyphs: Glyphs = {
  passed: '+',
  failed: 'x',
  refused: '!',
  waiting: '.',
  arrow: '>',
  dot: '-',
  ellipsis: '...',
  rule: '-',
  full: '#',
  empty: '.',
  spinner: ['-', '\\', '|', '/'],
};

/** A style made of what is known about the terminal. */
export function textStyle({ columns = 80, colour, unicode }: StyleOptions): TextStyle {
  const paint =
    (format: Parameters<typeof styleText>[0]): Paint =>
    (text) =>
      colour && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    columns,
    glyphs: unicode ? unicodeGlyphs : asciiGlyphs,
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    red: paint('red'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
    // On a terminal of another encoding the bytes of UTF-8 would show as several wrong characters each.
    show: (text) => (unicode ? text : text.replace(/[^\n\x20-\x7e]/gu, '?')),
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to use colours: NO_COLOR (https://no-color.org: set and not empty) forbids them, FORCE_COLOR other than `0`
 * asks for them, else a terminal that is not dumb gets them.
 */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

/**
 * Whether the terminal shows UTF-8, by the locale (the first of LC_ALL, LC_CTYPE and LANG that is set, as in
 * locale(7)). Unset in all three is what containers have: their terminals speak UTF-8. The Linux console (`TERM=linux`)
 * decodes it, but its font lacks the signs.
 */
export function speaksUtf8(env: Environment): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return !locale || /utf-?8/i.test(locale);
}
