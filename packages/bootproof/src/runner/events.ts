import type { Probe, Proof } from '../probes/probe.ts';
import type { RunResult } from './result.ts';

/**
 * The phases of a run, in order. `boot` ends when every way in is open or given up; probes run alongside it. `reboot` and
 * `power cut` are there when they were asked for, each with the boot and the proofs that follow it.
 */
export type PhaseName = 'evaluate' | 'image' | 'boot' | 'probes' | 'reboot' | 'power cut' | 'teardown';

/** The phases in which a machine boots: their stages are few, and each is worth telling. */
export const bootPhases: ReadonlySet<PhaseName> = new Set<PhaseName>(['boot', 'reboot', 'power cut']);

/** What a run tells while it goes on. `atMs` counts milliseconds since the run began. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly host: string;
      readonly test: string;
      readonly probes: readonly Probe[];
    }
  | { readonly type: 'phase-started'; readonly phase: PhaseName; readonly atMs: number }
  | {
      readonly type: 'phase-progress';
      readonly phase: PhaseName;
      readonly atMs: number;
      readonly detail: string;
      /** 0 to 1, where it is known. */
      readonly fraction?: number;
    }
  | {
      readonly type: 'phase-finished';
      readonly phase: PhaseName;
      readonly atMs: number;
      readonly outcome: 'done' | 'failed';
      readonly detail: string;
    }
  | { readonly type: 'probe-started'; readonly probe: Probe; readonly atMs: number }
  | { readonly type: 'probe-finished'; readonly proof: Proof; readonly atMs: number }
  | {
      readonly type: 'note';
      readonly level: 'info' | 'warning';
      readonly text: string;
      readonly atMs: number;
    }
  | { readonly type: 'run-finished'; readonly result: RunResult };

/** Anything that follows a run: a terminal display, plain lines, GitHub Actions. `host` tells runs side by side apart. */
export interface RunListener {
  onEvent(host: string, event: RunEvent): void;
}
