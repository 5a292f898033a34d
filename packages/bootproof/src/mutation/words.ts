import type { Probe } from '../probes/probe.ts';
import { type Outcome, scoreOf } from './judge.ts';
import type { Mutation } from './mutation.ts';
import type { MutationRun } from './run.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const remedyOf = ({ remedy, expects }: Mutation): string =>
  remedy ??
  `each of these has to fail, and to see ${expects.map(({ probe, says }) => `${says} (${probe.id}, of the kind ${probe.kind})`).join(', ')}`;

/** A mutation's line while the run goes on. */
export const outcomeLine = ({ mutation, verdict, durationMs, detail }: Outcome): string => {
  const head = `${verdict.padEnd(11)} ${seconds(durationMs).padStart(7)}  ${mutation.id}: ${mutation.title}`;
  return verdict === 'caught' ? head : `${head}\n${' '.repeat(21)}${detail}`;
};

/** What would be tried, and which probes are to catch it. */
export function listing(mutations: readonly Mutation[], untried: readonly Probe[]): string {
  return [
    ...mutations.map(
      ({ id, title, expects }) => `${id}: ${title}\n  ${expects.map(({ probe }) => probe.id).join(', ')}`,
    ),
    ...untriedLines(untried),
  ].join('\n');
}

const untriedLines = (untried: readonly Probe[]): string[] =>
  untried.length === 0
    ? []
    : ['', 'No mutation tries these probes:', ...untried.map(({ id, kind }) => `  ${id} (${kind})`)];

/** The score, what the time would have been otherwise, and each mutation that was not caught with its remedy. */
export function summary({ outcomes, bootMs }: MutationRun, untried: readonly Probe[]): string {
  const score = scoreOf(outcomes);
  const lost = outcomes.filter(({ verdict }) => verdict !== 'caught');
  const running = outcomes.filter(({ mutation }) => mutation.fault.type === 'running');
  const mean = running.reduce((sum, { durationMs }) => sum + durationMs, 0) / (running.length || 1);
  return [
    `mutation score ${Math.floor(score.percent * 10) / 10} %: ${score.caught} of ${score.mutants} caught, ${score.survived} survived, ${score.notApplied} not applied`,
    ...(bootMs === undefined
      ? []
      : [`${seconds(mean)} a mutant from the snapshot; a boot for each would take ${seconds(bootMs)} more`]),
    ...lost.flatMap(({ mutation, verdict, detail }) => [
      '',
      `${verdict}: ${mutation.title} (${mutation.id})`,
      `  ${detail}`,
      verdict === 'survived'
        ? `  What would catch it: ${remedyOf(mutation)}`
        : '  It is not counted as caught: the fault has to be made in another way.',
    ]),
    ...untriedLines(untried),
  ].join('\n');
}

const mutationFields = ({ id, title, fault, expects }: Mutation) => ({
  id,
  title,
  fault: fault.type,
  expects: expects.map(({ probe, says }) => ({ probe: probe.id, says: says.source })),
});

/** The list for programs: the fields that a run has of them, too. */
export const listingJson = (
  host: string,
  mutations: readonly Mutation[],
  untried: readonly Probe[],
): object => ({
  schema: 1,
  host,
  mutations: mutations.map(mutationFields),
  untried: untried.map(({ id }) => id),
});

/** The run for programs. Milliseconds throughout. */
export function mutationJson(host: string, run: MutationRun, untried: readonly Probe[]): object {
  return {
    schema: 1,
    host,
    score: scoreOf(run.outcomes),
    bootMs: run.bootMs ?? null,
    mutations: run.outcomes.map(({ mutation, verdict, detail, durationMs }) => ({
      ...mutationFields(mutation),
      verdict,
      detail,
      durationMs,
      ...(verdict === 'survived' ? { remedy: remedyOf(mutation) } : {}),
    })),
    untried: untried.map(({ id }) => id),
  };
}
