import type { Probe, Proof } from '../probes/probe.ts';
import { failureRateInterval, rateThatShows } from './failure-rate.ts';
import type { RunResult } from './result.ts';

/** A run of a series, with its folder. */
export interface RepeatedRun {
  readonly result: RunResult;
  /** As the user would type it. */
  readonly folder: string;
}

/** A probe that did not pass in every run. */
export interface FlakyProbe {
  readonly probe: Pick<Probe, 'id' | 'title'>;
  readonly failed: number;
  readonly refused: number;
  /** What was seen or what stood in the way, each once. */
  readonly seen: readonly string[];
}

/** What repeated runs of one plan came to: what the summary file holds. */
export interface RepeatSummary {
  readonly schema: 1;
  readonly host: string;
  readonly test: string;
  /** Runs that were wanted. */
  readonly wanted: number;
  /** Runs that came to their end; only these are counted. */
  readonly runs: number;
  readonly proven: number;
  /** Where the true failure rate lies with 95 % confidence (Wilson), as a part of 1. Absent: no run came to its end. */
  readonly failureRate?: { readonly low: number; readonly high: number };
  /** When all were proven: the failure rate, as a part of 1, above which one would have failed with 95 % confidence. */
  readonly wouldHaveShown?: number;
  readonly probes: readonly FlakyProbe[];
  readonly each: readonly {
    readonly verdict: RunResult['verdict'];
    readonly durationMs: number;
    readonly folder: string;
    /** Of its power cut. */
    readonly seed?: number;
  }[];
}

/**
 * Counts runs of one plan.
 *
 * @throws RangeError when there is none
 */
export function summariseRuns(all: readonly RepeatedRun[], wanted: number): RepeatSummary {
  const [first] = all;
  if (first === undefined) throw new RangeError('no runs to summarise');
  const ended = all.filter(({ result }) => result.verdict !== 'interrupted');
  const runs = ended.length;
  const proven = ended.filter(({ result }) => result.verdict === 'proven').length;
  return {
    schema: 1,
    host: first.result.host,
    test: first.result.test,
    wanted,
    runs,
    proven,
    ...(runs === 0 ? {} : { failureRate: failureRateInterval(runs - proven, runs) }),
    ...(runs > 0 && proven === runs ? { wouldHaveShown: rateThatShows(runs) } : {}),
    probes: flakyProbes(ended.flatMap(({ result }) => result.proofs)),
    each: all.map(({ result: { verdict, durationMs, laterBoots = [] }, folder }) => {
      const seed = laterBoots.find(({ powerCut }) => powerCut !== undefined)?.powerCut?.seed;
      return { verdict, durationMs, folder, ...(seed === undefined ? {} : { seed }) };
    }),
  };
}

/** Those that missed, the most failures first. */
function flakyProbes(proofs: readonly Proof[]): FlakyProbe[] {
  const missed = new Map<string, Proof[]>();
  for (const proof of proofs) {
    if (proof.verdict === 'passed') continue;
    missed.set(proof.probe.id, [...(missed.get(proof.probe.id) ?? []), proof]);
  }
  const count = (of: readonly Proof[], wanted: Proof['verdict']) =>
    of.filter(({ verdict }) => verdict === wanted).length;
  return [...missed.values()]
    .map((of) => ({
      probe: { id: of[0]?.probe.id ?? '', title: of[0]?.probe.title ?? '' },
      failed: count(of, 'failed'),
      refused: count(of, 'refused'),
      seen: [
        ...new Set(of.map(({ verdict, seen, reason }) => (verdict === 'refused' ? (reason ?? seen) : seen))),
      ],
    }))
    .sort((a, b) => b.failed - a.failed || b.refused - a.refused);
}
