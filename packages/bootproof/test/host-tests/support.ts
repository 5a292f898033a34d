import { collectTests } from '../../src/host-tests/collect.ts';
import { probeOf, type TestBody } from '../../src/host-tests/host-test.ts';
import { hostTestKind } from '../../src/host-tests/kind.ts';
import type { Observation } from '../../src/probes/probe.ts';
import type { Target } from '../../src/probes/target.ts';
import { fakeTarget } from '../probes/fake-target.ts';

/** The file of tests that a body stands in: the test of this project that calls. */
export const facts = {
  hostName: 'hl02',
  nic: 'enp6s18',
  homelab: import.meta.dirname,
  root: import.meta.dirname,
};

export interface Running {
  readonly target?: Target;
  readonly deadlineSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Runs a body as a test of a host. */
export function observe(
  body: TestBody,
  { target = fakeTarget({}), deadlineSeconds = 5, signal = new AbortController().signal }: Running = {},
): Promise<Observation> {
  const probe = probeOf('tests/it/works', { file: 'it.test.ts', line: 1 }, 'it works', { deadlineSeconds });
  const kind = hostTestKind({ tests: [{ probe, body }], facts, signal });
  return kind.observe(target, probe.params);
}

/** What loading a file comes to that calls `test` like this. */
export const collected = (load: () => void) => collectTests('it.test.ts', async () => load());

/** The line on which this is called. */
export const lineHere = (): number =>
  Number(/:(\d+):\d+\)?$/m.exec(new Error().stack?.split('\n')[2] ?? '')?.[1]);

/** The steps that an observation tells of, a line each. */
export const stepsOf = ({ evidence }: Observation): string[] =>
  evidence.find(({ source }) => source === 'steps')?.text.split('\n') ?? [];
