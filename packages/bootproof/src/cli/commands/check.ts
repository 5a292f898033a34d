import { chmod, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BootproofError, exitStatus } from '../../base/errors.ts';
import { writeFileAtomic } from '../../host/atomic.ts';
import { inPool } from '../../host/pool.ts';
import type { Machine } from '../../machine/machine.ts';
import { createDisplay, type Display, styleFor } from '../../reports/display.ts';
import { formatJson } from '../../reports/json.ts';
import { formatRepeat } from '../../reports/repeat.ts';
import { count } from '../../reports/words.ts';
import { writeReports } from '../../reports/write.ts';
import { RunClock } from '../../runner/clock.ts';
import type { RunEvent } from '../../runner/events.ts';
import { type RepeatedRun, summariseRuns } from '../../runner/repeat.ts';
import type { RunResult } from '../../runner/result.ts';
import { runTest } from '../../runner/run.ts';
import { type CommandContext, toolVersion } from '../context.ts';
import { requireCoverage } from '../coverage-bar.ts';
import { emissionWarning } from '../emission.ts';
import { kindsOf, openHomelab, type PlannedHost, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';
import { makeRunFolder, writeRepeat } from '../run-folder.ts';
import { sshLine } from '../ssh-line.ts';
import { refuseNonsense, type TrialFlags, trialsFor } from '../trial-flags.ts';

interface CheckOptions extends GlobalOptions, ImageOptions, TrialFlags {
  readonly jobs: number;
  readonly json?: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** Percent. */
  readonly coverageMin?: number;
}

/** What all runs of one round share. */
interface Session {
  readonly options: CheckOptions;
  readonly context: CommandContext;
  readonly planned: readonly PlannedHost[];
  readonly display: Display;
  readonly images: Images;
  readonly homelab: string;
  /** The folder that `.bootproof` is in: the repository's. */
  readonly root: string;
  /** Each host's run folder, as the user would type it. */
  readonly folders: Map<string, string>;
  /** That the emitted flake is out of date. */
  readonly warning: string | undefined;
  /** How many rounds of --repeat came before. */
  readonly round: number;
  /** When the round began, on `performance.now()`'s scale. */
  readonly startedMs: number;
}

/** Boots and proves hosts. Exit status 0 only when every one of them is proven. */
export async function check(
  names: readonly string[],
  options: CheckOptions,
  context: CommandContext,
): Promise<number> {
  const startedMs = performance.now();
  refuseNonsense(options);
  const open = await openHomelab(options);
  const planned = await planHosts(names, open);
  if (options.coverageMin !== undefined) {
    requireCoverage(
      planned.map(({ test }) => test),
      options.coverageMin,
    );
  }
  const shared = {
    options,
    context,
    planned,
    images: new Images(open, options, context.signal),
    homelab: open.homelab,
    root: open.root,
    warning: await emissionWarning(open),
  };
  const runs: RepeatedRun[] = [];
  const errors: unknown[] = [];
  for (let round = 0; round < options.repeat && errors.length === 0 && !context.signal.aborted; round += 1) {
    const began = round === 0 ? startedMs : performance.now();
    const outcome = await checkOnce({ ...shared, round, startedMs: began });
    runs.push(...outcome.runs);
    errors.push(...outcome.errors);
  }
  const results = runs.map(({ result }) => result);
  if (options.json) process.stdout.write(jsonOf(results, names.length === 1 && options.repeat === 1));
  if (options.repeat > 1) await tellRepeats(runs, shared);
  if (errors.length > 0) throw worst(errors);
  if (results.some(({ verdict }) => verdict === 'interrupted')) return exitStatus.interrupted;
  return results.every(({ verdict }) => verdict === 'proven') ? 0 : exitStatus.unproven;
}

/** What one round came to; an error is a host that could not be run at all. */
interface Round {
  readonly runs: readonly RepeatedRun[];
  readonly errors: readonly unknown[];
}

/** Boots and proves each host once, told by a display of its own. */
async function checkOnce(shared: Omit<Session, 'display' | 'folders'>): Promise<Round> {
  const { options, planned, round } = shared;
  const folders = new Map<string, string>();
  const stream = options.json ? process.stderr : process.stdout;
  if (options.repeat > 1) stream.write(`\nrun ${round + 1} of ${options.repeat}\n`);
  const display = await createDisplay({
    stream,
    env: process.env,
    hosts: planned.map(({ host }) => host.name),
    folderOf: (host) => folders.get(host),
  });
  const session: Session = { ...shared, display, folders };
  const outcomes = await inPool(planned, options.jobs, async (each): Promise<RepeatedRun> => {
    const result = await checkHost(each, session);
    return { result, folder: folders.get(each.host.name) ?? '.' };
  });
  await display.close();
  return {
    runs: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    errors: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])),
  };
}

/** Says what each host's series of runs shows, and writes it down beside the runs' folders. */
async function tellRepeats(
  runs: readonly RepeatedRun[],
  { options, planned, root }: Pick<Session, 'options' | 'planned' | 'root'>,
): Promise<void> {
  const stream = options.json ? process.stderr : process.stdout;
  for (const { test } of planned) {
    const own = runs.filter(({ result }) => result.host === test.hostName);
    if (own.length === 0) continue;
    const summary = summariseRuns(own, options.repeat);
    const file = await writeRepeat(root, summary);
    stream.write(
      `\n${formatRepeat(summary, styleFor(stream, process.env), relative(process.cwd(), file))}\n`,
    );
  }
}

async function checkHost(planned: PlannedHost, session: Session): Promise<RunResult> {
  const { host, test } = planned;
  const { options, context, display, images, folders } = session;
  const folder = await makeRunFolder(session.root, host.name);
  folders.set(host.name, relative(process.cwd(), folder) || '.');
  const emit = (event: RunEvent) => display.onEvent(host.name, event);
  const clock = new RunClock(emit, session.startedMs);
  clock.start('evaluate', 0);
  clock.finish('evaluate', 'done', plannedWords(planned));
  if (session.warning !== undefined) {
    emit({ type: 'note', level: 'warning', text: session.warning, atMs: clock.now() });
  }
  const { result, consoleLines } = await runTest({
    test,
    kinds: kindsOf(planned, session, context.signal),
    folder,
    clock,
    emit,
    signal: context.signal,
    bootSeconds: options.timeout,
    version: toolVersion(),
    trials: trialsFor(options, session.round),
    getImage: (progress) =>
      images.of(planned, ({ step, detail, fraction }) => {
        const level = noteLevels.get(step);
        if (level !== undefined) emit({ type: 'note', level, text: detail, atMs: clock.now() });
        else progress(detail, fraction);
      }),
    chooseAccelerator: () => images.chooseAccelerator(),
    ...(options.keep
      ? { beforeEnd: (machine, key) => keepRunning(machine, key, { folder, emit, clock, context }) }
      : {}),
  });
  await writeReports(result, folder, {
    consoleText: consoleLines,
    writeFile: writeFileAtomic,
    ...(result.files.screenshot === undefined
      ? {}
      : { screenshotPath: join(folder, result.files.screenshot) }),
  });
  emit({ type: 'run-finished', result });
  return result;
}

/** Each test by hand is a probe of the plan too. */
function plannedWords({ test, tests }: PlannedHost): string {
  const own = tests.length === 0 ? '' : `, and ${count(tests.length, 'test')} by hand`;
  return `${test.probes.length - tests.length} probes follow from the declaration${own}`;
}

/** What the image room tells that stays on the screen. */
const noteLevels: ReadonlyMap<string, 'info' | 'warning'> = new Map([
  ['choice', 'info'],
  ['note', 'warning'],
]);

interface Kept {
  readonly folder: string;
  readonly emit: (event: RunEvent) => void;
  readonly clock: RunClock;
  readonly context: CommandContext;
}

/** Leaves a proven machine running until it is interrupted, with the line that logs in. */
async function keepRunning(
  machine: Machine,
  privateKey: string,
  { folder, emit, clock, context }: Kept,
): Promise<void> {
  const keyFile = join(folder, 'ssh-key');
  try {
    await writeFile(keyFile, privateKey, { mode: 0o600 });
    await chmod(keyFile, 0o600);
    const text = `still running: ${sshLine(await machine.forwardPort(22), keyFile)}   (Ctrl-C ends it)`;
    emit({ type: 'note', level: 'info', text, atMs: clock.now() });
    // Ends with the interruption that the user was told of, or with the machine.
    await machine.scope.race(delay(2 ** 31 - 1, undefined, { signal: context.signal })).catch(() => {});
  } finally {
    await rm(keyFile, { force: true });
  }
}

/** One host: its result. Several: a list of them. */
function jsonOf(results: readonly RunResult[], single: boolean): string {
  const [first] = results;
  if (single && first !== undefined) return formatJson(first);
  return `[\n${results.map((result) => formatJson(result).trimEnd()).join(',\n')}\n]\n`;
}

/** The error to end with when several hosts could not be run: an interruption before all else. */
function worst(errors: readonly unknown[]): unknown {
  const isInterruption = (error: unknown) => error instanceof BootproofError && error.kind === 'interrupted';
  return errors.find(isInterruption) ?? errors[0];
}
