import { BootproofError, exitStatus } from '../../base/errors.ts';
import { nearestNames } from '../../base/nearest.ts';
import { type Derived, deriveMutations, selectMutations } from '../../mutation/derive.ts';
import { type Outcome, scoreOf } from '../../mutation/judge.ts';
import { runMutations } from '../../mutation/run.ts';
import { listing, listingJson, mutationJson, outcomeLine, summary } from '../../mutation/words.ts';
import type { CommandContext } from '../context.ts';
import { openHomelab, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';
import { makeRunFolder } from '../run-folder.ts';

interface MutateOptions extends GlobalOptions, ImageOptions {
  readonly only?: string;
  readonly jobs: number;
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
  const { mutations, untried } = chosen(deriveMutations(test), options.only, name);
  if (options.list) {
    print(
      options.json
        ? JSON.stringify(listingJson(name, mutations, untried), null, 2)
        : listing(mutations, untried),
    );
    return 0;
  }
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const tell = (outcome: Outcome) => (options.json ? say : print)(outcomeLine(outcome));
  const images = new Images(open, options, context.signal);
  const image = await images.of(planned, ({ detail }) => say(detail));
  const accelerator = await images.chooseAccelerator();
  const run = await runMutations({
    test,
    mutations,
    jobs: options.jobs,
    folder: await makeRunFolder(open.root, name),
    image,
    accelerator,
    signal: context.signal,
    bootSeconds: options.timeout,
    buildImage: (changed) => images.of({ ...planned, test: changed }, () => undefined),
    onStep: say,
    onOutcome: tell,
  });
  if (options.json) print(JSON.stringify(mutationJson(name, run, untried), null, 2));
  else print(`\n${summary(run, untried)}`);
  return scoreOf(run.outcomes).caught === mutations.length ? 0 : exitStatus.unproven;
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

/** Those that match `--only`. What is untried is told of a whole host alone. */
function chosen({ mutations, untried }: Derived, only: string | undefined, host: string): Derived {
  const picked = only === undefined ? mutations : selectMutations(mutations, only);
  if (picked.length === 0) throw nothingTo(only, host, mutations);
  return { mutations: picked, untried: only === undefined ? untried : [] };
}

function nothingTo(only: string | undefined, host: string, all: Derived['mutations']): BootproofError {
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
