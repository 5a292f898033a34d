import { expect, test } from 'vitest';
import { allOf, inPool } from '../../src/host/pool.ts';

test('so many are worked on at a time, and outcomes come in the order of the items', async () => {
  let [now, most] = [0, 0];
  const ends: (() => void)[] = [];
  const outcomes = inPool(['a', 'b', 'c'], 2, async (item) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise<void>((resolve) => ends.push(resolve));
    now -= 1;
    return item.toUpperCase();
  });
  // The second ends first, and makes room for the third.
  ends[1]?.();
  while (ends.length < 3) await Promise.resolve();
  ends[2]?.();
  ends[0]?.();
  expect((await outcomes).map((outcome) => 'value' in outcome && outcome.value)).toEqual(['A', 'B', 'C']);
  expect(most).toBe(2);
});

test('every item is tried, whatever became of the others', async () => {
  const outcomes = await inPool([1, 2, 3], 1, async (item) => {
    if (item === 2) throw new Error('two');
    return item;
  });
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: new Error('two') },
    { status: 'fulfilled', value: 3 },
  ]);
});

test('all of them are had, or the first error', () => {
  const done = { status: 'fulfilled', value: 1 } as const;
  const broken = (text: string) => ({ status: 'rejected', reason: new Error(text) }) as const;
  expect(allOf([done, done])).toEqual([1, 1]);
  expect(() => allOf([done, broken('first'), broken('second')])).toThrow('first');
});
