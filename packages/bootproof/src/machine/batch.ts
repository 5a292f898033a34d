import { BootproofError } from '../base/errors.ts';

/** A question that has no answer, and that spoils the answer to those that are asked together with it. */
export class NoAnswer extends BootproofError {
  constructor(message: string) {
    super(message, { kind: 'unproven' });
    this.name = 'NoAnswer';
  }
}

/**
 * Gathers questions that are asked in the same turn of the event loop and asks them together: a question that costs a
 * new process in the guest costs it only once.
 */
export class Batch<Answer> {
  readonly #ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, Answer>>;
  #waiting = new Map<
    string,
    { promise: Promise<Answer>; settle: (answers: Promise<ReadonlyMap<string, Answer>>) => void }
  >();

  /** @param ask answers all keys. When it rejects with `NoAnswer`, each key is asked for by itself. */
  constructor(ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, Answer>>) {
    this.#ask = ask;
  }

  /** The answer for one key; the same key asked twice in one turn is asked once. */
  get(key: string): Promise<Answer> {
    const known = this.#waiting.get(key);
    if (known) return known.promise;
    if (this.#waiting.size === 0) setImmediate(() => this.#flush());
    let settle: (answers: Promise<ReadonlyMap<string, Answer>>) => void = () => {};
    const promise = new Promise<ReadonlyMap<string, Answer>>((resolve) => {
      settle = resolve;
    }).then((answers) => {
      if (!answers.has(key)) throw new Error(`no answer for ${key}`);
      return answers.get(key) as Answer;
    });
    this.#waiting.set(key, { promise, settle });
    return promise;
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const together = this.#ask([...waiting.keys()]);
    for (const [key, { settle }] of waiting) {
      settle(
        together.catch((error: unknown) => {
          if (error instanceof NoAnswer && waiting.size > 1) return this.#ask([key]);
          throw error;
        }),
      );
    }
  }
}
