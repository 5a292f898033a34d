import { BootproofError, messageOf } from '../base/errors.ts';
import { Scope } from '../host/scope.ts';
import { watch } from '../host/watch.ts';
import type { Machine } from './machine.ts';

/** How many of the console's lines an error shows. */
const shownLines = 8;

/**
 * Waits for a machine to come up, but no longer than it stands: a kernel that panicked answers nothing any more.
 *
 * @throws BootproofError with the console's last lines, when the wait fails or the machine breaks down; the work's own
 *   error when QEMU has ended or the run was interrupted.
 */
export async function whileItStands<T>(
  machine: Pick<Machine, 'breakdown' | 'console' | 'scope'>,
  work: Promise<T>,
): Promise<T> {
  const standing = new Scope();
  const unwatch = watch(
    () => machine.breakdown(),
    ({ kind, detail, lines }) => standing.close(failure(`${kind}: ${detail}`, lines)),
  );
  try {
    return await standing.race(work);
  } catch (error) {
    if (standing.closed || machine.scope.closed) throw error;
    throw failure(messageOf(error), machine.console.tail(shownLines));
  } finally {
    unwatch();
  }
}

function failure(what: string, lines: readonly string[]): BootproofError {
  return new BootproofError(
    `the machine did not come up: ${what}\nIts console's last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    { kind: 'unproven', hint: 'The whole console is in console.log of the run’s folder.' },
  );
}
