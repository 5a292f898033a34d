import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watch } from '../../src/host/watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what comes to be seen is told once', () => {
  let seen: string | undefined;
  const told: string[] = [];
  watch(
    () => seen,
    (sight) => told.push(sight),
  );
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
  seen = 'panic';
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual(['panic']);
  expect(vi.getTimerCount()).toBe(0);
});

test('nothing is told, and no timer is left, once it is called off', () => {
  const told: string[] = [];
  const unwatch = watch(
    () => 'panic',
    (sight) => told.push(sight),
  );
  unwatch();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
