import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { BootproofError } from '../base/errors.ts';

/** A lock whose holder has not renewed it for so long is taken over: the holder was killed. Milliseconds. */
export const lockStaleMs = 10_000;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, when somebody else holds the lock. */
  readonly onWait?: () => void;
  /** Milliseconds; `lockStaleMs` unless told. */
  readonly staleMs?: number;
}

/**
 * Does something while no other process does the same thing: waits for its turn, as long as that takes. Works between
 * processes and between computers that share the folder.
 *
 * @param work gets a signal that is also aborted when the lock was lost (the computer slept, somebody removed it).
 */
export async function withLock<T>(
  path: string,
  work: (signal: AbortSignal) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(path, options, (error) => lost.abort(error));
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([options.signal, lost.signal]);
  try {
    return await work(signal);
  } catch (error) {
    if (!lost.signal.aborted) throw error;
    throw new BootproofError(`the lock ${path} was lost while it was held`, {
      kind: 'missing',
      hint: 'The computer slept or was stopped in the middle of a build. Run the command again.',
      cause: lost.signal.reason,
    });
  } finally {
    // A lock that was lost is somebody else's by now.
    if (!lost.signal.aborted) await release().catch(() => {});
  }
}

/** Whether a living process holds the lock. */
export function isLocked(path: string, staleMs = lockStaleMs): Promise<boolean> {
  return lockfile.check(path, { realpath: false, stale: staleMs });
}

async function acquire(
  path: string,
  { signal, onWait, staleMs = lockStaleMs }: LockOptions,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true });
  for (let told = false; ; told = true) {
    if (signal?.aborted) throw interrupted(signal);
    try {
      return await lockfile.lock(path, { realpath: false, stale: staleMs, onCompromised });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error;
    }
    if (!told) onWait?.();
    await delay(200, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}

/** The error for work that its caller called off. */
export function interrupted(signal: AbortSignal): BootproofError {
  return new BootproofError('the build was interrupted', { kind: 'interrupted', cause: signal.reason });
}
