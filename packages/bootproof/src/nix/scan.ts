/**
 * The tokens of Nix text, as far as putting it somewhere else needs them: what is a string, a comment, a name, a
 * bracket. It does not parse; Nix does that.
 */

export type TokenKind =
  | 'name'
  | 'number'
  | 'path'
  | 'string'
  | 'indented'
  | 'comment'
  | 'open'
  | 'close'
  | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The tokens of a string's gaps, gap by gap. */
  readonly gaps: readonly (readonly Token[])[];
}

/** Where a text ends: in code, or within something that is still open. */
export type Ending =
  | 'code'
  | 'string'
  | 'indented'
  | 'comment'
  | 'line comment'
  | 'bracket'
  | 'stray bracket';

export interface Scan {
  readonly tokens: readonly Token[];
  readonly ending: Ending;
  readonly end: number;
}

const blank = /\s+/y;
const lineComment = /#[^\n\r]*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const plain: readonly (readonly [TokenKind, RegExp])[] = [
  [
    'path',
    /[a-zA-Z0-9._+-]*(?:\/[a-zA-Z0-9._+-]+)+\/?|~(?:\/[a-zA-Z0-9._+-]+)+|<[a-zA-Z0-9._+-]+(?:\/[a-zA-Z0-9._+-]+)*>/y,
  ],
  ['number', /\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y],
  ['name', /[a-zA-Z_][a-zA-Z0-9_'-]*/y],
  ['open', /\$\{|[{[(]/y],
  ['close', /[}\])]/y],
  ['symbol', /\.\.\.|==|!=|<=|>=|&&|\|\||->|\+\+|\/\/|[\s\S]/y],
];
const pieces = {
  '"': /(?:[^"\\$]|\\[\s\S]|\$(?!\{)\$?)+/y,
  "''": /(?:[^'$]|'(?!')|''(?:['$]|\\[\s\S])|\$(?!\{)\$?)+/y,
} as const;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const pairs: Readonly<Record<string, string>> = { '{': '}', '${': '}', '[': ']', '(': ')' };

class Scanner {
  readonly #text: string;
  #at = 0;
  ending: Ending = 'code';

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  /** Tokens up to the end; in a gap, up to the `}` that closes it. */
  code(inGap: boolean): Token[] {
    const tokens: Token[] = [];
    const open: string[] = [];
    while (this.#at < this.#text.length) {
      this.#at += match(blank, this.#text, this.#at)?.length ?? 0;
      if (this.#at >= this.#text.length) break;
      const token = this.#next();
      if (token === undefined) return tokens;
      if (token.kind === 'open') open.push(pairs[token.text] ?? '');
      if (token.kind === 'close') {
        if (inGap && open.length === 0 && token.text === '}') return tokens;
        if (open.pop() !== token.text) {
          this.ending = 'stray bracket';
          return tokens;
        }
      }
      tokens.push(token);
      if (this.ending !== 'code') return tokens;
    }
    if (open.length > 0 || inGap) this.ending = 'bracket';
    return tokens;
  }

  #next(): Token | undefined {
    const start = this.#at;
    const ahead = this.#text.slice(start, start + 2);
    if (ahead[0] === '"') return this.#string('string', '"');
    if (ahead === "''") return this.#string('indented', "''");
    if (ahead[0] === '#') return this.#comment(lineComment);
    if (ahead === '/*') return this.#comment(blockComment);
    for (const [kind, pattern] of plain) {
      const found = match(pattern, this.#text, start);
      if (found === undefined || found === '') continue;
      this.#at += found.length;
      return { kind, start, end: this.#at, text: found, gaps: [] };
    }
    return undefined;
  }

  #comment(pattern: RegExp): Token | undefined {
    const start = this.#at;
    const found = match(pattern, this.#text, start);
    this.#at = found === undefined ? this.#text.length : start + found.length;
    if (found === undefined) this.ending = 'comment';
    else if (pattern === lineComment && this.#at === this.#text.length) this.ending = 'line comment';
    return { kind: 'comment', start, end: this.#at, text: this.#text.slice(start, this.#at), gaps: [] };
  }

  #string(kind: 'string' | 'indented', quote: '"' | "''"): Token {
    const start = this.#at;
    const gaps: Token[][] = [];
    this.#at += quote.length;
    for (;;) {
      this.#at += match(pieces[quote], this.#text, this.#at)?.length ?? 0;
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        break;
      }
      if (!this.#text.startsWith('${', this.#at)) {
        this.#at = this.#text.length;
        this.ending = kind;
        break;
      }
      this.#at += 2;
      gaps.push(this.code(true));
      if (this.ending !== 'code') break;
    }
    return { kind, start, end: this.#at, text: this.#text.slice(start, this.#at), gaps };
  }
}

/** Scans text; never throws. `end` is how far it came: less than the whole text after a stray bracket. */
export function scan(text: string): Scan {
  const scanner = new Scanner(text);
  const tokens = scanner.code(false);
  return { tokens, ending: scanner.ending, end: scanner.at };
}

/** All tokens, those in the gaps of strings included, in order. */
export function* everyToken(tokens: readonly Token[]): Generator<Token> {
  for (const token of tokens) {
    yield token;
    for (const gap of token.gaps) yield* everyToken(gap);
  }
}
