/**
 * The promise of something that a test has asked of the machine. It knows whether somebody has awaited it, and its own
 * rejection is never an unhandled one: the test is told of it in another way.
 */
export class Call<T> extends Promise<T> {
  // What follows from it is a plain promise: only the call itself has to be awaited.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #awaited = false;
  #settled = false;

  static of<T>(work: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Call<T> {
    const call = new Call<T>(work);
    const settle = () => {
      call.#settled = true;
    };
    Promise.prototype.then.call(call, settle, settle);
    return call;
  }

  /** What is wrong with it when its test has ended; undefined when it was awaited to its end. */
  get neglect(): 'was not awaited' | 'had not ended' | undefined {
    if (!this.#awaited) return 'was not awaited';
    return this.#settled ? undefined : 'had not ended';
  }

  // biome-ignore lint/suspicious/noThenProperty: `await` calls it, which is what has to be known
  override then<Value = T, Other = never>(
    onValue?: ((value: T) => Value | PromiseLike<Value>) | null,
    onError?: ((error: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    this.#awaited = true;
    return super.then(onValue, onError);
  }
}
