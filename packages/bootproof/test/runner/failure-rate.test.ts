import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureRateInterval, rateThatShows } from '../../src/runner/failure-rate.ts';

// Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i: between %f and %f', (failures, runs, low, high) => {
  const interval = failureRateInterval(failures, runs);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test('the interval holds the rate that was seen, lies within 0 and 1, and turns with the question', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (runs, some) => {
      const failures = some % (runs + 1);
      const { low, high } = failureRateInterval(failures, runs);
      const turned = failureRateInterval(runs - failures, runs);
      expect(low).toBeLessThanOrEqual(failures / runs);
      expect(high).toBeGreaterThanOrEqual(failures / runs);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(turned.low).toBeCloseTo(1 - high, 12);
    }),
  );
});

test('at the rate that shows, a series without a failure has a chance of 5 %', () => {
  for (const runs of [1, 5, 20, 300]) expect((1 - rateThatShows(runs)) ** runs).toBeCloseTo(0.05, 12);
});

test('no runs, or more failures than runs, say nothing', () => {
  expect(() => failureRateInterval(0, 0)).toThrow(RangeError);
  expect(() => failureRateInterval(3, 2)).toThrow(RangeError);
});
