import { describe, expect, test } from 'vitest';
import { clock, guestClock } from '../../../src/probes/kinds/clock.ts';
import { fakeTarget } from '../fake-target.ts';

const stat = (since: number) => `cpu  1 2 3\nintr 99 0\nctxt 12\nbtime ${since}\nprocesses 7\n`;

/** A machine that was booted at second 1000 by its own clock and asked 30.5 s later, while this computer's clock says `now`. */
const look = (...now: number[]) =>
  clock.observe(
    fakeTarget({
      files: { '/proc/stat': stat(1000), '/proc/uptime': '30.50 55.12\n' },
      now: () => (now.length > 1 ? (now.shift() ?? 0) : (now[0] ?? 0)) * 1000,
    }),
    {},
  );

describe('the clock', () => {
  test.each([
    [1030.5, 'passed', 'right'],
    [970.5, 'passed', '60 s ahead'],
    [1090.5, 'passed', '60 s behind'],
    [969, 'failed', '62 s ahead'],
    [1030.5 + 3600, 'failed', '3600 s behind'],
    [1030.5 - 86_400, 'failed', '86400 s ahead'],
  ])('when it is %d here', async (now, verdict, seen) => {
    expect(await look(now)).toMatchObject({ verdict, seen });
  });

  test('is right at any time between the question and the answer', async () => {
    expect(await look(900, 1200)).toMatchObject({ verdict: 'passed', seen: 'right' });
    expect(await look(1100.5, 1200)).toMatchObject({ verdict: 'failed', seen: '70 s behind' });
  });

  test('is not right where nothing is told of it', async () => {
    const silent = fakeTarget({ files: { '/proc/stat': stat(0) } });
    expect(await clock.observe(silent, {})).toMatchObject({
      verdict: 'failed',
      seen: 'no time in /proc/stat and /proc/uptime',
    });
    expect(guestClock(undefined, '30.50 55.12\n')).toBeUndefined();
    expect(guestClock('intr 1\n', '30.50 55.12\n')).toBeUndefined();
  });
});
