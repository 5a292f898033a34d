/** Points in time by which something must have happened, on the monotonic clock: a set wall clock moves none of them. */

export class Deadline {
  /** On `performance.now()`'s scale, milliseconds. */
  readonly expiresAt: number;
  /** What it was given at the start, for messages. Milliseconds. */
  readonly budgetMs: number;

  private constructor(expiresAt: number, budgetMs: number) {
    this.expiresAt = expiresAt;
    this.budgetMs = budgetMs;
  }

  /** The deadline that many milliseconds from now. */
  static after(ms: number): Deadline {
    const budgetMs = Math.max(0, ms);
    return new Deadline(performance.now() + budgetMs, budgetMs);
  }

  /** Milliseconds left, never below 0. */
  remainingMs(): number {
    return Math.max(0, this.expiresAt - performance.now());
  }

  get expired(): boolean {
    return this.remainingMs() === 0;
  }

  /** The earlier of this deadline and the one that many milliseconds from now: for a step of a longer wait. */
  capped(ms: number): Deadline {
    return ms < this.remainingMs() ? Deadline.after(ms) : this;
  }
}

/** Longest delay that a timer takes; above it Node fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls back when the deadline has passed. Returns the way to call that off. */
export function atDeadline(deadline: Deadline, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(longestTimerMs, Math.ceil(deadline.remainingMs())));
  return () => clearTimeout(timer);
}

/**
 * The promise's outcome, or the error that `late` makes when the deadline passes first. The promise itself is not
 * stopped: whoever made it ends it. To end with a scope as well, race inside: `within(deadline, scope.race(promise), …)`; the
 * other way round the timer would outlive the scope.
 */
export function within<T>(deadline: Deadline, promise: PromiseLike<T>, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const callOff = atDeadline(deadline, () => reject(late()));
    promise.then(
      (value) => {
        callOff();
        resolve(value);
      },
      (error: unknown) => {
        callOff();
        reject(error);
      },
    );
  });
}
