import { BootproofError, messageOf } from '../base/errors.ts';
import { Scope } from '../host/scope.ts';
import type { Probe, Proof } from '../probes/probe.ts';
import { askProbes } from './ask.ts';
import { judge, notApplied, type Outcome } from './judge.ts';
import { bootForSnapshots, type HostParts, type KeptMachine } from './kept-machine.ts';
import type { Mutation, RunningFault } from './mutation.ts';
import { openAgentSession, openSshSession, type Session, type SessionParts } from './session.ts';
import { setClock } from './shell.ts';

export interface RunningOptions extends HostParts {
  readonly mutations: readonly (Mutation & { readonly fault: RunningFault })[];
  readonly onStep: (step: string) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** What the one boot took, against which the mutants' own time is to be seen. */
export interface RunningResult {
  readonly outcomes: readonly Outcome[];
  readonly bootMs: number;
}

/**
 * Applies faults to one booted machine, one after the other, each from the same snapshot.
 *
 * @throws BootproofError when the machine does not come up, cannot be kept, or is not what it should be without any
 *   fault: a probe that fails anyway catches nothing.
 */
export async function runRunning(options: RunningOptions): Promise<RunningResult> {
  const { test, image, mutations, onStep } = options;
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
    const outcomes: Outcome[] = [];
    for (const mutation of mutations) {
      onStep(mutation.title);
      const outcome = await tryMutation(mutation, options, kept, parts);
      outcomes.push(outcome);
      options.onOutcome(outcome);
    }
    return { outcomes, bootMs };
  } finally {
    await kept.close();
  }
}

async function bootTargetReached(
  { bootSeconds, onStep }: RunningOptions,
  { machine }: KeptMachine,
): Promise<void> {
  onStep('booting the machine');
  const deadlineMs = bootSeconds * 1000;
  await machine.waitForShell({ deadlineMs });
  await machine.waitForUnit('multi-user.target', { deadlineMs });
  // Jobs that are still queued would change what the snapshot holds behind the probes' backs.
  await machine.execute('systemctl is-system-running --wait', { deadlineMs });
}

/** Every probe that a mutant is to break has to pass without one, after a snapshot as before it. */
async function mustBeHealthy(options: RunningOptions, kept: KeptMachine, parts: SessionParts): Promise<void> {
  options.onStep('asking the healthy machine');
  const probes = new Map<string, Probe>();
  for (const { expects } of options.mutations) for (const { probe } of expects) probes.set(probe.id, probe);
  await kept.monitor.restore();
  const { scope } = kept.machine;
  const session = await openSession(options, parts, 'agent');
  await session.execute(setClock(Date.now()));
  const proofs = await askProbes([...probes.values()], session.target, {
    scope,
    now: () => kept.machine.now(),
    seconds: 60,
  });
  session.close();
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
  mutation: RunningOptions['mutations'][number],
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
