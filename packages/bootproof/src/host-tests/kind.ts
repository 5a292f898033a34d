import { type BootproofError, messageOf } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import { reasonOf } from '../host/poll.ts';
import { Scope } from '../host/scope.ts';
import { watch } from '../host/watch.ts';
import type { Observation, ProbeKind } from '../probes/probe.ts';
import type { Target } from '../probes/target.ts';
import { TestFailure } from './failures.ts';
import type { HostTest, HostTestParams, TestBody } from './host-test.ts';
import { failure, placeText, success } from './report.ts';
import { takeStrays } from './strays.ts';
import { type HostFacts, TestRun } from './test-run.ts';

export interface HostTestKindOptions {
  readonly tests: readonly HostTest[];
  readonly facts: HostFacts;
  /** Ends a test at once: the run was interrupted. */
  readonly signal: AbortSignal;
}

/**
 * The kind of the tests that a host has by hand. One look runs a body to its end. It is made for a run, since a plan, which
 * is data, holds no bodies.
 */
export function hostTestKind({
  tests,
  facts,
  signal,
}: HostTestKindOptions): ProbeKind<'host-test', HostTestParams> {
  const keyOf = ({ file, title }: HostTestParams): string => `${file}\n${title}`;
  const bodies = new Map(tests.map(({ probe, body }) => [keyOf(probe.params), body]));
  return {
    kind: 'host-test',
    needs: ['shell'],
    alone: true,
    title: ({ title }) => title,
    hint: ({ file, line }) => `The test stands in ${file}:${line}.`,
    async observe(target, params) {
      const body = bodies.get(keyOf(params));
      if (body === undefined) throw new Error(`the test “${params.title}” of ${params.file} is not loaded`);
      return runTest(body, params, { target, facts, signal });
    },
  };
}

interface Surroundings {
  readonly target: Target;
  readonly facts: HostFacts;
  readonly signal: AbortSignal;
}

async function runTest(
  body: TestBody,
  { deadlineSeconds }: HostTestParams,
  { target, facts, signal }: Surroundings,
): Promise<Observation> {
  const scope = new Scope();
  const run = new TestRun({ target, facts, deadline: Deadline.after(deadlineSeconds * 1000), scope });
  const unwatch = endOn(signal, target, scope);
  const forget = takeStrays(run, (error) => scope.close(strayFailure(error)));
  try {
    // Asynchronous, so that a body that throws at once is told in the same way.
    const whole = run.during(async () => body());
    await within(run.deadline, scope.race(whole), () => lateFailure(run, deadlineSeconds));
    const neglect = neglectFailure(run);
    return neglect === undefined ? success(run) : failure(neglect, run);
  } catch (error) {
    return failure(error, run);
  } finally {
    run.end();
    unwatch();
    forget();
    scope.close(new Error('the test is over'));
  }
}

/** Closes a scope when the run is interrupted or the machine breaks down. Returns the way to call that off. */
function endOn(signal: AbortSignal, target: Target, scope: Scope): () => void {
  const interrupt = () => scope.close(reasonOf(signal));
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  const unwatch = watch(
    () => target.bootState().breakdown,
    ({ kind, detail }) => scope.close(brokenFailure(kind, detail)),
  );
  return () => {
    signal.removeEventListener('abort', interrupt);
    unwatch();
  };
}

function brokenFailure(kind: string, detail: string): TestFailure {
  const seen = `the machine broke down: ${kind}`;
  return new TestFailure(seen, {
    expected: 'the machine stays up',
    seen: `${seen}: ${detail}`,
    evidence: [],
  });
}

function lateFailure(run: TestRun, seconds: number): BootproofError {
  const step = run.underWay;
  const expected = `the test ends within ${seconds} s`;
  if (step === undefined) {
    const seen = 'it waits for something that is no step of it';
    return new TestFailure(`not over within ${seconds} s: ${seen}`, { expected, seen, evidence: [] });
  }
  const last = step.seen === '' ? 'no answer yet' : `last seen: ${step.seen}`;
  const seen = `it was still in: ${step.what} (${last})`;
  return new TestFailure(
    `not over within ${seconds} s: ${seen}`,
    { expected, seen, evidence: [] },
    step.place,
  );
}

/** A step that the body left behind. */
function neglectFailure(run: TestRun): TestFailure | undefined {
  const [first, ...others] = run.neglected();
  if (first === undefined) return undefined;
  const { step, neglect } = first;
  const seen = `${step.what}: ${neglect}`;
  const more = others.map(
    (other) => `${placeText(other.step.place, run.facts)}${other.step.what}: ${other.neglect}`,
  );
  const evidence = more.length === 0 ? [] : [{ source: 'more of them', text: more.join('\n') }];
  return new TestFailure(
    `${neglect} when the test ended. Write await in front of it.`,
    { expected: 'every assertion and command is awaited', seen, evidence },
    step.place,
  );
}

function strayFailure(error: unknown): Error {
  if (error instanceof Error) return error;
  const sight = {
    expected: 'every promise is awaited, every error caught',
    seen: messageOf(error),
    evidence: [],
  };
  return new TestFailure(`thrown where nobody catches it: ${messageOf(error)}`, sight);
}
