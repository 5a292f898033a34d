import { BootproofError } from '../base/errors.ts';
import { chooseSeed } from '../runner/cut-moment.ts';
import type { TrialWishes } from '../runner/trials.ts';

/** The options of `check` that say how often a host is run, and what comes after its first boot. */
export interface TrialFlags {
  readonly keep?: boolean;
  readonly reboot?: boolean;
  readonly powerCut?: boolean;
  readonly seed?: number;
  readonly repeat: number;
}

/** @throws BootproofError of kind `declaration` for options that do not go together */
export function refuseNonsense({ seed, powerCut = false, keep = false, repeat }: TrialFlags): void {
  const wrong = (message: string, hint: string) => new BootproofError(message, { kind: 'declaration', hint });
  if (seed !== undefined && !powerCut) {
    throw wrong('--seed says when the power is cut, and it is not to be cut', 'Give --power-cut too.');
  }
  if (keep && repeat > 1) {
    throw wrong('--keep leaves a machine running, so that no second run begins', 'Leave out --repeat.');
  }
}

/**
 * What a run is put through after its first boot. With --repeat each run has a moment of its own.
 *
 * @param round how many runs of --repeat came before
 */
export function trialsFor(
  { reboot = false, powerCut = false, seed }: TrialFlags,
  round: number,
): TrialWishes {
  return {
    reboot,
    ...(powerCut ? { powerCut: { seed: seed === undefined ? chooseSeed() : seed + round } } : {}),
  };
}
