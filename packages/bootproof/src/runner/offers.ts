import { BootproofError, messageOf } from '../base/errors.ts';
import type { Need } from '../probes/probe.ts';

/** The ways into a machine, each settling when it opens or is given up. */
export interface Ways {
  readonly ssh: Promise<unknown>;
  readonly agent: Promise<unknown>;
  readonly console: Promise<unknown>;
}

/** Something that opens once, and stays open. */
export class Latch {
  #open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }
}

/**
 * What a machine offers to probes: settles when a need is met, and rejects with the reason when it never will be. A shell
 * is offered once the boot is over, well or badly: commands in a machine that is still starting take their time from its
 * boot (on two cores without KVM a whole check took 29.6 s with them, and 24.8 s without).
 */
export function offersOf(ways: Ways, booted: Promise<void>): (need: Need) => Promise<void> {
  const always = Promise.resolve();
  const settledAs = (way: Promise<unknown>) => way.then(() => undefined);
  const way = anyOf([ways.ssh, ways.agent]);
  way.catch(() => {});
  const shell = booted.then(() => way);
  const byNeed: Readonly<Record<Need, Promise<void>>> = {
    shell,
    ssh: settledAs(ways.ssh),
    agent: settledAs(ways.agent),
    console: settledAs(ways.console),
    hardware: always,
    image: always,
  };
  // A way that nobody asks for may be given up unheard.
  for (const offer of Object.values(byNeed)) offer.catch(() => {});
  return (need) => byNeed[need];
}

async function anyOf(ways: readonly Promise<unknown>[]): Promise<void> {
  try {
    await Promise.any(ways);
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
    throw new BootproofError(`no way into the machine: ${reasons.join('; ')}`, { kind: 'unproven' });
  }
}
