import { createWriteStream, type WriteStream } from 'node:fs';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { BootproofError } from '../base/errors.ts';
import { type Deadline, within } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import type { Breakdown } from '../probes/target.ts';
import { type BootMark, BreakdownWatch, markOf } from './boot-signs.ts';
import type { Span } from './records.ts';
import { TerminalText } from './terminal-text.ts';

export interface ConsoleLine {
  /** Milliseconds since QEMU was started, when the line was complete. */
  readonly atMs: number;
  readonly text: string;
}

export interface MarkSeen {
  readonly mark: BootMark;
  /** Milliseconds since QEMU was started. */
  readonly atMs: number;
}

export interface ConsoleOptions {
  /** Gets the text as it comes. */
  readonly logFile: string;
  /** Ends the waits when it closes. */
  readonly scope: Scope;
  /** Milliseconds since QEMU was started. */
  readonly now: () => number;
  readonly onLine?: (line: ConsoleLine) => void;
  /** Gets what the machine sends, escape sequences and all, for a terminal. */
  readonly onData?: (chunk: Uint8Array) => void;
  readonly onMark?: (mark: MarkSeen) => void;
  /**
   * Called when the console shows that the machine will not come up: once, or twice when a unit loop, which need not
   * stop the machine, is followed by something that does.
   */
  readonly onBreakdown?: (breakdown: Breakdown) => void;
}

/** How far back a pattern can begin to match before the newest text. Characters. */
const longestMatch = 8192;
/** How long a breakdown's verdict waits for the lines that belong to it. Milliseconds. */
const breakdownPauseMs = 400;
/** The console's text is kept up to here; what a machine in a loop printed first is dropped then. Characters. */
const longestText = 16 * 2 ** 20;

/** A machine's serial console: its text, its lines with their times, and what they show of the boot. */
export class SerialConsole {
  readonly lines: ConsoleLine[] = [];
  readonly marks: MarkSeen[] = [];
  readonly #options: ConsoleOptions;
  readonly #log: WriteStream;
  readonly #terminal = new TerminalText();
  readonly #changed = new Set<() => void>();
  #watch = new BreakdownWatch();
  #text = '';
  #lineStart = 0;
  #breakdown: Breakdown | undefined;
  #pause: NodeJS.Timeout | undefined;
  /** When the machine began to boot: with QEMU, or at its last reset. */
  #bootMs = 0;
  #socket: Socket | undefined;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#log = createWriteStream(options.logFile);
    // A log that cannot be written (a full disk) costs the file; the text is kept all the same.
    this.#log.on('error', () => undefined);
  }

  /** Reads from QEMU's end of the serial port. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.write(chunk));
    // The end of QEMU is told by its process; a broken pipe here says nothing more.
    socket.on('error', () => undefined);
    socket.resume();
  }

  /** Types into the console, as a person would, or as their terminal sent it. */
  type(text: string | Uint8Array): void {
    this.#socket?.write(text);
  }

  /** Takes what the machine printed. */
  write(chunk: Uint8Array): void {
    this.#options.onData?.(chunk);
    if (this.marks.length === 0) this.#mark('firmware');
    const text = this.#terminal.push(chunk);
    if (text === '') return;
    this.#log.write(text);
    this.#text += text;
    this.#readLines();
    if (this.#text.length > longestText) {
      const drop = this.#text.length - longestText / 2;
      this.#text = this.#text.slice(drop);
      this.#lineStart = Math.max(0, this.#lineStart - drop);
    }
    for (const look of [...this.#changed]) look();
  }

  /** All that was shown so far. */
  text(): string {
    return this.#text;
  }

  /** The last lines, the unfinished one included. */
  tail(count: number): string[] {
    return this.#text.trimEnd().split('\n').slice(-count);
  }

  breakdown(): Breakdown | undefined {
    return this.#breakdown;
  }

  /** The machine starts over: marks and signs are looked for anew, from what comes next on. The text goes on. */
  restart(): void {
    const unfinished = this.#text.slice(this.#lineStart);
    if (unfinished !== '') this.lines.push({ atMs: this.#options.now(), text: unfinished });
    this.#lineStart = this.#text.length;
    this.marks.length = 0;
    this.#bootMs = this.#options.now();
    this.#watch = new BreakdownWatch();
    this.#breakdown = undefined;
    clearTimeout(this.#pause);
  }

  /**
   * Waits until the text holds a pattern. What was shown before the call counts, from `since` (0) on: the length of
   * `text()` at an earlier moment. A match can span at most 8192 characters.
   *
   * @throws BootproofError at the deadline, with the console's last lines; the scope's reason when that closes first.
   */
  async waitFor(pattern: string | RegExp, deadline: Deadline, since = 0): Promise<string> {
    const expression =
      typeof pattern === 'string' ? new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')) : pattern;
    let from = since;
    const find = () => {
      expression.lastIndex = 0;
      const found = expression.exec(this.#text.slice(from))?.[0];
      from = Math.max(from, this.#text.length - longestMatch);
      return found;
    };
    const already = find();
    if (already !== undefined) return already;
    let look = () => {};
    const matched = new Promise<string>((resolve) => {
      look = () => {
        const found = find();
        if (found !== undefined) resolve(found);
      };
      this.#changed.add(look);
    });
    const late = () =>
      new BootproofError(
        `waited ${Math.round(deadline.budgetMs / 100) / 10} s for ${String(pattern)} on the console; its last lines:\n${this.tail(8).join('\n')}`,
        { kind: 'unproven' },
      );
    try {
      return await within(deadline, this.#options.scope.race(matched), late);
    } finally {
      this.#changed.delete(look);
    }
  }

  /** The boot's phases up to now, each from its mark to the next. The firmware's begins with QEMU, or with the reset. */
  phases(): Span[] {
    return this.marks.map(({ mark, atMs }, index) => ({
      name: mark,
      startMs: mark === 'firmware' && index === 0 ? this.#bootMs : atMs,
      endMs: this.marks[index + 1]?.atMs ?? this.#options.now(),
    }));
  }

  /** Ends the log. */
  async close(): Promise<void> {
    clearTimeout(this.#pause);
    this.#socket?.destroy();
    this.#log.end();
    await finished(this.#log).catch(() => undefined);
  }

  #readLines(): void {
    for (let end = this.#text.indexOf('\n', this.#lineStart); end >= 0; ) {
      const text = this.#text.slice(this.#lineStart, end);
      const line = { atMs: this.#options.now(), text };
      this.lines.push(line);
      this.#options.onLine?.(line);
      this.#readSigns(text);
      this.#lineStart = end + 1;
      end = this.#text.indexOf('\n', this.#lineStart);
    }
    const unfinished = this.#text.slice(this.#lineStart);
    if (unfinished.length > 0 && unfinished.length < 200) this.#mark(markOf(unfinished));
  }

  #readSigns(line: string): void {
    this.#mark(markOf(line));
    if (this.#breakdown && this.#breakdown.kind !== 'unit loop') return;
    const sign = this.#watch.line(line);
    if (sign === 'settled') this.#settle();
    else if (sign === 'more') this.#pause ??= setTimeout(() => this.#settle(), breakdownPauseMs);
  }

  #settle(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const found = this.#watch.breakdown();
    if (!found || found.kind === this.#breakdown?.kind) return;
    this.#breakdown = found;
    this.#options.onBreakdown?.(found);
  }

  #mark(mark: BootMark | undefined): void {
    if (mark === undefined || this.marks.some((seen) => order(seen.mark) >= order(mark))) return;
    const seen = { mark, atMs: this.#options.now() };
    this.marks.push(seen);
    this.#options.onMark?.(seen);
  }
}

const markOrder: readonly BootMark[] = ['firmware', 'loader', 'kernel', 'userspace', 'login'];
const order = (mark: BootMark): number => markOrder.indexOf(mark);
