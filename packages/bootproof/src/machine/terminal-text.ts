/**
 * Turns what a serial terminal is sent into plain text, chunk by chunk: escape sequences and control characters go,
 * whatever place they were split at; line ends become single line feeds.
 */

type State =
  | 'text'
  | 'escape'
  /** ESC and intermediate bytes: `ESC ( B`. */
  | 'intermediate'
  /** Control sequence: `ESC [ … m`. */
  | 'control'
  /** A string up to BEL or `ESC \`: window titles and the like. */
  | 'string'
  | 'string-escape';

/** A string sequence that is longer than this never ends: what follows is text again. */
const longestString = 4096;

/** Final bytes of control sequences that put the cursor elsewhere: A to H, d, f (ECMA-48, 8.3). */
const moving = /[A-Hdf]/;

export class TerminalText {
  readonly #decoder = new TextDecoder('utf-8');
  #state: State = 'text';
  #stringLength = 0;
  /** A carriage return was seen, and what follows decides what it meant. */
  #returned = false;
  /** The line so far has text in it. */
  #lineStarted = false;

  /** The text that this chunk shows. */
  push(chunk: Uint8Array): string {
    let text = '';
    for (const character of this.#decoder.decode(chunk, { stream: true })) {
      text += this.#next(character);
    }
    return text;
  }

  #next(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    switch (this.#state) {
      case 'text':
        return this.#text(character, code);
      case 'escape':
        this.#state = this.#afterEscape(character, code);
        return '';
      case 'intermediate':
        if (code < 0x20 || code > 0x2f) this.#state = 'text';
        return '';
      case 'control':
        if (code < 0x40 || code > 0x7e) return '';
        this.#state = 'text';
        return moving.test(character) ? this.#newLine() : '';
      case 'string':
        this.#stringLength += 1;
        if (character === '\x07' || this.#stringLength > longestString) this.#state = 'text';
        else if (character === '\x1b') this.#state = 'string-escape';
        return '';
      case 'string-escape':
        this.#state = character === '\\' ? 'text' : this.#afterEscape(character, code);
        return '';
    }
  }

  #afterEscape(character: string, code: number): State {
    if (character === '[') return 'control';
    if (character === '\x1b') return 'escape';
    if (/[\]PX^_]/.test(character)) {
      this.#stringLength = 0;
      return 'string';
    }
    return code >= 0x20 && code <= 0x2f ? 'intermediate' : 'text';
  }

  #text(character: string, code: number): string {
    if (character === '\x1b') {
      this.#state = 'escape';
      return '';
    }
    if (character === '\r') {
      this.#returned = true;
      return '';
    }
    if (character === '\n') {
      this.#returned = false;
      this.#lineStarted = false;
      return '\n';
    }
    if ((code < 0x20 && character !== '\t') || code === 0x7f) return '';
    // A return without a line feed writes over the line: a new line instead, so that nothing that was shown is lost.
    const before = this.#returned ? this.#newLine() : '';
    this.#returned = false;
    this.#lineStarted = true;
    return before + character;
  }

  #newLine(): string {
    if (!this.#lineStarted) return '';
    this.#lineStarted = false;
    return '\n';
  }
}
