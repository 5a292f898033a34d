import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { chooseAccelerator } from '../../src/host/accelerator.ts';
import { Deadline } from '../../src/host/deadline.ts';
import { poll } from '../../src/host/poll.ts';
import { cacheFolder } from '../../src/host/xdg.ts';
import { buildImage } from '../../src/image/build-image.ts';
import type { Test } from '../../src/plan/test.ts';
import type { Proof } from '../../src/probes/probe.ts';
import { RunClock } from '../../src/runner/clock.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { type RunOptions, runTest } from '../../src/runner/run.ts';
import type { ImageFile } from '../../src/services/recipe.ts';

export const repository = resolve(import.meta.dirname, '../../../..');

/** A temporary folder that is gone at the end of the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A copy of the homelab in a folder, with some of hl02's files replaced. */
export async function copyHomelab(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  const homelab = join(folder, 'config');
  await mkdir(homelab, { recursive: true });
  for (const name of ['hosts', 'roles'])
    await cp(join(repository, 'config', name), join(homelab, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(homelab, name), text);
  return homelab;
}

/** The plan of hl02, from the homelab itself or a copy of it. */
export async function planHl02(homelab = join(repository, 'config')): Promise<Test> {
  const [planned] = await planHosts(['hl02'], await openHomelab({ config: homelab }));
  if (planned === undefined) throw new Error('no plan');
  return planned.test;
}

/** Runs a plan as `check` does, and gives its result. */
export async function run(test: Test, folder: string, more: Partial<RunOptions> = {}): Promise<RunResult> {
  const { result } = await runTest({
    test,
    folder,
    clock: new RunClock(() => {}),
    emit: () => {},
    signal: new AbortController().signal,
    bootSeconds: 240,
    version: 'test',
    getImage: () => buildImage(test.image),
    chooseAccelerator: () => chooseAccelerator({ cacheFolder: cacheFolder() }),
    ...more,
  });
  return result;
}

/** A plan whose image has other files than was declared: a machine that is not what its test expects. */
export function withFiles(test: Test, files: readonly ImageFile[]): Test {
  const paths = new Set(files.map(({ path }) => path));
  const kept = test.image.files.filter(({ path }) => !paths.has(path));
  return { ...test, image: { ...test.image, files: [...kept, ...files] } };
}

/** Every proof by its probe's id. */
export const byId = (result: RunResult): ReadonlyMap<string, Proof> =>
  new Map(result.proofs.map((proof) => [proof.probe.id, proof]));

/** The ids of the proofs with a verdict, sorted. */
export const idsOf = (result: RunResult, verdict: Proof['verdict']): string[] =>
  result.proofs
    .filter((proof) => proof.verdict === verdict)
    .map(({ probe }) => probe.id)
    .sort();

/** What a failed assertion should show: each proof that did not pass. */
export const problems = (result: RunResult): string =>
  result.proofs
    .filter(({ verdict }) => verdict !== 'passed')
    .map(
      ({ probe, verdict, expected, seen, reason }) =>
        `${probe.id}: ${verdict}; expected ${expected}; seen ${seen}; ${reason ?? ''}`,
    )
    .join('\n');

/** Waits until something holds, with growing gaps. */
export async function until(
  what: string,
  deadlineMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  await poll({
    deadline: Deadline.after(deadlineMs),
    describe: what,
    attempt: async () =>
      (await holds()) ? { done: true, value: undefined } : { done: false, seen: 'not yet' },
  });
}
