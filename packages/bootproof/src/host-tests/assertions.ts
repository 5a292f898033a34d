import { messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { PollTimeout, poll } from '../host/poll.ts';
import type { Observation, ProbeKind } from '../probes/probe.ts';
import { TestFailure } from './failures.ts';
import { type Patience, secondsOf } from './machine.ts';
import type {
  FileWish,
  FolderWish,
  GroupWish,
  MountWish,
  Question,
  ResolveWish,
  ServeWish,
  UnitWish,
  UserWish,
} from './questions.ts';
import { questions } from './questions.ts';
import { type Place, type Step, TestRun } from './test-run.ts';

/** How long an assertion waits unless told. Seconds. */
const defaultSeconds = 10;

/**
 * What can be asserted of the machine. Each asks again, with growing gaps, until it holds; the test fails when it does not
 * within 10 s, or `timeoutSeconds`. Each has to be awaited.
 */
export interface MachineChecks {
  /** A systemd unit has a state: `active`, unless told. One that is masked, absent or failed is not waited for. */
  toHaveUnit(name: string, wish?: UnitWish): Promise<void>;
  /** A service has run to its end and succeeded, as a oneshot does. */
  toHaveRun(unit: string, patience?: Patience): Promise<void>;
  /** No unit has failed. */
  toHaveNoFailedUnit(patience?: Patience): Promise<void>;
  /** A TCP port has a listener in the machine. */
  toListenOn(port: number, patience?: Patience): Promise<void>;
  /** A TCP port can be reached from outside, through the firewall. A port without a listener is given one meanwhile. */
  toAnswerFromOutside(port: number, patience?: Patience): Promise<void>;
  /** The machine answers ping. */
  toAnswerPing(patience?: Patience): Promise<void>;
  /** A web server of the machine, asked from within, answers as wanted: `http://app.home.arpa/`. HTTP alone. */
  toServe(url: string, wish?: ServeWish): Promise<void>;
  /** There is a file, with this text, mode and owners where they are given. */
  toHaveFile(path: string, wish?: FileWish): Promise<void>;
  /** There is a folder, with this mode and these owners where they are given. */
  toHaveFolder(path: string, wish?: FolderWish): Promise<void>;
  /** A text file has a line, whatever the white space between its words. */
  toHaveLine(path: string, line: string, patience?: Patience): Promise<void>;
  /** A file system is mounted at a place. */
  toHaveMount(mountpoint: string, wish?: MountWish): Promise<void>;
  /** There is a user. */
  toHaveUser(name: string, wish?: UserWish): Promise<void>;
  /** There is a group. */
  toHaveGroup(name: string, wish?: GroupWish): Promise<void>;
  /** The host name is this, in /etc/hostname and in the kernel. */
  toHaveHostName(name: string, patience?: Patience): Promise<void>;
  /** A DNS server, the machine's own unless told, knows a name. */
  toResolve(name: string, wish?: ResolveWish): Promise<void>;
  /** A command ends with exit status 0. */
  toSucceed(command: string, patience?: Patience): Promise<void>;
  /** A command succeeds and prints exactly this, white space at its end aside, or something that matches. */
  toPrint(command: string, output: string | RegExp, patience?: Patience): Promise<void>;
  /** The serial console has shown a line that matches. */
  toShowOnConsole(text: RegExp, patience?: Patience): Promise<void>;
  /** A probe of any kind passes: `toPass(probes.metric, { … })`. */
  toPass<Params extends Json>(
    kind: Pick<ProbeKind<string, Params>, 'title' | 'observe'>,
    params: Params,
    patience?: Patience,
  ): Promise<void>;
}

/** What can be asserted of the machine, and of what it must not be. */
export interface MachineAssertions extends MachineChecks {
  /** The opposite: asks until it no longer holds. A look that could not be made is no such answer. */
  readonly not: MachineChecks;
}

/** The last parameter is for the assertion itself where it says how long to wait. */
function patienceOf(parameters: readonly unknown[]): Patience {
  const last = parameters.at(-1);
  return typeof last === 'object' && last !== null ? last : {};
}

function checks(negated: boolean): MachineChecks {
  const entries = Object.entries(questions).map(([name, ask]) => {
    const check = (...parameters: readonly unknown[]): Promise<void> => {
      const run = TestRun.current(`expect(machine).${name}()`);
      const place = run.calledAt(check);
      const asked = (ask as (...all: readonly unknown[]) => Question)(run.facts, ...parameters);
      const { opposite } = asked;
      const title = negated ? `not: ${asked.title}` : asked.title;
      const terms = {
        negated: negated && opposite === undefined,
        seconds: secondsOf(patienceOf(parameters), defaultSeconds),
        place,
      };
      const question = negated && opposite !== undefined ? opposite : asked;
      return run.call({ what: title, place, asserts: true }, (step) =>
        holds({ ...question, title }, terms, run, step),
      );
    };
    return [name, check] as const;
  });
  return Object.freeze(Object.fromEntries(entries)) as unknown as MachineChecks;
}

/** What `expect(machine)` gives. */
export const machineAssertions: MachineAssertions = Object.freeze({ ...checks(false), not: checks(true) });

/** How a question is asked: from where, how long, and whether the answer has to be no. */
interface Terms {
  readonly negated: boolean;
  readonly seconds: number;
  readonly place: Place | undefined;
}

/** Asks until the answer is the wanted one. */
async function holds(
  question: Question,
  { negated, seconds, place }: Terms,
  run: TestRun,
  step: Step,
): Promise<void> {
  const { title, final = false, look } = question;
  let last: Observation | undefined;
  let looks = 0;
  const failure = (why: string) => {
    const { expected = title, evidence = [] } = last ?? {};
    const sight = { expected: negated ? `not: ${expected}` : expected, seen: step.seen, evidence };
    return new TestFailure(`${title}: ${why}`, sight, place);
  };
  try {
    await poll<void>({
      deadline: run.deadline.capped(seconds * 1000),
      scope: run.scope,
      describe: title,
      attempt: async (number) => {
        looks = number;
        try {
          last = await look(run.target);
        } catch (error) {
          if (run.scope.closed) throw error;
          step.seen = `could not be asked: ${messageOf(error)}`;
          return { done: false, seen: step.seen };
        }
        step.seen = last.seen;
        if ((last.verdict === 'passed') !== negated) return { done: true, value: undefined };
        if (final && !negated && last.verdict === 'failed') throw failure('it cannot become so by waiting');
        return { done: false, seen: last.seen };
      },
    });
  } catch (error) {
    if (!(error instanceof PollTimeout)) throw error;
    if (step.seen === '') step.seen = 'no answer';
    const waited = Math.round((run.now() - step.startedMs) / 100) / 10;
    throw failure(`not so within ${waited} s; asked ${looks} ${looks === 1 ? 'time' : 'times'}`);
  }
}
