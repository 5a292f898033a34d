import { allOf, inPool } from '../host/pool.ts';
import type { Scope } from '../host/scope.ts';
import { probeKinds } from '../probes/catalogue.ts';
import type { Probe, Proof } from '../probes/probe.ts';
import type { Target } from '../probes/target.ts';
import { proveAll } from '../runner/schedule.ts';

/**
 * How long a probe is asked of a mutant. The machine has long come up, and the fault does not pass: an answer that is
 * wrong now stays wrong until the probe's own deadline. Seconds.
 */
export const mutantSeconds = 4;

/**
 * How long one look may take all the same: the first after a snapshot is slow without KVM, and one that was cut off has
 * seen nothing. Seconds.
 */
const leastLookSeconds = 30;

/** Asks probes of a machine that is up, each for itself: what one comes after is not asked first. */
export function askProbes(
  probes: readonly Probe[],
  target: Target,
  { scope, now, seconds = mutantSeconds }: { scope: Scope; now: () => number; seconds?: number },
): Promise<Proof[]> {
  const asked = probes.map((probe) => ({
    ...probe,
    after: [],
    deadlineSeconds: Math.min(probe.deadlineSeconds, patience(probe, seconds)),
  }));
  return proveAll({
    probes: asked,
    kinds: probeKinds,
    target,
    offers: () => Promise.resolve(),
    leastLookSeconds,
    scope,
    now,
    onStart: () => undefined,
    onProof: () => undefined,
  });
}

/** How long a healthy machine has for each answer. Seconds. */
const healthySeconds = 60;
/** How many probes it is asked at a time: all at once would keep each waiting past its deadline without KVM. */
const healthyAtATime = 8;

/** Asks probes of the machine without a fault, which is given the time to say yes. Proofs in the probes' order. */
export async function askHealthy(
  probes: readonly Probe[],
  target: Target,
  { scope, now }: { scope: Scope; now: () => number },
): Promise<Proof[]> {
  const asked = await inPool(probes, healthyAtATime, (probe) =>
    askProbes([probe], target, { scope, now, seconds: healthySeconds }),
  );
  return allOf(asked).flat();
}

/**
 * Kinds of which one look takes longer than that: a partner that keeps silent, a connection that is not answered, a
 * listener that comes and goes. The time of one look and a little more, so that it can say what it saw. Seconds.
 */
const slow: readonly (readonly [kind: RegExp, seconds: number])[] = [
  [/^agent-/, 7],
  [/^ssh-/, 8],
  [/^http-/, 8],
  [/^(dns-|metric$)/, 12],
  [/^(outside-|answers-ping)/, 30],
];

const patience = ({ kind }: Probe, seconds: number): number =>
  Math.max(seconds, slow.find(([pattern]) => pattern.test(kind))?.[1] ?? 0);
