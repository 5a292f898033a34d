import type { Json } from '../base/json.ts';
import type { Test } from '../plan/test.ts';
import type { Probe, ProbeKind } from '../probes/probe.ts';
import type { Sketch } from './mutation.ts';

/** Says for one kind of probe which faults its probes are there to catch. */
export interface Deriver {
  readonly kind: string;
  derive(probe: Probe, test: Test): readonly Sketch[];
}

/** A deriver for a kind; `derive` gets the kind's own parameters. */
export function from<Kind extends string, Params extends Json>(
  kind: ProbeKind<Kind, Params>,
  derive: (params: Params, test: Test) => readonly Sketch[],
): Deriver {
  return {
    kind: kind.kind,
    // The kind's name says what its parameters are: its own maker made them.
    derive: (probe, test) => derive(probe.params as Params, test),
  };
}
