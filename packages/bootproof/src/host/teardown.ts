import { Deadline, within } from './deadline.ts';

/** A step of a teardown that went wrong. */
export interface TeardownFault {
  readonly step: string;
  readonly error: Error;
}

interface Step {
  readonly name: string;
  readonly undo: (deadline: Deadline) => void | Promise<void>;
}

/**
 * What has to be undone, in reverse order. Add a step before the work that it undoes, so that half a setup is undone
 * too; an undo must therefore bear that its work never began.
 */
export class Teardown {
  readonly #steps: Step[] = [];
  #running: Promise<readonly TeardownFault[]> | undefined;
  #finished = false;

  /**
   * Queues a step; it runs before all steps queued earlier. Returns the way to take it out again. A step added while
   * the teardown runs still runs; after its end it is an error.
   */
  add(name: string, undo: (deadline: Deadline) => void | Promise<void>): () => void {
    if (this.#finished) throw new Error(`${name}: the teardown is over`);
    const step: Step = { name, undo };
    this.#steps.push(step);
    return () => {
      const place = this.#steps.indexOf(step);
      if (place >= 0) this.#steps.splice(place, 1);
    };
  }

  /**
   * Undoes everything; every step is tried, whatever became of the others. `budgetMs` (10 s) is each step's own: a
   * cleanup never starts under the spent deadline of what it cleans up. Never rejects. A second call joins the first.
   */
  run({ budgetMs = 10_000 }: { readonly budgetMs?: number } = {}): Promise<readonly TeardownFault[]> {
    this.#running ??= this.#undoAll(budgetMs);
    return this.#running;
  }

  async #undoAll(budgetMs: number): Promise<readonly TeardownFault[]> {
    const faults: TeardownFault[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      const { name, undo } = step;
      const deadline = Deadline.after(budgetMs);
      try {
        // Called inside a promise, so that an undo that throws at once is caught like one that rejects.
        const work = (async () => undo(deadline))();
        await within(deadline, work, () => new Error(`not done within ${budgetMs} ms`));
      } catch (error) {
        faults.push({ step: name, error: error instanceof Error ? error : new Error(String(error)) });
      }
    }
    this.#finished = true;
    return faults;
  }
}
