import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { createDisplay } from '../../src/reports/display.ts';
import { LiveScreen } from '../../src/reports/live.ts';
import { feed, Recorder } from './displays.ts';
import { eventsOf, failing, proven } from './fixtures.ts';

const env = { NO_COLOR: '1', LANG: 'C.UTF-8' };

describe('the screen', () => {
  const screen = (hosts: readonly string[], rows = 24) => {
    const stream = new Recorder(true);
    stream.rows = rows;
    let clock = 1_000;
    const shown = new LiveScreen({ stream, env, hosts, now: () => clock });
    return { shown, pass: (ms: number) => (clock += ms) };
  };

  test('times go on between events', () => {
    const { shown, pass } = screen(['hl02']);
    // The run told its first event 500 ms after it began.
    shown.onEvent('hl02', { type: 'phase-started', phase: 'boot', atMs: 500 });
    expect(shown.draw()).toContain('hl02  0 s');
    pass(4_600);
    expect(shown.draw()).toContain('hl02  5 s');
  });

  test('hosts side by side share the rows', () => {
    const { shown } = screen(['hl02', 'hl03', 'hl04']);
    for (const host of ['hl02', 'hl03', 'hl04'])
      for (const event of eventsOf(failing).slice(0, -1)) shown.onEvent(host, event);
    const lines = shown.draw().split('\n');
    expect(lines.length).toBeLessThanOrEqual(22);
    expect(lines.filter((line) => /^\S hl0\d /.test(line))).toHaveLength(3);
  });

  test('the end has each host, its table, its problems whole, and the hosts at a glance', () => {
    const { shown } = screen(['hl02', 'hl03']);
    for (const event of eventsOf(proven)) shown.onEvent('hl02', event);
    for (const event of eventsOf({ ...failing, host: 'hl03' })) shown.onEvent('hl03', event);
    const end = shown.drawEnd();
    expect(end).toContain('✓ hostid prints 92bbb1e6');
    expect(end).toContain('look at   In the machine: systemctl --failed');
    expect(end).toContain('1 of 2 hosts proven');
  });
});

describe('the display on a terminal', () => {
  const open = async () => {
    const stream = new Recorder(true);
    return { stream, display: await createDisplay({ stream, env, hosts: ['hl02'] }) };
  };

  test('draws while the run goes on, and leaves its end and a cursor', async () => {
    const { stream, display } = await open();
    feed(display, failing, 20);
    await vi.waitUntil(() => stream.text.includes('boot'), { timeout: 10_000, interval: 20 });
    feed(display, failing);
    await display.close();
    const written = stream.text.length;
    await display.close();
    expect(stream.text).toHaveLength(written);
    expect(stream.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stream.text.lastIndexOf('\u001b[?25l'));
    const end = stripVTControlCharacters(stream.text);
    expect(end).toContain('✗ hl02 is not proven');
    expect(end).toContain('expected  running');
  });

  test('an interrupted process leaves what was seen so far', async () => {
    const { stream, display } = await open();
    feed(display, proven, 20);
    await display.close();
    expect(stripVTControlCharacters(stream.text)).toContain('✓ the image carries no authorized key');
  });

  test('its listener on the end of the process goes with it', async () => {
    const before = process.listenerCount('exit');
    const { display } = await open();
    await display.close();
    expect(process.listenerCount('exit')).toBe(before);
  });
});
