import { describe, expect, it } from 'vitest';
import { Deadline, within } from '../../src/host/deadline.ts';

describe('Deadline', () => {
  it('counts down to zero and never below', () => {
    const deadline = Deadline.after(60_000);
    expect(deadline.remainingMs()).toBeGreaterThan(0);
    expect(deadline.remainingMs()).toBeLessThanOrEqual(60_000);
    expect(deadline.expired).toBe(false);
    const spent = Deadline.after(-5);
    expect(spent.remainingMs()).toBe(0);
    expect(spent.expired).toBe(true);
  });

  it('caps a step at the whole', () => {
    const whole = Deadline.after(60_000);
    expect(whole.capped(10).expiresAt).toBeLessThan(whole.expiresAt);
    expect(whole.capped(10).budgetMs).toBe(10);
    expect(whole.capped(120_000)).toBe(whole);
  });
});

describe('within', () => {
  it('gives the outcome of what comes in time', async () => {
    const late = () => new Error('late');
    await expect(within(Deadline.after(10_000), Promise.resolve(7), late)).resolves.toBe(7);
    await expect(within(Deadline.after(10_000), Promise.reject(new Error('own')), late)).rejects.toThrow(
      'own',
    );
  });

  it('rejects what never comes', async () => {
    const never = new Promise<number>(() => {});
    await expect(within(Deadline.after(5), never, () => new Error('late'))).rejects.toThrow('late');
  });
});
