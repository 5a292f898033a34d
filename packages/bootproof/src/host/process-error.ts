import { BootproofError, type ErrorDetails, type ExitKind } from '../base/errors.ts';

/** How a process ended. */
export interface Exit {
  /** The command line as a shell would take it. */
  readonly command: string;
  /** Undefined when a signal ended it, or it never started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** `ENOENT` and the like, when it never started. */
  readonly spawnErrorCode: string | undefined;
  /** It was ended because its deadline passed. */
  readonly timedOut: boolean;
  /** It was ended because its caller's signal was aborted. */
  readonly canceled: boolean;
  /** The last lines of its standard error. */
  readonly stderrTail: string;
  readonly durationMs: number;
}

/** A process that did not do what was asked of it. Worded `cause: command`, then what it wrote last. */
export class ProcessError extends BootproofError implements Exit {
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly spawnErrorCode: string | undefined;
  readonly timedOut: boolean;
  readonly canceled: boolean;
  readonly stderrTail: string;
  readonly durationMs: number;

  /** @param details `kind` is `interrupted` for a canceled process, else `missing` (this computer's fault), unless told. */
  constructor(exit: Exit, details: Partial<ErrorDetails> = {}) {
    const kind: ExitKind = exit.canceled ? 'interrupted' : 'missing';
    super(wordExit(exit), { kind, ...details });
    this.name = 'ProcessError';
    this.command = exit.command;
    this.exitCode = exit.exitCode;
    this.signal = exit.signal;
    this.spawnErrorCode = exit.spawnErrorCode;
    this.timedOut = exit.timedOut;
    this.canceled = exit.canceled;
    this.stderrTail = exit.stderrTail;
    this.durationMs = exit.durationMs;
  }
}

/** Why a process ended, without the command: `exit status 3`, `killed by SIGKILL`. */
export function causeOfExit(exit: Exit): string {
  if (exit.spawnErrorCode === 'ENOENT') return 'command not found';
  if (exit.spawnErrorCode !== undefined) return `could not be started (${exit.spawnErrorCode})`;
  if (exit.timedOut) return `timed out after ${Math.round(exit.durationMs)} ms`;
  if (exit.canceled) return 'canceled';
  if (exit.signal !== undefined) return `killed by ${exit.signal}`;
  return `exit status ${exit.exitCode ?? 'unknown'}`;
}

function wordExit(exit: Exit): string {
  const headline = `${causeOfExit(exit)}: ${exit.command}`;
  const tail = exit.stderrTail.trim();
  return tail === '' ? headline : `${headline}\n${tail}`;
}

/** The last lines of a text, whole, at most that many lines and characters. */
export function tailOf(text: string, { lines = 20, characters = 4000 } = {}): string {
  const kept = text.trimEnd().split('\n').slice(-lines).join('\n');
  return kept.length > characters ? kept.slice(kept.indexOf('\n', kept.length - characters) + 1) : kept;
}
