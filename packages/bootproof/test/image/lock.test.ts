import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLocked, withLock } from '../../src/image/lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-lock-'));
  path = join(folder, 'locks', 'key');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A promise with its resolver: lets a test hold a lock for as long as it likes. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('withLock', () => {
  it('lets one in at a time, tells the other that it waits, and lets go at the end', async () => {
    const order: string[] = [];
    const [first, told] = [gate(), gate()];
    const one = withLock(path, async () => {
      order.push('one in');
      await first.opened;
      order.push('one out');
    });
    await expect.poll(() => order).toEqual(['one in']);
    const two = withLock(path, async () => void order.push('two in'), { onWait: told.open });
    await told.opened;
    expect(await isLocked(path)).toBe(true);
    first.open();
    await Promise.all([one, two]);
    expect(order).toEqual(['one in', 'one out', 'two in']);
    expect(await isLocked(path)).toBe(false);
  });

  it('lets go when the work fails', async () => {
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await isLocked(path)).toBe(false);
  });

  it('takes over what a killed process left locked', async () => {
    await mkdir(`${path}.lock`, { recursive: true });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    expect(await withLock(path, async () => 'in')).toBe('in');
  });

  it('stops waiting when its caller calls off', async () => {
    const held = gate();
    const told = gate();
    const one = withLock(path, () => held.opened);
    const stop = new AbortController();
    await expect.poll(() => isLocked(path)).toBe(true);
    const two = withLock(path, async () => 'in', { signal: stop.signal, onWait: told.open });
    const refused = expect(two).rejects.toMatchObject({ kind: 'interrupted' });
    await told.opened;
    stop.abort();
    await refused;
    held.open();
    await one;
  });

  it('calls the work off when the lock is lost, and says so', async () => {
    const work = withLock(
      path,
      async (signal) => {
        await rm(`${path}.lock`, { recursive: true });
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('called off')), { once: true });
        });
      },
      { staleMs: 2000 },
    );
    await expect(work).rejects.toThrow(/the lock .* was lost/);
  });
});
