import { format } from 'node:util';
import { TestRun } from './test-run.ts';

type Listener = (error: unknown) => void;

const listeners = new Map<TestRun, Listener>();
let installed = false;

/** What was thrown where nobody catches it, told apart by the asynchronous context that it was thrown in. */
function onStray(error: unknown): void {
  const run = TestRun.here;
  if (run !== undefined) {
    listeners.get(run)?.(error);
    return;
  }
  // Not of a test: a fault of the program, which ends it as it would have without a listener.
  process.off('uncaughtException', onStray);
  setImmediate(() => {
    throw error;
  });
}

/** What a test prints is part of its report; standard output may be that of `--json`. */
function takeOutput(): void {
  const printers = globalThis.console;
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const print = printers[name].bind(printers);
    printers[name] = (...words: readonly unknown[]) => {
      const run = TestRun.here;
      if (run === undefined) print(...words);
      else run.say(format(...words));
    };
  }
}

/**
 * Takes what a test leaves behind without the test's body knowing: an exception in a timer, the rejection of a promise that
 * nobody awaits. Either would end the whole program. What comes after the test has ended is let go.
 *
 * @returns the way to take no more of them
 */
export function takeStrays(run: TestRun, listener: Listener): () => void {
  if (!installed) {
    installed = true;
    process.on('unhandledRejection', onStray);
    process.on('uncaughtException', onStray);
    takeOutput();
  }
  listeners.set(run, listener);
  return () => void listeners.delete(run);
}
