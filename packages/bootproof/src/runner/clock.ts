import { messageOf } from '../base/errors.ts';
import type { PhaseName, RunEvent } from './events.ts';
import type { RunResult } from './result.ts';

type Phase = RunResult['phases'][number];

/** A run's clock and its phases: what is told while it goes on, and what the result keeps. */
export class RunClock {
  readonly startedAt = new Date();
  readonly #startMs: number;
  readonly #emit: (event: RunEvent) => void;
  readonly #phases: Phase[] = [];
  readonly #open = new Map<PhaseName, number>();

  /** @param startMs when the run began on `performance.now()`'s scale: what came before it was made counts too */
  constructor(emit: (event: RunEvent) => void, startMs = performance.now()) {
    this.#emit = emit;
    this.#startMs = startMs;
  }

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() - this.#startMs;
  }

  get phases(): readonly Phase[] {
    return this.#phases;
  }

  start(phase: PhaseName, atMs = this.now()): void {
    this.#open.set(phase, atMs);
    this.#emit({ type: 'phase-started', phase, atMs });
  }

  progress(phase: PhaseName, detail: string, fraction?: number): void {
    if (!this.#open.has(phase)) return;
    this.#emit({
      type: 'phase-progress',
      phase,
      atMs: this.now(),
      detail,
      ...(fraction === undefined ? {} : { fraction }),
    });
  }

  /** Ends a phase; one that is not open is left alone. */
  finish(phase: PhaseName, outcome: 'done' | 'failed', detail: string): void {
    const startMs = this.#open.get(phase);
    if (startMs === undefined) return;
    this.#open.delete(phase);
    const endMs = this.now();
    this.#phases.push({ name: phase, startMs, endMs });
    this.#emit({ type: 'phase-finished', phase, atMs: endMs, outcome, detail });
  }

  /** Runs a phase; when it throws, the phase has failed with the error's first line. */
  async during<T>(phase: PhaseName, work: () => Promise<T>, detail: (value: T) => string): Promise<T> {
    this.start(phase);
    try {
      const value = await work();
      this.finish(phase, 'done', detail(value));
      return value;
    } catch (error) {
      this.finish(phase, 'failed', messageOf(error).split('\n')[0] ?? '');
      throw error;
    }
  }
}
