import type { Proof } from '../probes/probe.ts';
import type { Mutation } from './mutation.ts';

/**
 * What became of a mutation. `caught`: every probe that it was made for failed, and said why. `survived`: one of them did
 * not, or failed for another reason. `not applied`: the fault could not be made, and so nothing is known.
 */
export type MutationVerdict = 'caught' | 'survived' | 'not applied';

export interface Outcome {
  readonly mutation: Mutation;
  readonly verdict: MutationVerdict;
  /** What the probes said when it was caught; otherwise what went wrong. */
  readonly detail: string;
  /** From the machine's being put back until the last answer; of faults that share a boot, their part of it. */
  readonly durationMs: number;
}

export interface Score {
  readonly mutants: number;
  readonly caught: number;
  readonly survived: number;
  readonly notApplied: number;
  /** Caught of all, in percent. Below 100 as long as one is not caught; 0 of none. */
  readonly percent: number;
}

/** Judges a mutation by the proofs of the probes that were to fail. */
export function judge(mutation: Mutation, proofs: readonly Proof[], durationMs: number): Outcome {
  const complaints: string[] = [];
  const caught: string[] = [];
  for (const { probe, says } of mutation.expects) {
    const proof = proofs.find((each) => each.probe.id === probe.id);
    const complaint = complaintAbout(proof, says);
    if (complaint === undefined) caught.push(`${probe.id}: ${proof?.seen}`);
    else complaints.push(`${probe.id} ${complaint}`);
  }
  // A mutation that no probe was asked about is not caught by that.
  const survived = complaints.length > 0 || caught.length === 0;
  return {
    mutation,
    verdict: survived ? 'survived' : 'caught',
    detail: (survived ? complaints : caught).join('; '),
    durationMs,
  };
}

function complaintAbout(proof: Proof | undefined, says: RegExp): string | undefined {
  if (proof === undefined) return 'was not asked';
  if (proof.verdict === 'passed') return `passed: it saw ${proof.seen}`;
  if (proof.verdict === 'refused') return `was refused: ${proof.reason}`;
  return says.test(proof.seen) ? undefined : `failed for another reason: it saw ${proof.seen}`;
}

export const notApplied = (mutation: Mutation, reason: string, durationMs: number): Outcome => ({
  mutation,
  verdict: 'not applied',
  detail: reason,
  durationMs,
});

export function scoreOf(outcomes: readonly Outcome[]): Score {
  const count = (wanted: MutationVerdict): number =>
    outcomes.filter(({ verdict }) => verdict === wanted).length;
  const caught = count('caught');
  return {
    mutants: outcomes.length,
    caught,
    survived: count('survived'),
    notApplied: count('not applied'),
    percent: outcomes.length === 0 ? 0 : (caught / outcomes.length) * 100,
  };
}
