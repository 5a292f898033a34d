import { plainOrder } from '../options/property.ts';
import type { Definition, RawDefinition } from '../options/type.ts';
import type { Engine } from './engine.ts';
import { Poisoned } from './faults.ts';
import { type Unwrapped, unwrap } from './push-down.ts';

/** A definition whose conditions are decided, and whether it counted. */
export interface SettledDefinition extends Definition {
  /** Whether its priority was the strongest, so that its value is part of the result. */
  readonly wins: boolean;
  /** Whether its condition is known to Nix only. */
  readonly uncertain: boolean;
}

/** What is left of definitions once conditions and priorities are decided. */
export interface Settled {
  readonly all: readonly SettledDefinition[];
  /** The definitions that count, in their final order. */
  readonly winners: readonly Definition[];
  /** Whether a definition that may count has a condition known to Nix only. */
  readonly uncertain: boolean;
}

/** Decides the conditions of definitions, and which of them count. */
export function settle(
  engine: Engine,
  path: readonly string[],
  definitions: readonly RawDefinition[],
): Settled {
  const report = (definition: RawDefinition, reason: string, remedy: string): never => {
    engine.fault(definition, path, reason, remedy);
    throw new Poisoned();
  };
  const decided = definitions
    .flatMap((definition) => unwrap(definition, report))
    .flatMap((definition) => {
      const truth = decideAll(engine, path, definition);
      return truth === false ? [] : [{ definition, uncertain: truth === undefined }];
    });
  const strongest = Math.min(
    ...decided.map(({ definition, uncertain }) =>
      uncertain ? Number.POSITIVE_INFINITY : definition.priority,
    ),
  );
  const all = decided.map(({ definition, uncertain }): SettledDefinition => {
    const { value, file, line, origin, priority, order } = definition;
    const wins = priority <= strongest;
    // A loser's references are not looked at, as in Nix: they may well make a circle.
    const head = wins ? engine.resolveHead(value, definition, path) : value;
    return { file, line, origin, priority, order, value: head, wins, uncertain };
  });
  const winners = all.filter(({ wins, uncertain }) => wins && !uncertain);
  if (winners.some(({ order }) => order !== undefined)) {
    winners.sort((a, b) => (a.order ?? plainOrder) - (b.order ?? plainOrder));
  }
  return { all, winners, uncertain: all.some((definition) => definition.wins && definition.uncertain) };
}

/** True when all conditions hold, undefined when that is open. */
function decideAll(engine: Engine, path: readonly string[], definition: Unwrapped): boolean | undefined {
  let open = false;
  for (const condition of definition.conditions) {
    const truth = engine.decide(condition, definition, path);
    if (truth === false) return false;
    if (truth === undefined) open = true;
  }
  return open ? undefined : true;
}
