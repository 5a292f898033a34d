import { AsyncLocalStorage } from 'node:async_hooks';
import { BootproofError, type Fault } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';
import { callSite } from '../base/stack.ts';
import type { TestBody, TestDetails } from './host-test.ts';

/** A call of `test`, as it was made. */
interface Registration {
  readonly line: number;
  readonly title: unknown;
  readonly details: unknown;
  readonly body: unknown;
}

/** The file that is being loaded takes the tests that are declared meanwhile. */
const collecting = new AsyncLocalStorage<{ readonly calls: Registration[]; open: boolean }>();

/** A test as its file declares it. */
export interface DeclaredTest {
  readonly line: number;
  readonly title: string;
  readonly details: TestDetails;
  readonly body: TestBody;
}

/**
 * Declares a test of the host in whose folder the file is. It runs once in each boot of `bootproof check`, after all probes
 * that follow from the declaration, in the order of the files' names and of their lines.
 *
 * @param title what is proven, as a statement: `the application greets`. Unique in its file.
 * @param body passes when it ends without throwing, and has asserted something
 */
export function test(title: string, body: TestBody): void;
export function test(title: string, details: TestDetails, body: TestBody): void;
export function test(title: string, ...rest: readonly [TestBody] | readonly [TestDetails, TestBody]): void {
  const file = collecting.getStore();
  if (file?.open !== true) {
    throw new BootproofError('test() was called while no file of tests was being loaded.', {
      kind: 'declaration',
      hint: 'Call it at the top level of a *.test.ts in the folder of a host.',
    });
  }
  const [details, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  file.calls.push({ line: callSite(test).line ?? 1, title, details, body });
}

/**
 * Loads a file, and gives the tests that it declares.
 *
 * @param file as faults name it
 * @param load runs the file; what it throws is thrown
 */
export async function collectTests(
  file: string,
  load: () => Promise<void>,
): Promise<{ readonly tests: readonly DeclaredTest[]; readonly faults: readonly Fault[] }> {
  const store = { calls: [] as Registration[], open: true };
  try {
    await collecting.run(store, load);
  } finally {
    store.open = false;
  }
  if (store.calls.length === 0) return { tests: [], faults: [emptyFile(file)] };
  const faults = store.calls.flatMap((call, index) =>
    faultsOf(call, store.calls.slice(0, index)).map(
      (fault): Fault => ({ files: [`${file}:${call.line}`], ...fault }),
    ),
  );
  return { tests: faults.length === 0 ? (store.calls as DeclaredTest[]) : [], faults };
}

const emptyFile = (file: string): Fault => ({
  files: [file],
  reason: 'The file declares no test.',
  remedy: "Declare one: test('…', async () => { … }). A file of helpers has another name than *.test.ts.",
});

type Complaint = Omit<Fault, 'files'>;

function faultsOf({ title, details, body }: Registration, earlier: readonly Registration[]): Complaint[] {
  const faults: Complaint[] = [];
  if (typeof title !== 'string' || title.trim() === '') {
    faults.push({
      reason: `The title is ${nounFor(title)}, where a text is wanted.`,
      remedy: "Say what is proven: test('the application greets', async () => { … }).",
    });
  } else {
    const twin = earlier.find((other) => other.title === title);
    if (twin !== undefined) {
      faults.push({
        option: 'title',
        value: JSON.stringify(title),
        reason: `The test in line ${twin.line} has the same title.`,
        remedy: 'Give each a title of its own: reports tell tests apart by it.',
      });
    }
  }
  if (typeof body !== 'function') {
    faults.push({
      reason: `The body is ${nounFor(body)}, where a function is wanted.`,
      remedy: "Write: test('…', async () => { … }), or test('…', { proves: […] }, async () => { … }).",
    });
  }
  return [...faults, ...detailFaults(details)];
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';

/** What each detail has to be. An hour is longer than any boot may take. */
const detailRules: Readonly<
  Record<keyof TestDetails, readonly [wanted: string, holds: (value: unknown) => boolean]>
> = {
  proves: ['a list of options’ names', (value) => Array.isArray(value) && value.every(isText)],
  deadlineSeconds: [
    'a number of seconds, above 0 and at most 3600',
    (value) => typeof value === 'number' && value > 0 && value <= 3600,
  ],
  hint: ['a text', isText],
};

function detailFaults(details: unknown): Complaint[] {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) {
    return [
      {
        reason: `The details are ${nounFor(details)}, where an object is wanted.`,
        remedy: "Write: test('…', { proves: ['services.nginx.enable'] }, async () => { … }).",
      },
    ];
  }
  const names = Object.keys(detailRules);
  return Object.entries(details).flatMap(([name, value]): Complaint[] => {
    const [wanted, holds] = detailRules[name as keyof TestDetails] ?? [];
    if (wanted === undefined) {
      const near = nearestNames(name, names);
      return [
        {
          option: name,
          reason: 'A test has no such detail.',
          remedy:
            near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Its details are ${names.join(', ')}.`,
        },
      ];
    }
    if (value === undefined || holds?.(value) === true) return [];
    return [{ option: name, reason: `It is ${nounFor(value)}.`, remedy: `Give ${wanted}.` }];
  });
}

function nounFor(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return value.trim() === '' ? 'empty' : JSON.stringify(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
