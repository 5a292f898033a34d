import * as makers from './makers.ts';
import type { ProbeKind } from './probe.ts';

/**
 * Every kind by name: what a planned probe's `kind` refers to. The makers are typed by their own parameters; whoever
 * runs a planned probe knows only JSON.
 */
export const probeKinds: ReadonlyMap<string, ProbeKind> = new Map(
  Object.values(makers as unknown as Readonly<Record<string, ProbeKind>>).map((kind) => [kind.kind, kind]),
);
