import { setMaxListeners } from 'node:events';

/**
 * A scope ends every wait inside it at once, with one reason. A machine has one: when QEMU dies, whoever waits for the
 * console, the shell or the agent learns so at that moment, not at its own deadline.
 */
export class Scope {
  readonly #controller = new AbortController();
  readonly #waiters = new Set<(reason: Error) => void>();
  #reason: Error | undefined;

  constructor() {
    // As many may wait as like to: Node takes more than ten listeners for a leak.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Aborted, with the reason, when the scope closes: for what takes a signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get closed(): boolean {
    return this.#reason !== undefined;
  }

  /** Why it was closed; undefined while it is open. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Ends all waits with the reason. Only the first reason counts. */
  close(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter(reason);
    this.#controller.abort(reason);
  }

  /** Calls back when the scope closes, at once when it is closed already. Returns the way to call that off. */
  onClose(callback: (reason: Error) => void): () => void {
    if (this.#reason) {
      callback(this.#reason);
      return () => {};
    }
    this.#waiters.add(callback);
    return () => void this.#waiters.delete(callback);
  }

  /** The promise's outcome, or the scope's reason when it closes first. */
  race<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const callOff = this.onClose(reject);
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
}
