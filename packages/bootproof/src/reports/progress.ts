/** What is known of a run so far: its events folded into one state, for displays to draw. */
import type { Probe, Proof } from '../probes/probe.ts';
import type { PhaseName, RunEvent } from '../runner/events.ts';
import type { RunResult } from '../runner/result.ts';

export interface PhaseProgress {
  readonly name: PhaseName;
  readonly state: 'running' | 'done' | 'failed';
  readonly startMs: number;
  readonly endMs: number | undefined;
  readonly detail: string;
  /** 0 to 1, where it is known. */
  readonly fraction: number | undefined;
  /** The details so far, each once, in the order in which they came: firmware, loader, kernel, userspace. */
  readonly trail: readonly string[];
}

export interface HostProgress {
  readonly host: string;
  readonly test: string | undefined;
  readonly probes: readonly Probe[];
  readonly phases: readonly PhaseProgress[];
  /** Probes that are being asked, with the time since when. */
  readonly running: ReadonlyMap<string, { readonly probe: Probe; readonly sinceMs: number }>;
  /** In the order in which they came. */
  readonly proofs: readonly Proof[];
  readonly notes: readonly { readonly level: 'info' | 'warning'; readonly text: string }[];
  readonly result: RunResult | undefined;
}

/** A host of which nothing has been heard yet. */
export function noProgress(host: string): HostProgress {
  return {
    host,
    test: undefined,
    probes: [],
    phases: [],
    running: new Map(),
    proofs: [],
    notes: [],
    result: undefined,
  };
}

function withPhase(
  state: HostProgress,
  name: PhaseName,
  atMs: number,
  change: (phase: PhaseProgress) => Partial<PhaseProgress>,
): HostProgress {
  const known = state.phases.find((phase) => phase.name === name);
  const before: PhaseProgress = known ?? {
    name,
    state: 'running',
    startMs: atMs,
    endMs: undefined,
    detail: '',
    fraction: undefined,
    trail: [],
  };
  const after = { ...before, ...change(before) };
  return {
    ...state,
    phases: known
      ? state.phases.map((phase) => (phase.name === name ? after : phase))
      : [...state.phases, after],
  };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([other]) => other !== key));
}

/** The state after one more event. */
export function advance(state: HostProgress, event: RunEvent): HostProgress {
  switch (event.type) {
    case 'run-started':
      return { ...state, test: event.test, probes: event.probes };
    case 'phase-started':
      return withPhase(state, event.phase, event.atMs, () => ({ state: 'running', startMs: event.atMs }));
    case 'phase-progress':
      return withPhase(state, event.phase, event.atMs, ({ trail }) => ({
        detail: event.detail,
        fraction: event.fraction,
        trail: trail.at(-1) === event.detail ? trail : [...trail, event.detail],
      }));
    case 'phase-finished':
      return withPhase(state, event.phase, event.atMs, () => ({
        state: event.outcome,
        endMs: event.atMs,
        detail: event.detail,
        fraction: undefined,
      }));
    case 'probe-started':
      return {
        ...state,
        running: new Map([...state.running, [event.probe.id, { probe: event.probe, sinceMs: event.atMs }]]),
      };
    case 'probe-finished':
      return {
        ...state,
        running: without(state.running, event.proof.probe.id),
        proofs: [...state.proofs, event.proof],
      };
    case 'note':
      return { ...state, notes: [...state.notes, { level: event.level, text: event.text }] };
    case 'run-finished':
      return { ...state, running: new Map(), result: event.result };
  }
}
