import { AsyncLocalStorage } from 'node:async_hooks';
import { BootproofError, messageOf } from '../base/errors.ts';
import { callSites, type StackPlace } from '../base/stack.ts';
import type { Deadline } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import type { Target } from '../probes/target.ts';
import { Call } from './call.ts';

/** What a test can know of its host without asking the machine. */
export interface HostFacts {
  readonly hostName: string;
  /** The NIC that packets from outside come over; undefined when the machine has none. */
  readonly nic: string | undefined;
  /** The homelab's folder, absolute: the place of an error is the innermost one in it. */
  readonly homelab: string;
  /** The folder that files are named from. */
  readonly root: string;
}

/** Where a test asks for something: a line of the homelab, and where a helper is called that it stands in. */
export interface Place extends StackPlace {
  /** The outermost call that led there; absent when it stands in the body itself. */
  readonly from?: StackPlace;
}

/** Something that a test asked for: an assertion, or a command. */
export interface Step {
  /** `nginx.service is active`, `machine.succeed('…')` */
  readonly what: string;
  /** Undefined when the stack does not lead into the homelab. */
  readonly place: Place | undefined;
  /** Whether it can fail: only then does it show something. */
  readonly asserts: boolean;
  readonly startedMs: number;
  state: 'running' | 'passed' | 'failed' | 'said';
  /** What was seen last. */
  seen: string;
  durationMs: number;
}

export interface TestRunParts {
  readonly target: Target;
  readonly facts: HostFacts;
  readonly deadline: Deadline;
  /** Closes when the test is to end: an interruption, the machine's breakdown. */
  readonly scope: Scope;
}

const current = new AsyncLocalStorage<TestRun>();

/** One run of one test's body, and all that it has asked for so far. */
export class TestRun {
  readonly target: Target;
  readonly facts: HostFacts;
  readonly deadline: Deadline;
  readonly scope: Scope;
  readonly steps: Step[] = [];
  readonly #calls: { readonly call: Call<unknown>; readonly step: Step }[] = [];
  /** Where an error was met, for those whose own stack does not lead into the test. */
  readonly #places = new WeakMap<object, Place>();
  readonly #startedMs = performance.now();
  #ended = false;

  constructor({ target, facts, deadline, scope }: TestRunParts) {
    this.target = target;
    this.facts = facts;
    this.deadline = deadline;
    this.scope = scope;
  }

  /**
   * The run that the caller is part of.
   *
   * @param what was used: `machine.execute()`
   * @throws BootproofError when the caller is part of none
   */
  static current(what: string): TestRun {
    const run = current.getStore();
    if (run !== undefined) return run;
    throw new BootproofError(`${what} was used outside of a test.`, {
      kind: 'declaration',
      hint: "There is a machine only while a test runs: move it into the body, test('…', async () => { … }).",
    });
  }

  /** The run that the caller is part of, if any. */
  static get here(): TestRun | undefined {
    return current.getStore();
  }

  /** Runs a body as part of this run. */
  during<T>(body: () => T): T {
    return current.run(this, body);
  }

  now(): number {
    return performance.now() - this.#startedMs;
  }

  /** Notes a step that ends at once. */
  note(step: Pick<Step, 'what' | 'place' | 'seen'> & { readonly state: 'passed' | 'failed' }): void {
    this.steps.push({ ...step, asserts: true, startedMs: this.now(), durationMs: 0 });
  }

  /** Notes what the test itself printed. */
  say(text: string): void {
    this.steps.push({
      what: text,
      place: undefined,
      state: 'said',
      seen: '',
      asserts: false,
      startedMs: this.now(),
      durationMs: 0,
    });
  }

  /**
   * Does something for the test, and notes it as a step. When the test ends first, the promise stays as it is: nobody is
   * there to be told.
   *
   * @param work gets the step, to say what it sees
   */
  call<T>(what: Pick<Step, 'what' | 'place' | 'asserts'>, work: (step: Step) => Promise<T>): Call<T> {
    const step: Step = { ...what, startedMs: this.now(), state: 'running', seen: '', durationMs: 0 };
    if (this.#ended) return Call.of(() => undefined);
    this.steps.push(step);
    const call = Call.of<T>((resolve, reject) => {
      const end = (state: Step['state'], tell: () => void) => {
        if (this.#ended) return;
        step.state = state;
        step.durationMs = this.now() - step.startedMs;
        tell();
      };
      this.scope.race(work(step)).then(
        (value) => end('passed', () => resolve(value)),
        (error: unknown) => {
          if (step.place !== undefined && typeof error === 'object' && error !== null) {
            this.#places.set(error, step.place);
          }
          if (step.seen === '') step.seen = messageOf(error).split('\n')[0] ?? '';
          end('failed', () => reject(error));
        },
      );
    });
    this.#calls.push({ call, step });
    return call;
  }

  /** Where in the homelab `callee` was called. */
  // biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
  calledAt(callee: Function): Place | undefined {
    return this.placeIn(callSites(callee));
  }

  /** Of the places of a stack the innermost of the homelab, and the outermost that led to it within the homelab. */
  placeIn(places: readonly StackPlace[]): Place | undefined {
    const { homelab } = this.facts;
    const isOwn = ({ file }: StackPlace) =>
      file.startsWith(`${homelab}/`) && !file.includes('/node_modules/');
    const start = places.findIndex(isOwn);
    if (start < 0) return undefined;
    const end = places.findIndex((place, index) => index > start && !isOwn(place));
    const own = places.slice(start, end < 0 ? undefined : end);
    const [place, from] = [own[0], own.at(-1)];
    if (place === undefined || from === undefined || own.length === 1) return place;
    return { ...place, from };
  }

  /** Where the test asked for what threw this; undefined when it was no step. */
  placeOf(error: unknown): Place | undefined {
    return typeof error === 'object' && error !== null ? this.#places.get(error) : undefined;
  }

  /** The step that is under way; the newest when there are several. */
  get underWay(): Step | undefined {
    return this.steps.findLast(({ state }) => state === 'running');
  }

  /** The steps that the body has not awaited to their end, with what is wrong with each. */
  neglected(): { readonly step: Step; readonly neglect: NonNullable<Call<unknown>['neglect']> }[] {
    return this.#calls.flatMap(({ call: { neglect }, step }) =>
      neglect === undefined ? [] : [{ step, neglect }],
    );
  }

  /** Ends the run: what it still waits for is given up. */
  end(): void {
    this.#ended = true;
  }
}
