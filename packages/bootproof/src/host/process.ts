import type { Readable } from 'node:stream';
import { execa, type Options } from 'execa';
import { atDeadline, type Deadline } from './deadline.ts';
import { childEnvironment, shellLine } from './environment.ts';
import { type Exit, ProcessError, tailOf } from './process-error.ts';
import { findTool } from './tools.ts';

export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the short environment that every child gets (see `childEnvironment`). */
  readonly env?: Readonly<Record<string, string>>;
  /** PATH for the look-up and for the child; this process's own unless told. */
  readonly path?: string;
  /** Text for standard input, which is /dev/null unless told. */
  readonly input?: string | Uint8Array;
  /** Ends the child when it passes. */
  readonly deadline?: Deadline;
  /** Ends the child when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every line as it comes, without its end. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
  /**
   * What the kernel sends the child when this process dies, even by kill -9: `SIGKILL` unless told, `SIGTERM` for one
   * that has something to clean up. Linux only, through setpriv of util-linux.
   */
  readonly parentDeath?: 'SIGTERM' | 'SIGKILL';
  /** How long the child may take to end once it was asked to, before its group is killed. 2000 ms. */
  readonly graceMs?: number;
}

export interface RunOptions extends ProcessOptions {
  /** Exit codes that count as success; only 0 unless told. */
  readonly okExitCodes?: readonly number[];
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly command: string;
}

export interface StartOptions extends ProcessOptions {
  /** Files that also get the child's output as it comes; they are emptied first. */
  readonly stdoutFile?: string;
  readonly stderrFile?: string;
}

/** A child that lives on: what `start` returns. */
export interface Child {
  /** Also the id of its process group. Undefined when it could not be started. */
  readonly pid: number | undefined;
  readonly command: string;
  /** How it ended. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Asks the whole group to end (SIGTERM), waits `graceMs`, kills it. `graceMs: 0` kills at once, also during a grace. */
  terminate(options?: { readonly graceMs?: number }): Promise<Exit>;
  stdoutTail(): string;
  stderrTail(): string;
}

const defaultGraceMs = 2000;

/**
 * Runs a command to its end.
 *
 * @throws ProcessError when it cannot be started, ends otherwise than by an `okExitCodes` status, or is ended by the
 *   deadline or the signal; in the last two cases nothing of its process group is left.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const launched = launch(command, args, options, { buffer: true });
  const exit = await launched.exited;
  const { exitCode } = exit;
  const stopped = exit.timedOut || exit.canceled;
  if (exitCode === undefined || stopped || !(options.okExitCodes ?? [0]).includes(exitCode)) {
    throw new ProcessError(exit);
  }
  return { ...launched.output(), exitCode, durationMs: exit.durationMs, command: exit.command };
}

/** Starts a command that lives on. Never throws: a child that could not be started has exited with `spawnErrorCode`. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Child {
  return launch(command, args, options, { buffer: false });
}

interface Launched extends Child {
  /** All that was written, when it was buffered. */
  output(): { stdout: string; stderr: string };
}

function launch(
  command: string,
  args: readonly string[],
  options: StartOptions,
  { buffer }: { readonly buffer: boolean },
): Launched {
  const startedAt = performance.now();
  const line = shellLine(command, args);
  const tool = findTool(command, options.path);
  if (!tool || options.signal?.aborted) {
    return stillborn(line, tool ? { canceled: true } : { canceled: false, spawnErrorCode: 'ENOENT' });
  }
  const [file, fileArgs] = withParentDeath(tool, args, options.parentDeath ?? 'SIGKILL');
  const subprocess = execa(file, fileArgs, execaOptions(options, buffer));
  const stdout = keepTail(subprocess.stdout);
  const stderr = keepTail(subprocess.stderr);
  const ended = { timedOut: false, canceled: false };
  let output = { stdout: '', stderr: '' };

  const exited = subprocess.then((result): Exit => {
    callOff();
    if (ended.timedOut || ended.canceled) killGroup(subprocess.pid, 'SIGKILL');
    output = { stdout: textOf(result.stdout), stderr: textOf(result.stderr) };
    return {
      command: line,
      exitCode: result.exitCode,
      signal: result.signal,
      spawnErrorCode: subprocess.pid === undefined ? (result.code ?? 'unknown') : undefined,
      ...ended,
      stderrTail: tailOf(stderr()),
      durationMs: performance.now() - startedAt,
    };
  });
  const terminate = ({ graceMs = options.graceMs ?? defaultGraceMs } = {}) =>
    endGroup(subprocess, exited, graceMs);
  const callOff = endWhen(options, (why) => {
    ended[why] = true;
    void terminate();
  });
  return {
    pid: subprocess.pid,
    command: line,
    exited,
    terminate,
    stdoutTail: () => tailOf(stdout()),
    stderrTail: () => tailOf(stderr()),
    output: () => output,
  };
}

/**
 * The kernel's parent-death signal, set by setpriv, which then becomes the command. A parent that dies in the moment
 * before setpriv runs is missed; a machine's QEMU then finds nobody at its sockets and ends by itself.
 */
function withParentDeath(
  tool: string,
  args: readonly string[],
  signal: 'SIGTERM' | 'SIGKILL',
): [string, readonly string[]] {
  const setpriv = process.platform === 'linux' ? findTool('setpriv') : undefined;
  return setpriv ? [setpriv, ['--pdeathsig', signal.replace('SIG', ''), '--', tool, ...args]] : [tool, args];
}

function execaOptions(options: StartOptions, buffer: boolean) {
  const { onLine } = options;
  const stream = (name: 'stdout' | 'stderr', file: string | undefined): Options['stdout'] => [
    'pipe',
    ...(file === undefined ? [] : [{ file }]),
    ...(onLine ? [toldAs(name, onLine)] : []),
  ];
  return {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    env: childEnvironment(options.env, options.path),
    extendEnv: false,
    stdout: stream('stdout', options.stdoutFile),
    stderr: stream('stderr', options.stderrFile),
    buffer,
    // Its own session and process group, so that its children are ended with it and a Ctrl-C reaches only us.
    detached: true,
    reject: false,
    stripFinalNewline: false,
  } as const satisfies Options;
}

/** A transform that changes nothing, and tells every line on its way through. */
function toldAs(name: 'stdout' | 'stderr', onLine: (stream: 'stdout' | 'stderr', line: string) => void) {
  return {
    preserveNewlines: true,
    *transform(text: unknown) {
      onLine(name, String(text).replace(/\r?\n$/, ''));
      yield text;
    },
  };
}

function endWhen(options: ProcessOptions, end: (why: 'timedOut' | 'canceled') => void): () => void {
  const { deadline, signal } = options;
  const callOffTimer = deadline ? atDeadline(deadline, () => end('timedOut')) : () => {};
  const abort = () => end('canceled');
  signal?.addEventListener('abort', abort, { once: true });
  return () => {
    callOffTimer();
    signal?.removeEventListener('abort', abort);
  };
}

interface Subprocess {
  readonly pid?: number | undefined;
  readonly stdout?: Readable | null;
  readonly stderr?: Readable | null;
}

async function endGroup(subprocess: Subprocess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
  const { pid } = subprocess;
  let over = false;
  const end = exited.finally(() => {
    over = true;
  });
  if (graceMs > 0) {
    killGroup(pid, 'SIGTERM');
    await firstOf(end, graceMs);
  }
  if (!over) {
    killGroup(pid, 'SIGKILL');
    await firstOf(end, 1000);
  }
  // A grandchild that left the group may hold our pipes open for ever; it is not ours to wait for.
  if (!over) {
    subprocess.stdout?.destroy();
    subprocess.stderr?.destroy();
  }
  return end;
}

/** Waits for the promise, at most that long, and keeps no timer running after it. */
function firstOf(promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

function stillborn(command: string, fault: { canceled: boolean; spawnErrorCode?: string }): Launched {
  const exit: Exit = {
    command,
    exitCode: undefined,
    signal: undefined,
    spawnErrorCode: fault.spawnErrorCode,
    timedOut: false,
    canceled: fault.canceled,
    stderrTail: '',
    durationMs: 0,
  };
  const exited = Promise.resolve(exit);
  const nothing = () => '';
  return {
    pid: undefined,
    command,
    exited,
    terminate: () => exited,
    stdoutTail: nothing,
    stderrTail: nothing,
    output: () => ({ stdout: '', stderr: '' }),
  };
}

/** Follows a stream and keeps its last 16 Ki characters. */
function keepTail(stream: NodeJS.ReadableStream | null | undefined): () => string {
  let tail = '';
  stream?.on('data', (chunk: Buffer | string) => {
    tail = (tail + String(chunk)).slice(-16_384);
  });
  return () => tail;
}

function textOf(output: unknown): string {
  return typeof output === 'string' ? output : '';
}
