import { describe, expect, test } from 'vitest';
import { type ShareOutOptions, shareOut } from '../../src/mutation/share-out.ts';

/** A promise that the test settles. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

type Options = ShareOutOptions<string, string>;
const never = new AbortController().signal;

/** Ends with the signal, as what a machine is asked does. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Workers that note what becomes of them. */
function crew(work: (item: string, number: number, signal: AbortSignal) => Promise<string>) {
  const log: string[] = [];
  const open: Options['open'] = async (number, signal) => {
    log.push(`${number} opened`);
    return {
      work: (item) => {
        log.push(`${number} takes ${item}`);
        return work(item, number, signal);
      },
      close: async () => void log.push(`${number} closed`),
    };
  };
  return { log, open };
}

describe('items are shared out', () => {
  test('from one queue: who is free takes the next', async () => {
    const slow = gate();
    const { log, open } = crew(async (item, number) => {
      if (item === 'a') await slow.passed;
      if (item === 'd') slow.open();
      return `${item}${number}`;
    });
    const values = await shareOut({ items: ['a', 'b', 'c', 'd'], width: 2, signal: never, open });
    // In the items' order, although the first was done last.
    expect(values).toEqual(['a1', 'b2', 'c2', 'd2']);
    expect(log.filter((line) => line.endsWith('closed')).sort()).toEqual(['1 closed', '2 closed']);
  });

  test('among no more workers than there are items', async () => {
    const { log, open } = crew(async (item) => item);
    await shareOut({ items: ['a'], width: 4, signal: never, open });
    expect(log).toEqual(['1 opened', '1 takes a', '1 closed']);
    expect(await shareOut({ items: [], width: 4, signal: never, open })).toEqual([]);
  });
});

describe('all workers end, and the whole fails,', () => {
  test('when one of them does not come into being', async () => {
    const { log, open } = crew((_item, _number, signal) => untilAborted(signal));
    const failing: Options['open'] = async (number, signal) => {
      if (number === 2) throw new Error('the second does not boot');
      return open(number, signal);
    };
    const shared = shareOut({ items: ['a', 'b', 'c'], width: 2, signal: never, open: failing });
    await expect(shared).rejects.toThrow('the second does not boot');
    expect(log).toEqual(['1 opened', '1 takes a', '1 closed']);
  });

  test('when one of them breaks, with what it broke of', async () => {
    const { log, open } = crew(async (item, _number, signal) => {
      if (item === 'b') throw new Error('QEMU died');
      return untilAborted(signal);
    });
    const shared = shareOut({ items: ['a', 'b', 'c'], width: 2, signal: never, open });
    await expect(shared).rejects.toThrow('QEMU died');
    expect(log.filter((line) => line.endsWith('closed'))).toHaveLength(2);
    expect(log).not.toContain('1 takes c');
  });

  test('on an interruption, with its reason, also of a worker that does not heed it', async () => {
    const interruption = new AbortController();
    const { log, open } = crew(async (item) => {
      interruption.abort(new Error('interrupted by SIGINT'));
      return item;
    });
    const { signal } = interruption;
    const shared = shareOut({ items: ['a', 'b'], width: 1, signal, open });
    await expect(shared).rejects.toThrow('interrupted by SIGINT');
    expect(log).toEqual(['1 opened', '1 takes a', '1 closed']);
  });
});
