import { join } from 'node:path';
import { reasonOf } from '../host/poll.ts';
import { type ImageFileMutation, runImageFiles } from './image-files.ts';
import type { Outcome } from './judge.ts';
import type { HostParts } from './kept-machine.ts';
import type { Mutation, RunningFault } from './mutation.ts';
import { type BootMutation, type BootsOptions, runBoots } from './run-boots.ts';
import { runRunning } from './run-running.ts';

export interface MutationRunOptions extends HostParts {
  readonly mutations: readonly Mutation[];
  /** How many machines run at a time. */
  readonly jobs: number;
  readonly buildImage: BootsOptions['buildImage'];
  /** What is being done, as a line for people. */
  readonly onStep: (step: string) => void;
  /** Called once for each mutation, as soon as it is judged. */
  readonly onOutcome: (outcome: Outcome) => void;
}

export interface MutationRun {
  /** Those of the image first, then those of the running machine, then those of a boot; each in the mutations' order. */
  readonly outcomes: readonly Outcome[];
  /** How long a healthy machine took to boot; undefined when no fault needed it running. Milliseconds. */
  readonly bootMs: number | undefined;
}

/**
 * Tries every mutation: first those of the image, then those of the running machine, all from its snapshot, and last those
 * that need a boot.
 *
 * @throws BootproofError when the healthy machine does not come up or is not what was declared, or on an interruption.
 */
export async function runMutations(options: MutationRunOptions): Promise<MutationRun> {
  try {
    return await runAll(options);
  } catch (error) {
    // What an interruption cut off says so in words of its own, of a process that was ended for instance.
    throw options.signal.aborted ? reasonOf(options.signal) : error;
  }
}

async function runAll(options: MutationRunOptions): Promise<MutationRun> {
  const { mutations, folder } = options;
  const outcomes: Outcome[] = [];
  let bootMs: number | undefined;
  const files = mutations.filter(isImageFile);
  outcomes.push(...(await runImageFiles({ ...options, mutations: files, folder: join(folder, 'image') })));
  const running = mutations.filter(isRunning);
  if (running.length > 0) {
    const result = await runRunning({ ...options, mutations: running, folder: join(folder, 'running') });
    outcomes.push(...result.outcomes);
    bootMs = result.bootMs;
  }
  outcomes.push(...(await runBoots({ ...options, mutations: mutations.filter(isBoot) })));
  return { outcomes, bootMs };
}

const isImageFile = (mutation: Mutation): mutation is ImageFileMutation =>
  mutation.fault.type === 'image file';
const isRunning = (mutation: Mutation): mutation is Mutation & { readonly fault: RunningFault } =>
  mutation.fault.type === 'running';
const isBoot = (mutation: Mutation): mutation is BootMutation => mutation.fault.type === 'boot';
