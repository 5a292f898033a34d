import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockOptions, hostBlock } from '../../src/reports/block.ts';
import { advance, type HostProgress, noProgress } from '../../src/reports/progress.ts';
import { textStyle } from '../../src/reports/style.ts';
import { displayWidth } from '../../src/reports/text.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { eventsOf, failing, hostile, hostileTexts, panicked, probes, proven } from './fixtures.ts';

const after = (events: readonly RunEvent[]): HostProgress => events.reduce(advance, noProgress('hl02'));

/** The state of a run up to a moment. */
const at = (atMs: number, run = proven) =>
  after(
    eventsOf(run).filter((event) => ('atMs' in event ? event.atMs <= atMs : event.type === 'run-started')),
  );

const draw = (state: HostProgress, options: Partial<BlockOptions> = {}) =>
  hostBlock(state, {
    style: textStyle({ columns: 80, colour: false, unicode: true }),
    nowMs: 30_000,
    frame: 0,
    rows: 40,
    ...options,
  });

test('a host of which nothing was heard is waiting', () => {
  expect(draw(noProgress('hl02'))).toEqual(['⠋ hl02  waiting']);
});

test('elapsed times tick', () => {
  const state = at(2_000);
  expect(draw(state, { nowMs: 2_000 })[0]).toBe('⠋ hl02  2 s');
  expect(draw(state, { nowMs: 65_000, frame: 3 })[0]).toBe('⠸ hl02  1:05');
});

test('the boot shows its stages so far', () => {
  const boot = (columns: number) =>
    draw(at(12_000), { style: textStyle({ columns, colour: false, unicode: true }) }).find((line) =>
      line.includes(' boot'),
    );
  expect(boot(80)).toContain('firmware → loader → kernel → userspace');
  // Where there is no room, the latest ones.
  expect(boot(44)).toMatch(/kernel → userspace$/);
  expect(boot(44)).not.toContain('firmware');
});

test('an image that is being built shows how far it is', () => {
  const building = after([
    { type: 'phase-started', phase: 'image', atMs: 0 },
    { type: 'phase-progress', phase: 'image', atMs: 1, detail: 'mmdebstrap: unpacking', fraction: 0.4 },
  ]);
  expect(draw(building).join('\n')).toMatch(/image .*━━━━╌╌╌╌╌╌ {2}40 % {2}mmdebstrap: unpacking/);
});

test('a probe that passed shows its evidence below it', () => {
  const lines = draw(at(31_000), { rows: 100 });
  const place = lines.findIndex((line) => line.includes('✓ hostid prints 92bbb1e6'));
  expect(place).toBeGreaterThan(0);
  expect(lines[place + 1]?.trim()).toBe('92bbb1e6');
});

test('where rows are short, failures and running probes stay, and the rest is counted', () => {
  const lines = draw(at(31_000, failing), { rows: 18 });
  expect(lines.length).toBeLessThanOrEqual(18);
  const text = lines.join('\n');
  expect(text).toContain('✗ sshd.service is active');
  expect(text).toContain('⠋ the system is running and no unit has failed');
  expect(text).toMatch(/… and \d+ more/);
});

test('every probe is either shown or counted', () => {
  const state = at(31_500);
  for (const rows of [8, 12, 20, 30, 90]) {
    const lines = draw(state, { rows });
    const shown = probes.filter(({ title }) => lines.some((line) => line.includes(title))).length;
    const hidden = Number(/and (\d+) more/.exec(lines.join('\n'))?.[1] ?? 0);
    expect(shown + hidden, `in ${rows} rows`).toBe(state.proofs.length + state.running.size);
  }
});

test('a finished run leaves its verdict and phases; its probes are the closing table', () => {
  const lines = draw(after(eventsOf(panicked)));
  expect(lines[0]).toBe('✗ hl02 is not proven  9.9 s');
  expect(lines.join('\n')).not.toContain('hostid');
});

test('a phase that failed says so', () => {
  const failed = after([
    { type: 'phase-started', phase: 'image', atMs: 0 },
    { type: 'phase-finished', phase: 'image', atMs: 900, outcome: 'failed', detail: 'no space left' },
  ]);
  expect(draw(failed)[1]).toMatch(/✗ image +0\.9 s {2}no space left/);
});

test('what has not ended when the display is closed is drawn as cut short', () => {
  const lines = draw(at(20_000), { ended: true }).join('\n');
  expect(lines).toMatch(/^⊘ hl02/);
  expect(lines).toContain('⊘ boot');
  expect(lines).not.toContain('⠋');
});

describe('at any size and moment', () => {
  const hostileEvents = eventsOf(hostile).map((event) =>
    event.type === 'phase-progress' ? { ...event, detail: hostileTexts.join(' '), fraction: 7 } : event,
  );
  const feeds = [eventsOf(proven), eventsOf(failing), hostileEvents];

  test('no line is wider than the terminal, and no block higher than its share', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...feeds),
        fc.nat(100),
        fc.oneof(fc.integer({ min: 20, max: 24 }), fc.integer({ min: 20, max: 200 })),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (feed, part, columns, rows, unicode) => {
          const state = after(feed.slice(0, Math.floor((feed.length * part) / 100)));
          const style = textStyle({ columns, colour: false, unicode });
          const lines = hostBlock(state, { style, nowMs: 31_000, frame: part, rows });
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows));
          for (const line of lines) {
            expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/\p{Cc}/u);
            if (!unicode) expect(line).toMatch(/^[\x20-\x7e]*$/);
          }
        },
      ),
    );
  });
});
