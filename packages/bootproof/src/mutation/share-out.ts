/** Somebody who works items off, one after the other, until there are none. */
export interface Worker<Item, Value> {
  work(item: Item): Promise<Value>;
  close(): Promise<void>;
}

export interface ShareOutOptions<Item, Value> {
  readonly items: readonly Item[];
  /** How many workers there are; never more than items. */
  readonly width: number;
  /** Ends everything when it is aborted. */
  readonly signal: AbortSignal;
  /** Brings the worker of this number, from 1, into being. Its signal also ends when another worker fails. */
  readonly open: (number: number, signal: AbortSignal) => Promise<Worker<Item, Value>>;
}

/**
 * Works all items off from one queue: whoever is free takes the next. All workers are needed. When one does not come into
 * being or throws, the others are ended, and what is still in the queue is not done in silence: the whole fails.
 *
 * @returns what the work came to, in the items' order
 * @throws the first error, after every worker was closed
 */
export async function shareOut<Item, Value>({
  items,
  width,
  signal,
  open,
}: ShareOutOptions<Item, Value>): Promise<Value[]> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const queue = [...items.entries()];
  const values: Value[] = [];
  const takePart = async (number: number): Promise<void> => {
    const worker = await open(number, either);
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, item] = next;
        values[index] = await worker.work(item);
        either.throwIfAborted();
      }
    } finally {
      await worker.close();
    }
  };
  const parts = Array.from({ length: Math.min(width, items.length) }, async (_, index) => {
    try {
      await takePart(index + 1);
    } catch (error) {
      failure.abort(error);
    }
  });
  await Promise.all(parts);
  failure.signal.throwIfAborted();
  return values;
}
