import { messageOf } from '../base/errors.ts';
import type { BuiltImage } from '../image/built-image.ts';
import type { Machine } from '../machine/machine.ts';
import { machineTarget } from '../machine/target.ts';
import type { Probe, ProbeKind, Proof } from '../probes/probe.ts';
import type { Target } from '../probes/target.ts';
import type { RunClock } from './clock.ts';
import type { RunEvent } from './events.ts';
import type { Trial } from './later-probes.ts';
import { cutPower, moveDisk } from './power-cut.ts';
import { proveBoot } from './prove.ts';
import type { LaterBoot } from './result.ts';
import { refusal } from './schedule.ts';
import { bootIdCommand } from './trial-kinds.ts';
import { type BeforeTrial, kindsAfter, probesAfter } from './trial-probes.ts';

/** What a machine is put through after its first boot. */
export interface TrialWishes {
  readonly reboot?: boolean;
  readonly powerCut?: { readonly seed: number };
}

export interface TrialOptions {
  readonly wishes: TrialWishes;
  /** The plan's probes. */
  readonly probes: readonly Probe[];
  /** The kinds by which they look; the catalogue's unless told. */
  readonly kinds?: ReadonlyMap<string, ProbeKind>;
  readonly inspection: BuiltImage['inspection'];
  readonly folder: string;
  readonly clock: RunClock;
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  /** Boots the disk that is in a folder, as it was left. */
  readonly bootAgain: (folder: string) => Promise<Machine>;
}

/** What the trials came to. */
export interface TrialsOutcome {
  /** Every machine there was, in order; the last one runs. */
  readonly machines: readonly Machine[];
  readonly boots: readonly LaterBoot[];
  readonly proofs: readonly Proof[];
}

/** The trials that were asked for, in their order. */
export const trialsOf = ({ reboot = false, powerCut }: TrialWishes): Trial[] => [
  ...(reboot ? (['reboot'] as const) : []),
  ...(powerCut === undefined ? [] : (['power cut'] as const)),
];

/**
 * Puts a machine through the trials, one after the other, and asks its probes again after each. Never rejects: after a trial
 * that failed, or a first boot that was not proven, the probes of the rest are refused with the reason.
 *
 * @param machine a machine that was booted, and left to its end by the caller, as every one that this starts
 * @param unproven why nothing is to be tried; undefined when the first boot was proven
 */
export async function runTrials(
  machine: Machine,
  unproven: string | undefined,
  options: TrialOptions,
): Promise<TrialsOutcome> {
  const machines = [machine];
  const boots: LaterBoot[] = [];
  const proofs: Proof[] = [];
  let missed = unproven;
  for (const trial of trialsOf(options.wishes)) {
    const probes = probesAfter(trial, options.probes);
    const own =
      missed === undefined
        ? await tryOnce(trial, probes, { machines, boots, options })
        : refuseAll(probes, `not tried: ${missed}`, machine, options);
    if (missed === undefined && own.some(({ verdict }) => verdict !== 'passed')) {
      missed = `the boot after the ${trial} was not proven`;
    }
    proofs.push(...own);
  }
  return { machines, boots, proofs };
}

interface Course {
  readonly machines: Machine[];
  readonly boots: LaterBoot[];
  readonly options: TrialOptions;
}

async function tryOnce(trial: Trial, probes: readonly Probe[], course: Course): Promise<Proof[]> {
  const { machines, options } = course;
  const { clock } = options;
  clock.start(trial);
  try {
    const begun = await (trial === 'reboot' ? reboot(course) : powerCut(course));
    const proofs = await proveAfter(trial, probes, begun, course);
    const passed = proofs.filter(({ verdict }) => verdict === 'passed').length;
    const outcome = passed === proofs.length ? 'done' : 'failed';
    clock.finish(trial, outcome, `${passed} of ${proofs.length} passed`);
    return proofs;
  } catch (error) {
    const reason = messageOf(error);
    clock.finish(trial, 'failed', reason.split('\n')[0] ?? '');
    return refuseAll(probes, `the ${trial} did not come to a boot: ${reason}`, machines[0], options);
  }
}

/** A machine that has begun to boot again. */
interface Begun {
  readonly machine: Machine;
  readonly before: BeforeTrial;
  /** Where the console's text of this boot begins. */
  readonly textFrom: number;
  readonly startedMs: number;
  readonly cut?: NonNullable<LaterBoot['powerCut']>;
}

const current = (machines: readonly Machine[]): Machine => machines.at(-1) as Machine;

const bootIdOf = async (machine: Machine): Promise<string> => (await machine.succeed(bootIdCommand)).trim();

async function reboot({ machines }: Course): Promise<Begun> {
  const machine = current(machines);
  const bootId = await bootIdOf(machine);
  await machine.startOver();
  return {
    machine,
    before: { bootId },
    textFrom: machine.console.text().length,
    startedMs: clockOf(machines)(),
  };
}

async function powerCut({ machines, options }: Course): Promise<Begun> {
  const { wishes, folder, bootAgain, clock, emit } = options;
  const seed = wishes.powerCut?.seed ?? 0;
  const machine = current(machines);
  const bootId = await bootIdOf(machine);
  const { written, afterMs } = await cutPower(machine, seed);
  const text = `power cut ${(afterMs / 1000).toFixed(1)} s after the last proof; --seed ${seed} repeats it`;
  emit({ type: 'note', level: 'info', text, atMs: clock.now() });
  const startedMs = clockOf(machines)();
  const next = await bootAgain(await moveDisk(machine.files, folder));
  machines.push(next);
  return { machine: next, before: { bootId, written }, textFrom: 0, startedMs, cut: { seed, afterMs } };
}

async function proveAfter(
  trial: Trial,
  probes: readonly Probe[],
  { machine, before, textFrom, startedMs, cut }: Begun,
  { machines, boots, options }: Course,
): Promise<Proof[]> {
  const { clock, emit, signal, inspection, kinds } = options;
  const now = clockOf(machines);
  const offset = now() - machine.now();
  const proofs = await proveBoot({
    probes,
    kinds: kindsAfter(trial, before, kinds),
    machine,
    target: fromHere(machineTarget(machine, inspection), textFrom),
    clock,
    emit,
    signal,
    now,
    onBoot: ({ seen }) => clock.progress(trial, seen),
  });
  const spans = machine.bootPhases.map(({ name, startMs, endMs }) => ({
    name,
    startMs: startMs + offset,
    endMs: endMs + offset,
  }));
  boots.push({ after: trial, startedMs, spans, ...(cut === undefined ? {} : { powerCut: cut }) });
  return proofs;
}

/** Milliseconds since the first machine's QEMU was started, whichever machine runs now. */
const clockOf =
  ([first]: readonly Machine[]): (() => number) =>
  () =>
    first?.now() ?? 0;

/** A machine whose console's text begins with this boot: what an earlier one showed proves nothing of it. */
const fromHere = (target: Target, textFrom: number): Target => ({
  ...target,
  console: { text: () => target.console.text().slice(textFrom) },
});

function refuseAll(
  probes: readonly Probe[],
  reason: string,
  machine: Machine | undefined,
  { emit, clock }: TrialOptions,
): Proof[] {
  return probes.map((probe) => {
    const proof = refusal(probe, reason, machine?.now() ?? 0);
    emit({ type: 'probe-finished', proof, atMs: clock.now() });
    return proof;
  });
}
