import type { AcceleratorVerdict } from '../host/accelerator.ts';
import type { TeardownFault } from '../host/teardown.ts';
import type { Machine } from '../machine/machine.ts';
import type { Proof } from '../probes/probe.ts';
import type { Breakdown } from '../probes/target.ts';
import type { CommandRecord, LaterBoot, RunResult, Span } from './result.ts';
import type { ChosenImage, RunOptions } from './run.ts';

/** All that a run came to, once its machine has ended. */
export interface Outcome {
  readonly machine: Pick<Machine, 'qemuVersion' | 'command'>;
  readonly image: ChosenImage;
  readonly accelerator: AcceleratorVerdict;
  readonly proofs: readonly Proof[];
  readonly firstBoot: readonly Span[];
  readonly laterBoots: readonly LaterBoot[];
  readonly commands: readonly CommandRecord[];
  readonly breakdown: Breakdown | undefined;
  readonly interrupted: boolean;
  readonly screenshot: boolean;
  readonly faults: readonly TeardownFault[];
}

/** A run's outcome as its reports tell it. */
export function resultOf(
  { test, clock, version }: Pick<RunOptions, 'test' | 'clock' | 'version'>,
  outcome: Outcome,
): RunResult {
  const { machine, image, accelerator, proofs, breakdown, interrupted, screenshot, faults } = outcome;
  const { firstBoot, laterBoots, commands } = outcome;
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
    boot: firstBoot,
    proofs,
    ...(laterBoots.length === 0 ? {} : { laterBoots }),
    coverage: test.coverage,
    ...(breakdown === undefined ? {} : { breakdown }),
    // Of NixOS itself nothing is left out.
    notRealised: image.kind === 'nixos' ? [] : test.notRealised,
    notes: [...image.notes, ...faults.map(({ step, error }) => `teardown, ${step}: ${error.message}`)],
    commands,
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
