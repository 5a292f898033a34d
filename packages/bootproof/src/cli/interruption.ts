import { BootproofError, exitStatus } from '../base/errors.ts';

/** Turns SIGINT, SIGTERM and SIGHUP into one abort; a second one ends the process at once. */
export interface Interruption {
  readonly signal: AbortSignal;
  dispose(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function createInterruption(): Interruption {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      // Children were told to die with their parent, so that ending here leaves nothing running.
      process.exit(exitStatus.interrupted);
    }
    controller.abort(
      new BootproofError(`interrupted by ${name}`, {
        kind: 'interrupted',
        hint: 'Nothing was left running. A second Ctrl-C ends without cleaning up.',
      }),
    );
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
