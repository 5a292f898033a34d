import { expect, test } from 'vitest';
import { summariseRuns } from '../../src/runner/repeat.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { failing, interrupted, proven } from '../reports/fixtures.ts';

const runs = (...results: RunResult[]) =>
  results.map((result, index) => ({ result, folder: `.bootproof/runs/hl02/${index + 1}` }));

test('all proven: the rate that would have shown, and no probe', () => {
  const summary = summariseRuns(runs(...Array.from({ length: 20 }, () => proven)), 20);
  expect(summary).toMatchObject({ host: 'hl02', wanted: 20, runs: 20, proven: 20, probes: [] });
  expect(summary.wouldHaveShown).toBeCloseTo(0.1391, 4);
  expect(summary.failureRate?.low).toBe(0);
  expect(summary.each).toHaveLength(20);
});

test('failures are told by probe, the most frequent first, with what was seen', () => {
  const summary = summariseRuns(runs(proven, failing, failing), 3);
  expect(summary).toMatchObject({ runs: 3, proven: 1 });
  expect(summary.wouldHaveShown).toBeUndefined();
  const failedIds = failing.proofs.filter(({ verdict }) => verdict === 'failed').map(({ probe }) => probe.id);
  expect(failedIds.length).toBeGreaterThan(0);
  expect(summary.probes.slice(0, failedIds.length).map(({ probe }) => probe.id)).toEqual(failedIds);
  for (const { failed, seen } of summary.probes.slice(0, failedIds.length)) {
    expect(failed).toBe(2);
    expect(seen).toHaveLength(1);
  }
});

test('an interrupted run is listed and not counted', () => {
  const summary = summariseRuns(runs(proven, interrupted), 5);
  expect(summary).toMatchObject({ wanted: 5, runs: 1, proven: 1 });
  expect(summary.each.map(({ verdict }) => verdict)).toEqual(['proven', 'interrupted']);
  const none = summariseRuns(runs(interrupted), 5);
  expect(none.failureRate).toBeUndefined();
  expect(none.wouldHaveShown).toBeUndefined();
});

test("the seed of each run's power cut is kept", () => {
  const cut: RunResult = {
    ...proven,
    laterBoots: [{ after: 'power cut', startedMs: 1, spans: [], powerCut: { seed: 12, afterMs: 700 } }],
  };
  expect(summariseRuns(runs(proven, cut), 2).each.map(({ seed }) => seed)).toEqual([undefined, 12]);
});
