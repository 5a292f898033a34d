/** What a test's run comes to, as a probe's observation tells it. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { relativeTo, type StackPlace, stackPlaces } from '../base/stack.ts';
import { failed, passed } from '../probes/observation.ts';
import type { Evidence, Observation } from '../probes/probe.ts';
import { sightOf } from './expect.ts';
import { type Sight, TestFailure } from './failures.ts';
import type { HostFacts, Place, Step, TestRun } from './test-run.ts';

const ended = 'the test runs to its end';

/** The observation of a test that ran to its end, and did not neglect what it asked for. */
export function success(run: TestRun): Observation {
  const asserted = run.steps.filter(({ asserts }) => asserts).length;
  const evidence = [stepsOf(run)];
  if (asserted === 0) {
    return {
      ...failed({ expected: 'something that can fail', seen: 'nothing was asserted', evidence }),
      reason:
        'A test that asserts nothing proves nothing: use expect(…), machine.succeed() or machine.fail().',
    };
  }
  return passed({
    expected: ended,
    seen: `${asserted} ${asserted === 1 ? 'assertion' : 'assertions'} passed`,
    evidence,
  });
}

/** The observation of a test that failed. */
export function failure(error: unknown, run: TestRun): Observation {
  const place = placeOf(error, run);
  const { sight, reason } = wordsOf(error);
  const frames = [place, place?.from].flatMap((each) => frameOf(each, run.facts));
  return {
    ...failed({
      expected: sight.expected || 'nothing',
      seen: sight.seen || 'nothing',
      evidence: [...sight.evidence, ...frames, stepsOf(run)],
    }),
    reason: `${placeText(place, run.facts)}${reason}`,
  };
}

function wordsOf(error: unknown): { readonly sight: Sight; readonly reason: string } {
  if (error instanceof TestFailure) return { sight: error.sight, reason: error.message.split('\n')[0] ?? '' };
  const message = stripVTControlCharacters(messageOf(error)).trim();
  if (error instanceof Error && 'matcherResult' in error) {
    const [assertion = ''] = message.split('\n');
    return {
      sight: { ...sightOf(error), evidence: [{ source: 'expect', text: message }] },
      reason: assertion,
    };
  }
  const name = error instanceof Error ? error.name : `a ${typeof error} that was thrown`;
  const seen = `${name}: ${message}`;
  return { sight: { expected: ended, seen, evidence: [] }, reason: seen };
}

/** Where in the homelab it was asked for or thrown. */
function placeOf(error: unknown, run: TestRun): Place | undefined {
  if (error instanceof TestFailure && error.place !== undefined) return error.place;
  const own = error instanceof Error ? run.placeIn(stackPlaces(error.stack)) : undefined;
  return own ?? run.placeOf(error);
}

const lineText = ({ file, line }: StackPlace, { root }: HostFacts): string =>
  `${relativeTo(root, file)}:${line}`;

/** What is said in front of what happened there: `config/hosts/svc01/web.test.ts:12, called from line 30: `. */
export function placeText(place: Place | undefined, facts: HostFacts): string {
  if (place === undefined) return '';
  const { file, from } = place;
  const caller = from?.file === file ? `line ${from.line}` : from && lineText(from, facts);
  return `${lineText(place, facts)}${caller === undefined ? '' : `, called from ${caller}`}: `;
}

/** The line that is meant, with the two before it and the one after. */
function frameOf(place: StackPlace | undefined, facts: HostFacts): Evidence[] {
  if (place === undefined) return [];
  const { line } = place;
  let source: string[];
  try {
    source = readFileSync(place.file, 'utf8').split('\n');
  } catch {
    return [];
  }
  const first = Math.max(1, line - 2);
  const width = String(line + 1).length;
  const rows = source
    .slice(first - 1, line + 1)
    .map((text, index) =>
      `${first + index === line ? '>' : ' '} ${String(first + index).padStart(width)} | ${text}`.trimEnd(),
    );
  return [{ source: lineText(place, facts), text: rows.join('\n') }];
}

/** Every step in its order, one a line: how it went, how long it took, where it stands, what was asked and what was seen. */
function stepsOf(run: TestRun): Evidence {
  const rows = run.steps.map((step) => stepText(step, run.now()));
  return { source: 'steps', text: rows.join('\n') || 'none' };
}

const stateWords = { passed: 'passed', failed: 'FAILED', running: 'not over', said: 'said' } as const;

function stepText({ state, place, what, seen, startedMs, durationMs, asserts }: Step, nowMs: number): string {
  if (state === 'said') return `${stateWords.said.padEnd(8)} ${what}`;
  const word = state === 'passed' && !asserts ? 'done' : stateWords[state];
  const where = place === undefined ? '' : `${basename(place.file)}:${(place.from ?? place).line}`;
  const took = `${((state === 'running' ? nowMs - startedMs : durationMs) / 1000).toFixed(1)} s`;
  const said = seen === '' ? '' : ` -> ${oneLine(seen)}`;
  return `${word.padEnd(8)} ${took.padStart(6)}  ${where}  ${oneLine(what)}${said}`;
}

const oneLine = (text: string): string => {
  const line = text.replace(/\s*\n\s*/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
};
