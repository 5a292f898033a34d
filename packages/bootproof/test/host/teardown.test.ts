import { describe, expect, it } from 'vitest';
import { Teardown } from '../../src/host/teardown.ts';

describe('Teardown', () => {
  it('undoes in reverse order', async () => {
    const order: string[] = [];
    const teardown = new Teardown();
    for (const name of ['folder', 'disk', 'QEMU']) teardown.add(name, () => void order.push(name));
    expect(await teardown.run()).toEqual([]);
    expect(order).toEqual(['QEMU', 'disk', 'folder']);
  });

  it('tries every step and reports what went wrong', async () => {
    const order: string[] = [];
    const teardown = new Teardown();
    teardown.add('first', () => void order.push('first'));
    teardown.add('throws', () => {
      throw new Error('no');
    });
    teardown.add('rejects', async () => Promise.reject(new Error('neither')));
    teardown.add('hangs', () => new Promise(() => {}));
    const faults = await teardown.run({ budgetMs: 20 });
    expect(faults.map(({ step, error }) => `${step}: ${error.message}`)).toEqual([
      'hangs: not done within 20 ms',
      'rejects: neither',
      'throws: no',
    ]);
    expect(order).toEqual(['first']);
  });

  it('gives each step its own budget', async () => {
    const teardown = new Teardown();
    const left: number[] = [];
    teardown.add('later', (deadline) => void left.push(deadline.remainingMs()));
    teardown.add('spends all', () => new Promise(() => {}));
    await teardown.run({ budgetMs: 20 });
    expect(left[0]).toBeGreaterThan(0);
  });

  it('runs once, however often it is asked', async () => {
    let times = 0;
    const teardown = new Teardown();
    teardown.add('count', () => {
      times += 1;
    });
    await Promise.all([teardown.run(), teardown.run()]);
    await teardown.run();
    expect(times).toBe(1);
  });

  it('runs steps added on the way, forgets those taken out, and refuses those that come too late', async () => {
    const order: string[] = [];
    const teardown = new Teardown();
    teardown.add('kept', () => void order.push('kept'));
    teardown.add('taken out', () => void order.push('taken out'))();
    teardown.add('adds', () => {
      order.push('adds');
      teardown.add('added', () => void order.push('added'));
    });
    await teardown.run();
    expect(order).toEqual(['adds', 'added', 'kept']);
    expect(() => teardown.add('late', () => {})).toThrow('late: the teardown is over');
  });
});
