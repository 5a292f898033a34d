import { setTimeout as delay } from 'node:timers/promises';
import { BootproofError } from '../base/errors.ts';
import { type Deadline, within } from './deadline.ts';
import { Scope } from './scope.ts';

/** One look: either what was waited for, or what was seen instead. */
export type Look<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly seen: string };

export interface PollOptions<T> {
  readonly deadline: Deadline;
  readonly signal?: AbortSignal | undefined;
  /** Ends the poll at once when it closes. */
  readonly scope?: Scope | undefined;
  /** What is waited for, as the user would say it: `sshd.service to be active`. */
  readonly describe: string;
  /** Looks once. Throwing ends the poll: the answer can no longer be yes. Gets the number of the look, from 1. */
  readonly attempt: (look: number) => Promise<Look<T>> | Look<T>;
  /** 50 ms unless told; each gap is half as long again as the last. */
  readonly firstGapMs?: number;
  /** 1 s unless told. */
  readonly maxGapMs?: number;
}

/** Waited for something in vain; the message says what was seen last. */
export class PollTimeout extends BootproofError {
  readonly lastSeen: string;

  constructor(describe: string, budgetMs: number, looks: number, lastSeen: string) {
    const seconds = Math.round(budgetMs / 100) / 10;
    super(`waited ${seconds} s for ${describe}, looked ${looks} times; last seen: ${lastSeen}`, {
      kind: 'unproven',
    });
    this.name = 'PollTimeout';
    this.lastSeen = lastSeen;
  }
}

/** Looks again and again, with growing gaps, until a look is done, throws, or the deadline passes. */
export async function poll<T>(options: PollOptions<T>): Promise<T> {
  const { deadline, describe, attempt, firstGapMs = 50, maxGapMs = 1000 } = options;
  const waits = new Scope();
  const unlink = linkTo(waits, options.signal, options.scope);
  let lastSeen = 'nothing yet';
  let looks = 0;
  const late = () => new PollTimeout(describe, deadline.budgetMs, looks, lastSeen);
  try {
    for (let gapMs = firstGapMs; ; gapMs = Math.min(maxGapMs, gapMs * 1.5)) {
      looks += 1;
      const looking = (async () => attempt(looks))();
      const look = await within(deadline, waits.race(looking), () => {
        lastSeen = looks > 1 ? `${lastSeen} (the last look got no answer)` : 'no answer to the first look';
        return late();
      });
      if (look.done) return look.value;
      lastSeen = look.seen;
      if (deadline.expired) throw late();
      await waits.race(delay(Math.min(gapMs, deadline.remainingMs()), undefined, { signal: waits.signal }));
    }
  } finally {
    unlink();
  }
}

function linkTo(waits: Scope, signal: AbortSignal | undefined, scope: Scope | undefined): () => void {
  const abort = () => waits.close(reasonOf(signal));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const leaveScope = scope?.onClose((reason) => waits.close(reason));
  return () => {
    signal?.removeEventListener('abort', abort);
    leaveScope?.();
  };
}

/** Why a signal was aborted, as an error whatever it was aborted with. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new BootproofError('interrupted', { kind: 'interrupted', cause: reason });
}
