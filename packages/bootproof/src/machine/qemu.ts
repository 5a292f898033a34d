import { BootproofError, type ExitKind } from '../base/errors.ts';
import { type Child, start } from '../host/process.ts';
import { causeOfExit, type Exit } from '../host/process-error.ts';
import type { Scope } from '../host/scope.ts';

/** The machine is no more: its QEMU ended, by itself, by a fault, or because it was told to. */
export class MachineGone extends BootproofError {
  /** Nobody had asked for the end. */
  readonly unexpected: boolean;
  /** QEMU's last words. */
  readonly lines: readonly string[];

  constructor(
    message: string,
    details: { unexpected: boolean; kind?: ExitKind; lines?: readonly string[]; hint?: string },
  ) {
    super(message, {
      kind: details.kind ?? 'unproven',
      ...(details.hint === undefined ? {} : { hint: details.hint }),
    });
    this.name = 'MachineGone';
    this.unexpected = details.unexpected;
    this.lines = details.lines ?? [];
  }
}

export interface QemuCommand {
  readonly binary: string;
  readonly args: readonly string[];
}

export interface QemuOptions extends QemuCommand {
  /** Gets what QEMU writes to its standard error. */
  readonly logFile: string;
  /** Closed with a `MachineGone` when QEMU ends. */
  readonly scope: Scope;
}

/** A running QEMU. */
export interface Qemu {
  readonly pid: number | undefined;
  /** The command line, one argument an entry. */
  readonly command: readonly string[];
  /** `performance.now()` at its start. */
  readonly startedAt: number;
  readonly exited: Promise<Exit>;
  /** Says that an end is wanted from now on, and what to tell those who wait: `the machine was shut down`. */
  expectEnd(reason: string): void;
  /** Tells why QEMU is about to end although nobody wanted it: `the guest powered itself off`. */
  explainEnd(reason: string): void;
  /** Kills its process group at once. Its disk is as after a power cut. */
  kill(): Promise<Exit>;
}

/**
 * Starts QEMU in a process group of its own. It dies with this process, even by kill -9. Its end closes the scope, so
 * that every wait on the machine ends at that moment, with the reason and QEMU's last words.
 */
export function startQemu(options: QemuOptions): Qemu {
  const { binary, args, logFile, scope } = options;
  const startedAt = performance.now();
  const child: Child = start(binary, args, {
    stderrFile: logFile,
    parentDeath: 'SIGKILL',
    graceMs: 0,
  });
  let wanted: string | undefined;
  let explained: string | undefined;
  void child.exited.then((exit) => {
    scope.close(
      wanted === undefined
        ? deathOf(exit, explained, logFile)
        : new MachineGone(wanted, { unexpected: false }),
    );
  });
  return {
    pid: child.pid,
    command: [binary, ...args],
    startedAt,
    exited: child.exited,
    expectEnd: (reason) => {
      wanted ??= reason;
    },
    explainEnd: (reason) => {
      explained ??= reason;
    },
    kill: () => child.terminate({ graceMs: 0 }),
  };
}

function deathOf(exit: Exit, explained: string | undefined, logFile: string): MachineGone {
  const lines = exit.stderrTail.split('\n').filter((line) => line.trim() !== '');
  const words = lines.length > 0 ? `\n${lines.slice(-8).join('\n')}` : '';
  return new MachineGone(`QEMU ended: ${explained ?? causeOfExit(exit)}${words}`, {
    unexpected: true,
    // Not started at all: this computer lacks it.
    kind: exit.spawnErrorCode === undefined ? 'unproven' : 'missing',
    lines,
    hint: `See ${logFile}, and qemu.sh beside it for the exact command.`,
  });
}
