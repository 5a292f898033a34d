import { BootproofError } from '../base/errors.ts';
import type { Need } from '../probes/probe.ts';

/** The ways into a machine, each settling when it opens or is given up. */
export interface Ways {
  readonly ssh: Promise<unknown>;
  readonly agent: Promise<unknown>;
  readonly console: Promise<unknown>;
}

/** What a machine offers to probes: settles when a need is met, and rejects with the reason when it never will be. */
export function offersOf(ways: Ways): (need: Need) => Promise<void> {
  const always = Promise.resolve();
  const settledAs = (way: Promise<unknown>) => way.then(() => undefined);
  const shell = anyOf([ways.ssh, ways.agent]);
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
