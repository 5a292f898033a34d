/** The display in a pipe: a line for each event that matters, written when it happens. */
import { bootPhases, type PhaseName, type RunEvent } from '../runner/events.ts';
import type { RunResult } from '../runner/result.ts';
import { type Display, type DisplayOptions, styleFor } from './display.ts';
import type { TextStyle } from './style.ts';
import { formatRollUp, formatSummary } from './summary.ts';
import { displayWidth, oneLine, pad } from './text.ts';
import { count, duration, gist, verdictSentence } from './words.ts';

/** A phase says something new this often at most: a package manager has a message for every file. */
const progressGapMs = 5_000;

/** Turns a host's events into lines. Keeps what it needs to leave out what says nothing new. */
export class PlainLines {
  readonly #style: TextStyle;
  readonly #nameWidth: number;
  readonly #started = new Map<PhaseName, number>();
  readonly #told = new Map<PhaseName, { readonly detail: string; readonly atMs: number }>();
  #lastMs = 0;

  /** `nameWidth` 0: lines do not name their host. */
  constructor(style: TextStyle, nameWidth: number) {
    this.#style = style;
    this.#nameWidth = nameWidth;
  }

  /** The line for an event; undefined when it does not matter to a reader of a log. */
  line(host: string, event: RunEvent): string | undefined {
    if ('atMs' in event) this.#lastMs = event.atMs;
    const text = this.#text(event);
    if (text === undefined) return undefined;
    const name = this.#nameWidth > 0 ? `${pad(oneLine(host), this.#nameWidth)}  ` : '';
    const seconds = `${(this.#lastMs / 1000).toFixed(1).padStart(7)} s`;
    return this.#style.show(`${seconds}  ${name}${text}`);
  }

  #text(event: RunEvent): string | undefined {
    switch (event.type) {
      case 'run-started':
        return `${oneLine(event.test)}: ${count(event.probes.length, 'probe')}`;
      case 'phase-started':
        this.#started.set(event.phase, event.atMs);
        return `${event.phase}: started`;
      case 'phase-progress':
        return this.#progress(event);
      case 'phase-finished': {
        const took = duration(event.atMs - (this.#started.get(event.phase) ?? event.atMs));
        const detail = oneLine(event.detail);
        return `${event.phase}: ${event.outcome} in ${took}${detail === '' ? '' : `, ${detail}`}`;
      }
      case 'probe-started':
        return undefined;
      case 'probe-finished': {
        const { proof } = event;
        // What needs a reader's eye stands out without colours.
        const word = proof.verdict === 'passed' ? 'passed ' : proof.verdict.toUpperCase();
        const took = proof.verdict === 'refused' ? '' : ` (${duration(proof.durationMs)})`;
        return `${word} ${oneLine(proof.probe.title)}: ${gist(proof)}${took}`;
      }
      case 'note':
        return `${event.level === 'warning' ? 'warning: ' : ''}${oneLine(event.text)}`;
      case 'run-finished':
        this.#lastMs = event.result.durationMs;
        return verdictSentence(event.result);
    }
  }

  #progress(event: RunEvent & { readonly type: 'phase-progress' }): string | undefined {
    const detail = oneLine(event.detail);
    const told = this.#told.get(event.phase);
    // The stages of a boot are few, and each is worth its line.
    const gap = bootPhases.has(event.phase) ? 0 : progressGapMs;
    if (told?.detail === detail && gap === 0) return undefined;
    if (told && event.atMs - told.atMs < gap) return undefined;
    this.#told.set(event.phase, { detail, atMs: event.atMs });
    const percent = event.fraction === undefined ? '' : ` (${Math.floor(event.fraction * 100)} %)`;
    return `${event.phase}: ${detail}${percent}`;
  }
}

/** The ends of several runs: each one's problems whole and its verdict, and for several hosts a line each. */
export function closingText(results: readonly RunResult[], options: DisplayOptions, table: boolean): string {
  const style = styleFor(options.stream, options.env);
  const { folderOf } = options;
  const blocks = results.map((result) => {
    const folder = folderOf?.(result.host);
    return formatSummary(result, { style, table, ...(folder === undefined ? {} : { folder }) });
  });
  if (results.length > 1) blocks.push(formatRollUp(results, { style, ...(folderOf ? { folderOf } : {}) }));
  return blocks.join('\n\n');
}

/** The plain display: nothing is held back, and no terminal sequence is written. */
export async function createPlainDisplay(options: DisplayOptions): Promise<Display> {
  const { stream, env, hosts } = options;
  const style = styleFor(stream, env);
  const nameWidth = hosts.length > 1 ? Math.max(...hosts.map(displayWidth)) : 0;
  const lines = new Map<string, PlainLines>();
  const results: RunResult[] = [];
  let closed = false;
  return {
    onEvent(host, event) {
      const ofHost = lines.get(host) ?? new PlainLines(style, nameWidth);
      lines.set(host, ofHost);
      const line = ofHost.line(host, event);
      if (line !== undefined) stream.write(`${line}\n`);
      if (event.type === 'run-finished') results.push(event.result);
    },
    async close() {
      if (closed) return;
      closed = true;
      if (results.length > 0) stream.write(`\n${closingText(results, options, false)}\n`);
    },
  };
}
