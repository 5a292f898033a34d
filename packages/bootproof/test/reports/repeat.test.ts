import { expect, test } from 'vitest';
import { formatRepeat, repeatSentence } from '../../src/reports/repeat.ts';
import { textStyle } from '../../src/reports/style.ts';
import { summariseRuns } from '../../src/runner/repeat.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { failing, interrupted, proven } from './fixtures.ts';

const series = (wanted: number, ...results: RunResult[]) =>
  summariseRuns(
    results.map((result) => ({ result, folder: 'runs/1' })),
    wanted,
  );
const times = (number: number, result: RunResult) => Array.from({ length: number }, () => result);
const style = textStyle({ columns: 100, colour: false, unicode: true });

test('what a series shows, in words that follow from its numbers', () => {
  expect(repeatSentence(series(20, ...times(20, proven)))).toBe(
    '20 of 20: a true failure rate above 14 % would show with 95 % confidence; it lies between 0 % and 17 % (Wilson, 95 %).',
  );
  expect(repeatSentence(series(100, ...times(100, proven)))).toContain('above 3 % would show');
  expect(repeatSentence(series(20, ...times(18, proven), ...times(2, failing)))).toBe(
    '18 of 20: 10 % failed; the true failure rate lies between 2.7 % and 31 % (Wilson, 95 %).',
  );
  expect(repeatSentence(series(5, proven, interrupted))).toMatch(/^1 of 1 \(5 were wanted\): /);
  expect(repeatSentence(series(5, interrupted))).toBe('No run of 5 came to its end: that shows nothing.');
});

test('only a whole series of proven runs is marked as good; each probe that missed is named', () => {
  expect(formatRepeat(series(2, proven, proven), style)).toMatch(/^✓ hl02, 2 of 2/);
  expect(formatRepeat(series(3, proven, interrupted), style)).toMatch(/^✗ /);
  const text = formatRepeat(series(2, proven, failing), style, '.bootproof/repeats/hl02/1.json');
  expect(text).toMatch(/^✗ hl02, 1 of 2/);
  expect(text).toContain('the system is running and no unit has failed: failed in 1 run');
  expect(text).toContain('Summary: .bootproof/repeats/hl02/1.json');
});
