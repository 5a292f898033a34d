import { BootproofError, exitStatus } from '../../base/errors.ts';
import { nearestNames } from '../../base/nearest.ts';
import { deriveMutations, selectMutations } from '../../mutation/derive.ts';
import { type Outcome, scoreOf } from '../../mutation/judge.ts';
import type { Mutation } from '../../mutation/mutation.ts';
import { runMutations } from '../../mutation/run.ts';
import { mutationJson, outcomeLine, summary } from '../../mutation/words.ts';
import type { Probe } from '../../probes/probe.ts';
import { openHomelab, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';
import type { CommandContext } from '../program.ts';
import { makeRunFolder } from '../run-folder.ts';

interface MutateOptions extends GlobalOptions, ImageOptions {
  readonly only?: string;
  readonly json?: boolean;
  readonly list?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** Puts faults into a host, and demands that its probes catch each. Exit status 0 only when every one is caught. */
export async function mutate(name: string, options: MutateOptions, context: CommandContext): Promise<number> {
  const open = await openHomelab(options);
  const [planned] = await planHosts([name], open);
  if (planned === undefined) return exitStatus.declaration;
  const { test } = planned;
  const { mutations: all, untried } = deriveMutations(test);
  const mutations = options.only === undefined ? all : selectMutations(all, options.only);
  if (mutations.length === 0) throw nothingTo(options.only, name, all);
  if (options.list) {
    process.stdout.write(listing(mutations, options.only === undefined ? untried : []));
    return 0;
  }
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const tell = (outcome: Outcome) => (options.json ? say : print)(outcomeLine(outcome));
  const images = new Images(open, options, context.signal);
  const folder = await makeRunFolder(open.root, name);
  const run = await runMutations({
    test,
    mutations,
    folder,
    image: await images.of(planned, ({ detail }) => say(detail)),
    accelerator: await images.chooseAccelerator(),
    signal: context.signal,
    bootSeconds: options.timeout,
    buildImage: (changed) => images.of({ ...planned, test: changed }, () => undefined),
    onStep: say,
    onOutcome: tell,
  });
  const shown = options.only === undefined ? untried : [];
  if (options.json) print(JSON.stringify(mutationJson(name, run, shown), null, 2));
  else print(`\n${summary(run, shown)}`);
  return scoreOf(run.outcomes).caught === mutations.length ? 0 : exitStatus.unproven;
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

function listing(mutations: readonly Mutation[], untried: readonly Probe[]): string {
  const lines = mutations.map(
    ({ id, title, expects }) => `${id}: ${title}\n  ${expects.map(({ probe }) => probe.id).join(', ')}\n`,
  );
  const rest = untried.map(({ id, kind }) => `  ${id} (${kind})\n`);
  return [...lines, ...(rest.length === 0 ? [] : ['\nNo mutation tries these probes:\n', ...rest])].join('');
}

function nothingTo(only: string | undefined, host: string, all: readonly Mutation[]): BootproofError {
  if (only === undefined) {
    return new BootproofError(`no mutation follows from the test of ${host}`, {
      kind: 'declaration',
      hint: 'Its probes are of kinds from which no fault is derived.',
    });
  }
  const near = nearestNames(
    only,
    all.map(({ id }) => id),
  );
  const hint = near[0] === undefined ? '' : `The nearest: ${near[0]}. `;
  return new BootproofError(`no mutation of ${host} matches ${only}`, {
    kind: 'declaration',
    hint: `${hint}List them: bootproof mutate ${host} --list`,
  });
}
