import { BootproofError, messageOf } from '../base/errors.ts';
import { Scope } from '../host/scope.ts';
import { whileItStands } from '../machine/breakdown.ts';
import type { Probe, Proof } from '../probes/probe.ts';
import { askHealthy, askProbes } from './ask.ts';
import { judge, notApplied, type Outcome } from './judge.ts';
import { bootForSnapshots, type HostParts, type KeptMachine } from './kept-machine.ts';
import type { Mutation, RunningFault } from './mutation.ts';
import { openAgentSession, openSshSession, type Session, type SessionParts } from './session.ts';
import { shareOut, type Worker } from './share-out.ts';
import { setClock } from './shell.ts';

export type RunningMutation = Mutation & { readonly fault: RunningFault };

export interface RunningOptions extends HostParts {
  readonly mutations: readonly RunningMutation[];
  /** How many machines share the mutations out among them. */
  readonly jobs: number;
  readonly onStep: (step: string) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

export interface RunningResult {
  /** In the mutations' order. */
  readonly outcomes: readonly Outcome[];
  /** What a boot took, against which the mutants' own time is to be seen; of several the mean. */
  readonly bootMs: number;
}

/**
 * Applies faults to booted machines, each fault alone and from the snapshot of the machine that takes it. Machines are
 * alike: each has its own boot, overlay, EFI variables and snapshot.
 *
 * @throws BootproofError when a machine does not come up, cannot be kept, or is not what it should be without any fault:
 *   a probe that fails anyway catches nothing. The other machines are ended then.
 */
export async function runRunning(options: RunningOptions): Promise<RunningResult> {
  const { mutations, jobs, folder, signal, onStep } = options;
  const bootsMs: number[] = [];
  const outcomes = await shareOut({
    items: mutations,
    width: jobs,
    signal,
    open: async (number, either) => {
      const several = Math.min(jobs, mutations.length) > 1;
      const { worker, bootMs } = await openMachine({
        ...options,
        folder: several ? `${folder}-${number}` : folder,
        signal: either,
        onStep: several ? (step) => onStep(`machine ${number}: ${step}`) : onStep,
      });
      bootsMs.push(bootMs);
      return worker;
    },
  });
  return { outcomes, bootMs: bootsMs.reduce((sum, ms) => sum + ms, 0) / bootsMs.length };
}

/** A machine that was booted and kept, and that is what was declared. */
async function openMachine(
  options: RunningOptions,
): Promise<{ readonly worker: Worker<RunningMutation, Outcome>; readonly bootMs: number }> {
  const { test, image, onStep, onOutcome } = options;
  const kept = await bootForSnapshots(options);
  try {
    const { machine, monitor, usernet, privateKey } = kept;
    await bootTargetReached(options, kept);
    const bootMs = machine.now();
    const parts: SessionParts = {
      machine,
      usernet,
      inspection: image.inspection,
      ssh: test.ssh === undefined ? undefined : { ...test.ssh, privateKey },
    };
    onStep('the machine is up; keeping it as it is');
    await monitor.take();
    await mustBeHealthy(options, kept, parts);
    // A service may be active before it serves: it is kept as it was when it had answered, so that no fault comes too early.
    await monitor.take();
    const work = async (mutation: RunningMutation): Promise<Outcome> => {
      onStep(mutation.title);
      const outcome = await tryMutation(mutation, options, kept, parts);
      onOutcome(outcome);
      return outcome;
    };
    return { worker: { work, close: () => kept.close() }, bootMs };
  } catch (error) {
    await kept.close();
    throw error;
  }
}

async function bootTargetReached(
  { bootSeconds, onStep }: RunningOptions,
  { machine }: KeptMachine,
): Promise<void> {
  onStep('booting the machine');
  const deadlineMs = bootSeconds * 1000;
  const comeUp = async (): Promise<void> => {
    await machine.waitForShell({ deadlineMs });
    await machine.waitForUnit('multi-user.target', { deadlineMs });
    // Jobs that are still queued would change what the snapshot holds behind the probes' backs.
    await machine.execute('systemctl is-system-running --wait', { deadlineMs });
  };
  await whileItStands(machine, comeUp());
}

/** Every probe that a mutant is to break has to pass without one, after a snapshot as before it. */
async function mustBeHealthy(options: RunningOptions, kept: KeptMachine, parts: SessionParts): Promise<void> {
  options.onStep('asking the healthy machine');
  const probes = new Map<string, Probe>();
  for (const { expects } of options.mutations) for (const { probe } of expects) probes.set(probe.id, probe);
  await kept.monitor.restore();
  const { scope } = kept.machine;
  const session = await openSession(options, parts, 'agent');
  const proofs = await askHealthy([...probes.values()], session.target, {
    scope,
    now: () => kept.machine.now(),
  });
  session.close();
  // A machine that has ended meanwhile has answered nothing, and is not to be called sick.
  if (scope.closed) throw scope.reason;
  const wrong = proofs.filter(({ verdict }) => verdict !== 'passed');
  if (wrong.length === 0) return;
  const words = wrong.map(
    ({ probe, seen, reason }) => `  ${probe.id}: ${seen}${reason === undefined ? '' : ` (${reason})`}`,
  );
  throw new BootproofError(
    `the machine is not what was declared, without any fault put in:\n${words.join('\n')}`,
    { kind: 'unproven', hint: 'Make `bootproof check` pass first; mutants of a sick machine say nothing.' },
  );
}

/** A host without the agent's channel is asked over SSH alone. */
async function openSession(
  { test }: RunningOptions,
  parts: SessionParts,
  via: RunningFault['via'],
): Promise<Session> {
  return via === 'ssh' || !test.hardware.agentChannel ? openSshSession(parts) : openAgentSession(parts);
}

async function tryMutation(
  mutation: RunningMutation,
  options: RunningOptions,
  kept: KeptMachine,
  parts: SessionParts,
): Promise<Outcome> {
  const { machine, monitor } = kept;
  const startedMs = machine.now();
  await monitor.restore();
  let session: Session | undefined;
  const scope = new Scope();
  const leave = machine.scope.onClose((reason) => scope.close(reason));
  const spent = () => machine.now() - startedMs;
  try {
    const proofs = await (async (): Promise<readonly Proof[] | string> => {
      session = await openSession(options, parts, mutation.fault.via);
      const made = await session.execute(`${setClock(Date.now())}\n${mutation.fault.command}`);
      if (made.exitCode !== 0) {
        return `the command ended with ${made.exitCode}: ${`${made.stdout}${made.stderr}`.trim() || 'no output'}`;
      }
      const probes = mutation.expects.map(({ probe }) => probe);
      return askProbes(probes, session.target, { scope, now: () => machine.now() });
    })().catch((error: unknown) => messageOf(error));
    if (machine.scope.closed) throw machine.scope.reason;
    return typeof proofs === 'string'
      ? notApplied(mutation, proofs, spent())
      : judge(mutation, proofs, spent());
  } finally {
    leave();
    session?.close();
  }
}
