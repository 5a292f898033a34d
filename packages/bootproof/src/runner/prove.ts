import { reasonOf } from '../host/poll.ts';
import { Scope } from '../host/scope.ts';
import type { Machine } from '../machine/machine.ts';
import type { Probe, ProbeKind, Proof } from '../probes/probe.ts';
import type { Target } from '../probes/target.ts';
import type { RunClock } from './clock.ts';
import type { RunEvent } from './events.ts';
import { Latch, offersOf } from './offers.ts';
import { proveAll } from './schedule.ts';

export interface ProveOptions {
  readonly probes: readonly Probe[];
  readonly kinds: ReadonlyMap<string, ProbeKind>;
  readonly machine: Pick<Machine, 'ways'>;
  readonly target: Target;
  readonly clock: Pick<RunClock, 'now'>;
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  /** Milliseconds since the run's first QEMU was started. */
  readonly now: () => number;
  /** Told the proof of the probe that watches the boot, when it has one. */
  readonly onBoot: (proof: Proof) => void;
}

/** Asks probes of a machine that is coming up: those that need a shell, once its boot is over. */
export async function proveBoot(options: ProveOptions): Promise<Proof[]> {
  const { probes, kinds, machine, target, clock, emit, signal, now, onBoot } = options;
  const scope = new Scope();
  const interrupt = () => scope.close(reasonOf(signal));
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  const booted = new Latch();
  if (!probes.some(({ kind }) => kind === 'boot-target')) booted.open();
  try {
    return await proveAll({
      probes,
      kinds,
      target,
      offers: offersOf(machine.ways, booted.opened),
      scope,
      now,
      onStart: (probe) => emit({ type: 'probe-started', probe, atMs: clock.now() }),
      onProof: (proof) => {
        if (proof.probe.kind === 'boot-target') {
          booted.open();
          onBoot(proof);
        }
        emit({ type: 'probe-finished', proof, atMs: clock.now() });
      },
    });
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}
