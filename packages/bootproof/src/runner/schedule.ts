/**
 * Runs planned probes: each as soon as its preconditions hold, independent ones side by side, and last, one by one, those
 * that are asked alone.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import type { Need, Observation, Probe, ProbeKind, Proof } from '../probes/probe.ts';
import type { Target } from '../probes/target.ts';

export interface ScheduleOptions {
  readonly probes: readonly Probe[];
  readonly kinds: ReadonlyMap<string, ProbeKind>;
  readonly target: Target;
  /** Settles when the machine offers what a probe needs, and rejects with the reason when it never will. */
  readonly offers: (need: Need) => Promise<void>;
  /** How long a look that has begun may take, even past its probe's deadline; no longer than that unless told. Seconds. */
  readonly leastLookSeconds?: number;
  /** Ends every wait when it closes: the run was interrupted. */
  readonly scope: Scope;
  /** Milliseconds since QEMU was started. */
  readonly now: () => number;
  readonly onStart: (probe: Probe) => void;
  readonly onProof: (proof: Proof) => void;
}

const firstGapMs = 100;
const longestGapMs = 1000;

/** Every probe's proof, in the plan's order. Never rejects: what could not be asked is refused, with the reason. */
export async function proveAll(options: ScheduleOptions): Promise<Proof[]> {
  const proofs = new Map<string, Promise<Proof>>();
  const inOrder = dependenciesFirst(options.probes);
  const isAlone = ({ kind }: Probe) => options.kinds.get(kind)?.alone === true;
  const [alone, together] = [inOrder.filter(isAlone), inOrder.filter((probe) => !isAlone(probe))];
  const prove = (probe: Probe, turn: Promise<unknown>) => {
    const before = probe.after.map((id) => proofs.get(id)).filter((proof) => proof !== undefined);
    const proof = turn.then(() => proveOne(probe, before, options));
    proofs.set(probe.id, proof);
    return proof;
  };
  refuseWaitsFor(alone, together);
  let turn: Promise<unknown> = Promise.all(together.map((probe) => prove(probe, Promise.resolve())));
  for (const probe of alone) turn = prove(probe, turn);
  return Promise.all(options.probes.map((probe) => proofs.get(probe.id) as Promise<Proof>));
}

async function proveOne(
  probe: Probe,
  before: readonly Promise<Proof>[],
  options: ScheduleOptions,
): Promise<Proof> {
  const refuse = (reason: string): Proof => refusal(probe, reason, options.now());
  const prove = async (): Promise<Proof> => {
    const kind = options.kinds.get(probe.kind);
    if (kind === undefined) return refuse(`no probe is of the kind ${probe.kind}`);
    const missed = (await Promise.all(before)).filter((proof) => proof.verdict !== 'passed');
    if (missed.length > 0) {
      return refuse(
        missed.map((proof) => `needs “${proof.probe.title}”, which ${outcome(proof)}`).join('; '),
      );
    }
    try {
      await options.scope.race(Promise.all(kind.needs.map(options.offers)));
    } catch (error) {
      return refuse(messageOf(error));
    }
    options.onStart(probe);
    return look(probe, kind, options);
  };
  const proof = await prove();
  options.onProof(proof);
  return proof;
}

/** The proof of a probe that could not be asked. */
export const refusal = (probe: Probe, reason: string, startedMs: number): Proof => ({
  probe,
  verdict: 'refused',
  expected: '',
  seen: 'not asked',
  evidence: [],
  reason,
  startedMs,
  durationMs: 0,
  looks: 0,
});

const outcome = (proof: Proof): string => (proof.verdict === 'failed' ? 'failed' : 'could not be asked');

/** Looks until the answer is final or the deadline has passed, with growing gaps. */
async function look(probe: Probe, kind: ProbeKind, options: ScheduleOptions): Promise<Proof> {
  const startedMs = options.now();
  const deadline = Deadline.after(probe.deadlineSeconds * 1000);
  let looks = 0;
  let last: Observation | undefined;
  let broken: unknown;
  const proof = (verdict: Proof['verdict'], reason?: string): Proof => ({
    probe,
    verdict,
    expected: last?.expected ?? '',
    seen: last?.seen ?? 'not seen',
    evidence: last?.evidence ?? [],
    ...(reason === undefined ? {} : { reason }),
    startedMs,
    durationMs: options.now() - startedMs,
    looks,
  });
  for (let gapMs = firstGapMs; ; gapMs = Math.min(gapMs * 2, longestGapMs)) {
    looks += 1;
    try {
      const looked = options.scope.race(kind.observe(options.target, probe.params));
      const patience = Deadline.after(
        Math.max(deadline.remainingMs(), (options.leastLookSeconds ?? 0) * 1000),
      );
      last = await within(patience, looked, () => new Error('no answer in time'));
      broken = undefined;
      if (last.verdict !== 'not yet') return proof(last.verdict, last.reason);
    } catch (error) {
      // A last look that the deadline cut off takes nothing away from what the looks before it saw.
      if (last === undefined || !deadline.expired) broken = error;
    }
    if (options.scope.reason !== undefined) return proof('refused', options.scope.reason.message);
    const breakdown = options.target.bootState().breakdown;
    if (broken !== undefined && breakdown !== undefined) {
      return proof('refused', `the machine broke down: ${breakdown.kind}`);
    }
    if (deadline.remainingMs() <= gapMs) break;
    // An interruption during the gap is seen after the next look, which it ends at once.
    await delay(gapMs, undefined, { signal: options.scope.signal }).catch(() => {});
  }
  if (broken !== undefined) return proof('refused', `could not be asked: ${messageOf(broken)}`);
  return proof('failed', `not so within ${probe.deadlineSeconds} s; asked ${looks} times`);
}

/** A probe that comes after one which waits for all others would never be asked. */
function refuseWaitsFor(alone: readonly Probe[], together: readonly Probe[]): void {
  for (const { id, after } of together) {
    const last = alone.find((probe) => after.includes(probe.id));
    if (last !== undefined)
      throw new Error(`probe ${id} comes after ${last.id}, which is asked after all others`);
  }
}

/** The probes with each one after those that it names; a name that is no probe's is a mistake of the plan. */
function dependenciesFirst(probes: readonly Probe[]): Probe[] {
  const byId = new Map(probes.map((probe) => [probe.id, probe]));
  const ordered: Probe[] = [];
  const visit = (probe: Probe, path: readonly string[]) => {
    if (path.includes(probe.id))
      throw new Error(`probes wait for each other: ${[...path, probe.id].join(' -> ')}`);
    if (ordered.includes(probe)) return;
    for (const id of probe.after) {
      const first = byId.get(id);
      if (first === undefined)
        throw new Error(`probe ${probe.id} comes after ${id}, which is not in the plan`);
      visit(first, [...path, probe.id]);
    }
    ordered.push(probe);
  };
  for (const probe of probes) visit(probe, []);
  return ordered;
}
