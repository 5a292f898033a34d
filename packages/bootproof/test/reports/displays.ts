/** What the tests of the displays share: a place to write to, and runs fed to a display. */
import type { Display, OutputStream } from '../../src/reports/display.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { eventsOf } from './fixtures.ts';

/** Keeps what is written to it. */
export class Recorder implements OutputStream {
  readonly isTTY: boolean;
  columns = 80;
  rows = 24;
  text = '';

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  get lines(): string[] {
    return this.text.replace(/\n$/, '').split('\n');
  }
}

/** Tells a display a whole run, as far as `upTo` says. */
export function feed(display: Display, result: RunResult, upTo = Number.POSITIVE_INFINITY): void {
  for (const event of eventsOf(result).slice(0, upTo)) display.onEvent(result.host, event);
}
