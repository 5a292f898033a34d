import { createRequire } from 'node:module';
import { inspect, stripVTControlCharacters } from 'node:util';
import type { Matchers } from 'expect';
import { messageOf } from '../base/errors.ts';
import { type MachineAssertions, machineAssertions } from './assertions.ts';
import { isMachine, type Machine } from './machine.ts';
import { TestRun } from './test-run.ts';

/** Assertions of a value: those of Jest's `expect`. Those of promises, `resolves` and `rejects`, have to be awaited. */
export type ValueAssertions<Value> = Matchers<void, Value> & {
  readonly not: Matchers<void, Value>;
  readonly resolves: Matchers<Promise<void>, Awaited<Value>> & {
    readonly not: Matchers<Promise<void>, Awaited<Value>>;
  };
  readonly rejects: Matchers<Promise<void>, unknown> & { readonly not: Matchers<Promise<void>, unknown> };
};

type Library = typeof import('expect').expect;

/** What stands for a value in `toEqual` and its like: `expect.stringContaining('x')`. */
const stands = [
  'any',
  'anything',
  'arrayContaining',
  'closeTo',
  'objectContaining',
  'stringContaining',
  'stringMatching',
] as const;

export interface Expect extends Pick<Library, (typeof stands)[number]> {
  (subject: Machine): MachineAssertions;
  <Value>(value: Value): ValueAssertions<Value>;
}

const require = createRequire(import.meta.url);

/** Jest's `expect`. Loaded when it is first used: a homelab without such an assertion does not pay for it. */
const library = (): Library => (require('expect') as { readonly expect: Library }).expect;

/**
 * What is expected of the machine, or of a value.
 *
 *     await expect(machine).toServe('http://app.home.arpa/', { body: 'This is the application.' });
 *     expect(await machine.succeed('hostname')).toBe('svc01\n');
 */
export const expect: Expect = Object.assign(
  (subject: unknown) =>
    (isMachine(subject)
      ? machineAssertions
      : noted(library()(subject), `expect(${shown(subject)})`)) as never,
  Object.fromEntries(
    stands.map((name) => [
      name,
      (...parameters: readonly never[]) =>
        (library()[name] as (...all: readonly never[]) => unknown)(...parameters),
    ]),
  ) as unknown as Pick<Library, (typeof stands)[number]>,
);

/** A value on one line, cut where it is long. */
const shown = (value: unknown): string =>
  inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 6 });

/** The same assertions, each of which is a step of the test when it is made. */
function noted(matchers: object, words: string): object {
  return new Proxy(matchers, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof name === 'symbol') return member;
      const what = `${words}.${name}`;
      if (typeof member === 'object' && member !== null) return noted(member, what);
      if (typeof member !== 'function') return member;
      const matcher = (...parameters: readonly unknown[]) =>
        asStep(() => member(...parameters), `${what}(${parameters.map(shown).join(', ')})`, matcher);
      return matcher;
    },
  });
}

// biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
function asStep(match: () => unknown, what: string, callee: Function): unknown {
  const run = TestRun.current('expect()');
  const place = run.calledAt(callee);
  try {
    const outcome = match();
    if (outcome instanceof Promise) return run.call({ what, place, asserts: true }, () => outcome);
    run.note({ what, place, state: 'passed', seen: '' });
    return outcome;
  } catch (error) {
    run.note({ what, place, state: 'failed', seen: sightOf(error).seen });
    throw error;
  }
}

/** What an error of Jest's says of expected and received: its values where it has them, else its message's lines. */
export function sightOf(error: unknown): { readonly expected: string; readonly seen: string } {
  const message = stripVTControlCharacters(messageOf(error)).trim();
  const [first = '', ...rest] = message.split('\n');
  const said = (word: string) => new RegExp(`^${word}[^:\\n]*:\\s*(\\S.*)$`, 'm').exec(message)?.[1];
  const { matcherResult = {} } = (error ?? {}) as { readonly matcherResult?: object };
  const value = (name: string) =>
    name in matcherResult ? shown((matcherResult as Readonly<Record<string, unknown>>)[name]) : undefined;
  return {
    expected: said('Expected') ?? value('expected') ?? first,
    seen: said('Received') ?? value('actual') ?? (rest.join('\n').trim() || first),
  };
}
