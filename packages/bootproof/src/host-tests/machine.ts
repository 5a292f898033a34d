import { BootproofError } from '../base/errors.ts';
import type { CommandResult, UnitProperties } from '../probes/target.ts';
import { TestFailure } from './failures.ts';
import { type Place, TestRun } from './test-run.ts';

/** How long a command may take unless told. Seconds. */
const commandSeconds = 30;

/** How long something may take. */
export interface Patience {
  /** Never beyond the test's own deadline. Seconds. */
  readonly timeoutSeconds?: number;
}

const machineKey: unique symbol = Symbol.for('bootproof.machine') as never;

/** The seconds that somebody is willing to wait. */
export function secondsOf({ timeoutSeconds }: Patience, unlessTold: number): number {
  if (timeoutSeconds === undefined) return unlessTold;
  if (typeof timeoutSeconds === 'number' && timeoutSeconds > 0) return timeoutSeconds;
  throw new BootproofError(`timeoutSeconds is ${String(timeoutSeconds)}.`, {
    kind: 'declaration',
    hint: 'Give a number of seconds above 0.',
  });
}

/** The machine of the test that is running, as root sees it. Its methods have the names of those of NixOS's test driver. */
export interface Machine {
  readonly [machineKey]: true;
  /** The name that the host declares. */
  readonly hostName: string;
  /** All that the serial console has shown since the machine was started, without escape sequences. */
  readonly consoleText: string;
  /**
   * Runs a command with the machine's /bin/sh, standard input empty. It may take 30 s unless told.
   *
   * @throws when it takes longer, or there is no way into the machine; never for its exit status
   */
  execute(command: string, patience?: Patience): Promise<CommandResult>;
  /** As `execute`, and fails the test unless the exit status is 0. Gives what it printed to standard output. */
  succeed(command: string, patience?: Patience): Promise<string>;
  /** As `execute`, and fails the test if the exit status is 0. Gives what it printed, standard error included. */
  fail(command: string, patience?: Patience): Promise<string>;
  /** The text of a file. Fails the test when there is none. */
  readFile(path: string): Promise<string>;
  /** A unit's properties, as `systemctl show` gives them: `ActiveState`, `SubState`, `Result`, … */
  unitInfo(unit: string): Promise<UnitProperties>;
}

/** Whether a value is the machine, and not one of the values that a test has from it. */
export const isMachine = (value: unknown): value is Machine =>
  typeof value === 'object' && value !== null && machineKey in value;

const quoted = (text: string): string => `'${text.replaceAll('\n', '\\n')}'`;

const wordStatus = ({ exitCode, stdout, stderr }: CommandResult): string => {
  const printed = `${stdout}${stderr}`.trim();
  return `exit status ${exitCode}${printed === '' ? ', no output' : `: ${printed.slice(-400)}`}`;
};

/** Runs a command as a step, and fails the test when its exit status is not the wanted one. */
function run<T>(
  method: 'execute' | 'succeed' | 'fail',
  // biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
  callee: Function,
  { command, ...patience }: Patience & { readonly command: string },
  give: (result: CommandResult) => T,
): Promise<T> {
  const test = TestRun.current(`machine.${method}()`);
  const place = test.calledAt(callee);
  const seconds = secondsOf(patience, commandSeconds);
  const what = { what: `machine.${method}(${quoted(command)})`, place, asserts: method !== 'execute' };
  return test.call(what, async (step) => {
    const deadlineMs = Math.min(seconds * 1000, test.deadline.remainingMs());
    const result = await test.target.execute(command, { deadlineMs });
    step.seen = wordStatus(result);
    if (method !== 'execute' && (result.exitCode === 0) !== (method === 'succeed')) {
      throw statusFailure(
        command,
        method === 'succeed' ? 'exit status 0' : 'another exit status than 0',
        result,
        place,
      );
    }
    return give(result);
  });
}

function statusFailure(
  command: string,
  expected: string,
  result: CommandResult,
  place: Place | undefined,
): TestFailure {
  const seen = wordStatus(result);
  const text = `${result.stdout}${result.stderr}`.trimEnd();
  const sight = { expected, seen, evidence: [{ source: command, text }] };
  return new TestFailure(`expected ${expected} of: ${command}\n${seen}`, sight, place);
}

/**
 * The machine. It may be imported and named anywhere; what it is asked belongs to the test that asks, so that tests of several
 * hosts run side by side.
 */
export const machine: Machine = Object.freeze({
  [machineKey]: true as const,
  get hostName(): string {
    return TestRun.current('machine.hostName').facts.hostName;
  },
  get consoleText(): string {
    return TestRun.current('machine.consoleText').target.console.text();
  },
  execute(command: string, patience?: Patience): Promise<CommandResult> {
    return run('execute', machine.execute, { command, ...patience }, (result) => result);
  },
  succeed(command: string, patience?: Patience): Promise<string> {
    return run('succeed', machine.succeed, { command, ...patience }, ({ stdout }) => stdout);
  },
  fail(command: string, patience?: Patience): Promise<string> {
    return run('fail', machine.fail, { command, ...patience }, ({ stdout, stderr }) => `${stdout}${stderr}`);
  },
  readFile(path: string): Promise<string> {
    const test = TestRun.current('machine.readFile()');
    const place = test.calledAt(machine.readFile);
    return test.call({ what: `machine.readFile(${quoted(path)})`, place, asserts: false }, async (step) => {
      const text = await test.target.readFile(path);
      if (text === undefined) {
        const sight = { expected: `a file ${path}`, seen: 'absent', evidence: [] };
        throw new TestFailure(`there is no file ${path}`, sight, place);
      }
      step.seen = `${text.length} characters`;
      return text;
    });
  },
  unitInfo(unit: string): Promise<UnitProperties> {
    const test = TestRun.current('machine.unitInfo()');
    const place = test.calledAt(machine.unitInfo);
    return test.call({ what: `machine.unitInfo(${quoted(unit)})`, place, asserts: false }, async (step) => {
      const info = await test.target.unitInfo(unit);
      step.seen = `${info['LoadState']}, ${info['ActiveState']} (${info['SubState']})`;
      return info;
    });
  },
});
