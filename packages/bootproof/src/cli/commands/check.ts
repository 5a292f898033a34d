import { chmod, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BootproofError, exitStatus } from '../../base/errors.ts';
import { writeFileAtomic } from '../../host/atomic.ts';
import type { Machine } from '../../machine/machine.ts';
import { createDisplay, type Display } from '../../reports/display.ts';
import { formatJson } from '../../reports/json.ts';
import { writeReports } from '../../reports/write.ts';
import { RunClock } from '../../runner/clock.ts';
import type { RunEvent } from '../../runner/events.ts';
import type { RunResult } from '../../runner/result.ts';
import { runTest } from '../../runner/run.ts';
import { emissionWarning } from '../emission.ts';
import { openHomelab, type PlannedHost, planHosts } from '../homelab.ts';
import { type GlobalOptions, homelabFolder } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';
import { inPool } from '../pool.ts';
import { type CommandContext, toolVersion } from '../program.ts';
import { makeRunFolder } from '../run-folder.ts';
import { sshLine } from '../ssh-line.ts';

interface CheckOptions extends GlobalOptions, ImageOptions {
  readonly jobs: number;
  readonly json?: boolean;
  readonly keep?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** What all runs of one call share. */
interface Session {
  readonly options: CheckOptions;
  readonly context: CommandContext;
  readonly display: Display;
  readonly images: Images;
  /** The folder that `.bootproof` is in: the repository's. */
  readonly root: string;
  readonly folders: Map<string, string>;
  /** That the emitted flake is out of date. */
  readonly warning: string | undefined;
  /** When the call began, on `performance.now()`'s scale, and when its hosts were evaluated. */
  readonly startedMs: number;
  readonly evaluatedMs: number;
}

/** Boots and proves hosts. Exit status 0 only when every one of them is proven. */
export async function check(
  names: readonly string[],
  options: CheckOptions,
  context: CommandContext,
): Promise<number> {
  const startedMs = performance.now();
  const open = openHomelab(options);
  const planned = await planHosts(names, open);
  const warning = await emissionWarning(open);
  const folders = new Map<string, string>();
  const display = await createDisplay({
    stream: options.json ? process.stderr : process.stdout,
    env: process.env,
    hosts: planned.map(({ host }) => host.name),
    folderOf: (host) => folders.get(host),
  });
  const session: Session = {
    options,
    context,
    display,
    images: new Images(open, options, context.signal),
    root: dirname(homelabFolder(options)),
    folders,
    warning,
    startedMs,
    evaluatedMs: performance.now(),
  };
  const outcomes = await inPool(planned, options.jobs, (host) => checkHost(host, session));
  await display.close();
  const results = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (options.json) process.stdout.write(jsonOf(results, names.length === 1));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (errors.length > 0) throw worst(errors);
  if (results.some(({ verdict }) => verdict === 'interrupted')) return exitStatus.interrupted;
  return results.every(({ verdict }) => verdict === 'proven') ? 0 : exitStatus.unproven;
}

async function checkHost(planned: PlannedHost, session: Session): Promise<RunResult> {
  const { host, test } = planned;
  const { options, context, display, images, folders } = session;
  const folder = await makeRunFolder(session.root, host.name);
  folders.set(host.name, relative(process.cwd(), folder) || '.');
  const emit = (event: RunEvent) => display.onEvent(host.name, event);
  const clock = new RunClock(emit, session.startedMs);
  clock.start('evaluate', 0);
  clock.finish('evaluate', 'done', `${test.probes.length} probes follow from the declaration`);
  if (session.warning !== undefined) {
    emit({ type: 'note', level: 'warning', text: session.warning, atMs: clock.now() });
  }
  const { result, consoleLines } = await runTest({
    test,
    folder,
    clock,
    emit,
    signal: context.signal,
    bootSeconds: options.timeout,
    version: toolVersion(),
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
