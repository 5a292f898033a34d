import { messageOf } from '../base/errors.ts';
import type { AcceleratorVerdict } from '../host/accelerator.ts';
import type { BuiltImage } from '../image/built-image.ts';
import type { BootOptions } from '../machine/boot.ts';
import type { Machine } from '../machine/machine.ts';
import { makeSshKeyPair, type SshKeyPair } from '../machine/ssh.ts';
import { machineTarget } from '../machine/target.ts';
import type { Test } from '../plan/test.ts';
import { probeKinds } from '../probes/catalogue.ts';
import type { Probe, ProbeKind, Proof } from '../probes/probe.ts';
import type { RunClock } from './clock.ts';
import { bootPhases, type RunEvent } from './events.ts';
import { resultOf } from './make-result.ts';
import { dropDisk } from './power-cut.ts';
import { proveBoot } from './prove.ts';
import type { RunResult } from './result.ts';
import { startMachine } from './start-machine.ts';
import { probesAfter } from './trial-probes.ts';
import { runTrials, type TrialWishes, trialsOf } from './trials.ts';

/** An image, and why it is of this kind: a clause like `nix is not installed`. */
export type ChosenImage = BuiltImage & { readonly kindReason?: string };

/** A run's parts that its owner decides: which image, where its files go, how long, who listens. */
export interface RunOptions {
  readonly test: Test;
  /** The kinds by which its probes look; the catalogue's unless told. */
  readonly kinds?: ReadonlyMap<string, ProbeKind>;
  /** Gives the image; called in the phase `image`. `progress` tells a detail and, where it is known, a fraction of 1. */
  readonly getImage: (progress: (detail: string, fraction?: number) => void) => Promise<ChosenImage>;
  /** The run folder; it is made. */
  readonly folder: string;
  readonly chooseAccelerator: () => Promise<AcceleratorVerdict>;
  readonly clock: RunClock;
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  /** How long the machine may take until multi-user.target. Seconds. */
  readonly bootSeconds: number;
  readonly version: string;
  /** What the machine is put through after its first boot; nothing unless told. */
  readonly trials?: TrialWishes;
  /** Called with the running machine after the last proof, before it is ended: `--keep` waits here. */
  readonly beforeEnd?: (machine: Machine, privateKey: string) => Promise<void>;
}

/** A run that came to a machine: its result, and what its console showed, line by line. */
export interface FinishedRun {
  readonly result: RunResult;
  /** `atMs` counts milliseconds since QEMU was started. */
  readonly consoleLines: readonly { readonly atMs: number; readonly text: string }[];
}

/**
 * Boots a test's machine and proves it.
 *
 * @throws BootproofError when it never came to a machine: no image, no QEMU. What is wrong with a machine that runs is
 *   in the result.
 */
export async function runTest(options: RunOptions): Promise<FinishedRun> {
  const { test, clock, emit, signal, trials = {} } = options;
  const probes = asAsked(test.probes, options.bootSeconds);
  const later = trialsOf(trials).flatMap((trial) => probesAfter(trial, probes));
  emit({ type: 'run-started', host: test.hostName, test: test.name, probes: [...probes, ...later] });
  const image = await clock.during(
    'image',
    () => options.getImage((detail, fraction) => clock.progress('image', detail, fraction)),
    ({ fromCache, kind }) =>
      !fromCache ? 'built' : kind === 'nixos' ? 'from the Nix store' : 'from the cache',
  );
  clock.start('boot');
  const accelerator = await options.chooseAccelerator();
  const key = makeSshKeyPair();
  const first = await boot(options, image, accelerator, key).catch((error: unknown) => {
    clock.finish('boot', 'failed', messageOf(error).split('\n')[0] ?? '');
    throw error;
  });
  const started = [first];
  const bootAgain = async (folder: string): Promise<Machine> => {
    const next = await boot({ ...options, folder }, image, accelerator, key, true);
    started.push(next);
    return next;
  };
  try {
    const proofs = await prove(options, probes, first, image);
    const firstBoot = first.bootPhases;
    const after = await runTrials(first, notProven(proofs), {
      ...options,
      wishes: trials,
      probes,
      inspection: image.inspection,
      bootAgain,
    });
    const machine = after.machines.at(-1) ?? first;
    // An interruption after the last proof takes nothing away from them.
    const interrupted = signal.aborted;
    const screenshot = await takeScreenshot(machine, first.files.screenshot);
    if (options.beforeEnd !== undefined && !signal.aborted) await options.beforeEnd(machine, key.privateKey);
    // Read before the machine is ended: an end that was asked for is no breakdown.
    const breakdown = machine.breakdown();
    clock.start('teardown');
    const faults = (await Promise.all(started.map((each) => each.close()))).flat();
    clock.finish(
      'teardown',
      faults.length === 0 ? 'done' : 'failed',
      faults.map(({ step }) => step).join(', ') || 'nothing left running',
    );
    const result = resultOf(options, {
      machine: first,
      image,
      accelerator,
      proofs: [...proofs, ...after.proofs],
      firstBoot,
      laterBoots: after.boots,
      commands: joined(started, ({ commands }) => commands, 'startedMs'),
      breakdown,
      interrupted,
      screenshot,
      faults,
    });
    return { result, consoleLines: joined(started, ({ console }) => console.lines, 'atMs') };
  } finally {
    // Joins the teardown above, or does it when something threw.
    for (const machine of started) await machine.close();
    // Kept for a boot after a power cut that may never have come.
    await dropDisk(first.files);
  }
}

/** Why the first boot is no ground for a second; undefined when all of it was proven. */
const notProven = (proofs: readonly Proof[]): string | undefined =>
  proofs.every(({ verdict }) => verdict === 'passed') ? undefined : 'the first boot was not proven';

/** What machines noted one after the other, with times that all count from the start of the first. */
function joined<Key extends string, Note extends { readonly [key in Key]: number }>(
  machines: readonly Machine[],
  notesOf: (machine: Machine) => readonly Note[],
  key: Key,
): Note[] {
  return machines.flatMap((machine, index) => {
    const offset = index === 0 ? 0 : (machines[0]?.now() ?? 0) - machine.now();
    return notesOf(machine).map((note) => ({ ...note, [key]: note[key] + offset }));
  });
}

/**
 * The plan's probes as this run asks them: the one that watches the boot from outside has the run's own time limit. Faults
 * that probes bring are for mutations, and leave no trace in a run's result.
 */
function asAsked(probes: readonly Probe[], bootSeconds: number): Probe[] {
  return probes.map(({ faults: _, ...probe }) =>
    probe.kind === 'boot-target' ? { ...probe, deadlineSeconds: bootSeconds } : probe,
  );
}

function boot(
  { test, folder, clock, signal, bootSeconds, trials }: RunOptions,
  image: ChosenImage,
  accelerator: AcceleratorVerdict,
  key: SshKeyPair,
  again = false,
): Promise<Machine> {
  clock.progress(
    'boot',
    accelerator.accelerator === 'kvm' ? 'KVM' : `TCG, in software: ${accelerator.reason}`,
  );
  // Of these phases one is open at a time; the others take no notice.
  const onMark: BootOptions['onMark'] = ({ mark }) => {
    for (const phase of bootPhases) clock.progress(phase, mark);
  };
  const keep = !again && trials?.powerCut !== undefined;
  return startMachine({ test, image, accelerator, folder, key, signal, bootSeconds, onMark, keep, again });
}

/** Runs the probes while the machine boots; the phase `probes` begins when it is up. */
async function prove(
  { test, kinds = probeKinds, clock, emit, signal }: RunOptions,
  probes: readonly Probe[],
  machine: Machine,
  image: ChosenImage,
): Promise<Proof[]> {
  const proofs = await proveBoot({
    probes,
    kinds,
    machine,
    target: machineTarget(machine, image.inspection),
    clock,
    emit,
    signal,
    now: () => machine.now(),
    onBoot: ({ verdict, seen }) => {
      clock.finish('boot', verdict === 'passed' ? 'done' : 'failed', seen);
      if (verdict === 'passed') clock.start('probes');
    },
  });
  const passed = proofs.filter(({ verdict }) => verdict === 'passed').length;
  clock.finish('boot', 'failed', `${test.hostName} did not come up`);
  clock.finish(
    'probes',
    passed === proofs.length ? 'done' : 'failed',
    `${passed} of ${proofs.length} passed`,
  );
  return proofs;
}

/** A picture of the screen, where there is one to take: a machine without a display, or a dead one, has none. */
async function takeScreenshot(machine: Machine, path: string): Promise<boolean> {
  try {
    await machine.screenshot(path);
    return true;
  } catch {
    return false;
  }
}
