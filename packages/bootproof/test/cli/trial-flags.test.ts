import { expect, test } from 'vitest';
import { refuseNonsense, trialsFor } from '../../src/cli/trial-flags.ts';

test('nothing follows the first boot unless asked for', () => {
  expect(trialsFor({ repeat: 1 }, 0)).toEqual({ reboot: false });
  expect(trialsFor({ repeat: 1, reboot: true }, 0)).toEqual({ reboot: true });
});

test('a given seed goes up with each run; without one each run draws its own', () => {
  const seeds = [0, 1, 2].map(
    (round) => trialsFor({ repeat: 3, powerCut: true, seed: 40 }, round).powerCut?.seed,
  );
  expect(seeds).toEqual([40, 41, 42]);
  const drawn = Array.from({ length: 50 }, () => trialsFor({ repeat: 1, powerCut: true }, 0).powerCut?.seed);
  expect(new Set(drawn).size).toBeGreaterThan(10);
});

test('options that say nothing together are refused', () => {
  expect(() => refuseNonsense({ repeat: 1, seed: 3 })).toThrow('--seed');
  expect(() => refuseNonsense({ repeat: 2, keep: true })).toThrow('--keep');
  expect(() => refuseNonsense({ repeat: 1, keep: true })).not.toThrow();
  expect(() => refuseNonsense({ repeat: 2, powerCut: true, seed: 0 })).not.toThrow();
});
