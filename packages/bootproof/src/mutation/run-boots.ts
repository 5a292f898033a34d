import { join } from 'node:path';
import { BootproofError, messageOf } from '../base/errors.ts';
import { reasonOf } from '../host/poll.ts';
import { allOf, inPool } from '../host/pool.ts';
import type { BuiltImage } from '../image/built-image.ts';
import type { Machine } from '../machine/machine.ts';
import { makeSshKeyPair } from '../machine/ssh.ts';
import { machineTarget } from '../machine/target.ts';
import type { Test } from '../plan/test.ts';
import { startMachine } from '../runner/start-machine.ts';
import { askProbes } from './ask.ts';
import { judge, notApplied, type Outcome } from './judge.ts';
import type { HostParts } from './kept-machine.ts';
import type { BootFault, Mutation } from './mutation.ts';

export type BootMutation = Mutation & { readonly fault: BootFault };

export interface BootsOptions extends HostParts {
  readonly mutations: readonly BootMutation[];
  /** How many machines boot at a time. */
  readonly jobs: number;
  /** Builds the image of a changed plan. */
  readonly buildImage: (test: Test) => Promise<Pick<BuiltImage, 'path' | 'kind' | 'inspection'>>;
  readonly onStep: (step: string) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Faults that show after a boot only, in as few boots as it takes: those that hide nothing of each other share one. */
export function shareBoots(mutations: readonly BootMutation[]): BootMutation[][] {
  const together = mutations.filter(({ fault }) => !fault.alone);
  const apart = mutations.filter(({ fault }) => fault.alone).map((mutation) => [mutation]);
  return [...(together.length === 0 ? [] : [together]), ...apart];
}

/** Boots the faulty machines, so many at a time, and asks what is to fail. Outcomes in the order of the boots. */
export async function runBoots(options: BootsOptions): Promise<Outcome[]> {
  const { mutations, jobs, folder, signal, onStep, onOutcome } = options;
  const groups = [...shareBoots(mutations).entries()];
  const boots = await inPool(groups, jobs, async ([position, group]) => {
    signal.throwIfAborted();
    onStep(`booting with: ${group.map(({ title }) => title).join('; ')}`);
    const judged = await bootWith(group, { ...options, folder: join(folder, `boot-${position + 1}`) });
    for (const outcome of judged) onOutcome(outcome);
    return judged;
  });
  return allOf(boots).flat();
}

async function bootWith(group: readonly BootMutation[], options: BootsOptions): Promise<Outcome[]> {
  const startedMs = performance.now();
  const share = () => (performance.now() - startedMs) / group.length;
  let machine: Machine | undefined;
  try {
    const test = group.reduce((changed, { fault }) => fault.change(changed), options.test);
    const image = group.some(({ fault }) => fault.rebuilds) ? await rebuilt(test, options) : options.image;
    machine = await startMachine({ ...options, test, image, key: makeSshKeyPair() });
    const deadlineMs = options.bootSeconds * 1000;
    await machine.waitForShell({ deadlineMs });
    await machine.waitForUnit('multi-user.target', { deadlineMs });
    const running = machine;
    const probes = group.flatMap(({ expects }) => expects.map(({ probe }) => probe));
    const proofs = await askProbes(probes, machineTarget(machine, image.inspection), {
      scope: machine.scope,
      now: () => running.now(),
    });
    return group.map((mutation) => judge(mutation, proofs, share()));
  } catch (error) {
    if (options.signal.aborted) throw reasonOf(options.signal);
    // A machine that does not come up has shown nothing of what these probes are about.
    return group.map((mutation) => notApplied(mutation, messageOf(error), share()));
  } finally {
    await machine?.close();
  }
}

async function rebuilt(
  test: Test,
  { image, buildImage }: BootsOptions,
): ReturnType<BootsOptions['buildImage']> {
  if (image.kind === 'stand-in') return buildImage(test);
  throw new BootproofError('the image of NixOS follows from its flake, and cannot be made faulty here', {
    kind: 'unproven',
    hint: 'Run it with --on stand-in.',
  });
}
