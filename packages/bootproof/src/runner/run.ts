import { messageOf } from '../base/errors.ts';
import type { AcceleratorVerdict } from '../host/accelerator.ts';
import { reasonOf } from '../host/poll.ts';
import { Scope } from '../host/scope.ts';
import type { TeardownFault } from '../host/teardown.ts';
import type { BuiltImage } from '../image/built-image.ts';
import type { BootOptions } from '../machine/boot.ts';
import type { Machine } from '../machine/machine.ts';
import { makeSshKeyPair, type SshKeyPair } from '../machine/ssh.ts';
import { machineTarget } from '../machine/target.ts';
import type { Test } from '../plan/test.ts';
import { probeKinds } from '../probes/catalogue.ts';
import type { Probe, Proof } from '../probes/probe.ts';
import type { Breakdown } from '../probes/target.ts';
import type { RunClock } from './clock.ts';
import type { RunEvent } from './events.ts';
import { Latch, offersOf } from './offers.ts';
import type { RunResult } from './result.ts';
import { proveAll } from './schedule.ts';
import { startMachine } from './start-machine.ts';

/** An image, and why it is of this kind: a clause like `nix is not installed`. */
export type ChosenImage = BuiltImage & { readonly kindReason?: string };

/** A run's parts that its owner decides: which image, where its files go, how long, who listens. */
export interface RunOptions {
  readonly test: Test;
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
  const { test, clock, emit, signal } = options;
  const probes = withBootDeadline(test.probes, options.bootSeconds);
  emit({ type: 'run-started', host: test.hostName, test: test.name, probes });
  const image = await clock.during(
    'image',
    () => options.getImage((detail, fraction) => clock.progress('image', detail, fraction)),
    ({ fromCache, kind }) =>
      !fromCache ? 'built' : kind === 'nixos' ? 'from the Nix store' : 'from the cache',
  );
  clock.start('boot');
  const accelerator = await options.chooseAccelerator();
  const key = makeSshKeyPair();
  const machine = await boot(options, image, accelerator, key).catch((error: unknown) => {
    clock.finish('boot', 'failed', messageOf(error).split('\n')[0] ?? '');
    throw error;
  });
  try {
    const proofs = await prove(options, probes, machine, image);
    // An interruption after the last proof takes nothing away from them.
    const interrupted = signal.aborted;
    const screenshot = await takeScreenshot(machine);
    if (options.beforeEnd !== undefined && !signal.aborted) await options.beforeEnd(machine, key.privateKey);
    // Read before the machine is ended: an end that was asked for is no breakdown.
    const breakdown = machine.breakdown();
    clock.start('teardown');
    const faults = await machine.close();
    clock.finish(
      'teardown',
      faults.length === 0 ? 'done' : 'failed',
      faults.map(({ step }) => step).join(', ') || 'nothing left running',
    );
    const result = resultOf(options, {
      machine,
      image,
      accelerator,
      proofs,
      breakdown,
      interrupted,
      screenshot,
      faults,
    });
    return { result, consoleLines: machine.console.lines };
  } finally {
    // Joins the teardown above, or does it when something threw.
    await machine.close();
  }
}

/** The one probe that watches the boot from outside has the run's own time limit. */
function withBootDeadline(probes: readonly Probe[], deadlineSeconds: number): Probe[] {
  return probes.map((probe) => (probe.kind === 'boot-target' ? { ...probe, deadlineSeconds } : probe));
}

function boot(
  { test, folder, clock, signal, bootSeconds }: RunOptions,
  image: ChosenImage,
  accelerator: AcceleratorVerdict,
  key: SshKeyPair,
): Promise<Machine> {
  clock.progress(
    'boot',
    accelerator.accelerator === 'kvm' ? 'KVM' : `TCG, in software: ${accelerator.reason}`,
  );
  const onMark: BootOptions['onMark'] = ({ mark }) => clock.progress('boot', mark);
  return startMachine({ test, image, accelerator, folder, key, signal, bootSeconds, onMark });
}

/** Runs the probes while the machine boots; the phase `probes` begins when it is up. */
async function prove(
  { test, clock, emit, signal }: RunOptions,
  probes: readonly Probe[],
  machine: Machine,
  image: ChosenImage,
): Promise<Proof[]> {
  const scope = new Scope();
  const interrupt = () => scope.close(reasonOf(signal));
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  const booted = new Latch();
  if (!probes.some(({ kind }) => kind === 'boot-target')) booted.open();
  const endBoot = (proof: Proof) => {
    booted.open();
    clock.finish('boot', proof.verdict === 'passed' ? 'done' : 'failed', proof.seen);
    if (proof.verdict === 'passed') clock.start('probes');
  };
  try {
    const proofs = await proveAll({
      probes,
      kinds: probeKinds,
      target: machineTarget(machine, image.inspection),
      offers: offersOf(machine.ways, booted.opened),
      scope,
      now: () => machine.now(),
      onStart: (probe) => emit({ type: 'probe-started', probe, atMs: clock.now() }),
      onProof: (proof) => {
        if (proof.probe.kind === 'boot-target') endBoot(proof);
        emit({ type: 'probe-finished', proof, atMs: clock.now() });
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
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** A picture of the screen, where there is one to take: a machine without a display, or a dead one, has none. */
async function takeScreenshot(machine: Machine): Promise<boolean> {
  try {
    await machine.screenshot();
    return true;
  } catch {
    return false;
  }
}

/** All that a run came to, once its machine has ended. */
interface Outcome {
  readonly machine: Machine;
  readonly image: ChosenImage;
  readonly accelerator: AcceleratorVerdict;
  readonly proofs: readonly Proof[];
  readonly breakdown: Breakdown | undefined;
  readonly interrupted: boolean;
  readonly screenshot: boolean;
  readonly faults: readonly TeardownFault[];
}

function resultOf({ test, clock, version }: RunOptions, outcome: Outcome): RunResult {
  const { machine, image, accelerator, proofs, breakdown, interrupted, screenshot, faults } = outcome;
  const proven = breakdown === undefined && proofs.every(({ verdict }) => verdict === 'passed');
  return {
    schema: 1,
    tool: { name: 'bootproof', version },
    host: test.hostName,
    test: test.name,
    verdict: interrupted ? 'interrupted' : proven ? 'proven' : 'not proven',
    startedAt: clock.startedAt.toISOString(),
    durationMs: clock.now(),
    image: imageOf(image),
    machine: {
      accelerator: accelerator.accelerator,
      acceleratorReason: accelerator.reason,
      qemuVersion: machine.qemuVersion,
      command: machine.command,
    },
    phases: clock.phases,
    boot: machine.bootPhases,
    proofs,
    ...(breakdown === undefined ? {} : { breakdown }),
    // Of NixOS itself nothing is left out.
    notRealised: image.kind === 'nixos' ? [] : test.notRealised,
    notes: [...image.notes, ...faults.map(({ step, error }) => `teardown, ${step}: ${error.message}`)],
    commands: machine.commands,
    files: {
      result: 'result.json',
      report: 'report.html',
      junit: 'junit.xml',
      console: 'console.log',
      qemuLog: 'qemu.log',
      ...(screenshot ? { screenshot: 'screenshot.png' as const } : {}),
    },
  };
}

function imageOf(image: ChosenImage): RunResult['image'] {
  const { kind, key, sha256, fromCache, kindReason } = image;
  return {
    kind,
    ...(kindReason === undefined ? {} : { kindReason }),
    key,
    sha256,
    fromCache,
    ...(image.kind === 'nixos'
      ? { storePath: image.storePath, packages: {} }
      : { packages: image.manifest.packages }),
  };
}
