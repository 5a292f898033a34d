import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Probe, Proof } from '../../src/probes/probe.ts';

export const probe = (id: string, more: Partial<Probe> = {}): Probe => ({
  id,
  title: `title of ${id}`,
  kind: 'unit',
  params: { unit: 'x.service' },
  proves: [],
  after: [],
  deadlineSeconds: 60,
  hint: '',
  ...more,
});

export const proof = (id: string, verdict: Proof['verdict'], seen: string, reason?: string): Proof => ({
  probe: probe(id),
  verdict,
  expected: '',
  seen,
  evidence: [],
  ...(reason === undefined ? {} : { reason }),
  startedMs: 0,
  durationMs: 0,
  looks: 1,
});

/** A mutation that these probes are to catch, each by what it says. */
export const mutation = (
  expects: Readonly<Record<string, RegExp>>,
  more: Partial<Mutation> = {},
): Mutation => ({
  id: 'unit-masked/x.service',
  title: 'x.service is masked',
  fault: { type: 'running', command: 'true', via: 'agent' },
  expects: Object.entries(expects).map(([id, says]) => ({ probe: probe(id), says })),
  remedy: 'Look at the unit.',
  ...more,
});
