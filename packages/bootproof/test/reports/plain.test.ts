import { describe, expect, test } from 'vitest';
import { createDisplay } from '../../src/reports/display.ts';
import { PlainLines } from '../../src/reports/plain.ts';
import { textStyle } from '../../src/reports/style.ts';
import { feed, Recorder } from './displays.ts';
import { failing, hostile, probes, proven } from './fixtures.ts';

const open = async (hosts: readonly string[], env: Record<string, string> = {}) => {
  const stream = new Recorder();
  return { stream, display: await createDisplay({ stream, env, hosts, folderOf: (host) => `runs/${host}` }) };
};

test('each probe has a line with the elapsed seconds, its verdict and its evidence', async () => {
  const { stream, display } = await open(['hl02']);
  feed(display, failing);
  const lines = stream.lines;
  expect(lines.every((line) => /^ *\d+\.\d s {2}/.test(line))).toBe(true);
  expect(lines).toContainEqual(
    expect.stringMatching(/s {2}passed {2}hostid prints 92bbb1e6: 92bbb1e6 \(0\.8 s\)$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/s {2}FAILED sshd\.service is active: masked, inactive/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/s {2}REFUSED port 22 listens in the machine: sshd/));
  expect(lines.filter((line) => / {2}(passed|FAILED|REFUSED) /.test(line))).toHaveLength(probes.length);
});

test('lines are written when things happen, not at the end', async () => {
  const { stream, display } = await open(['hl02']);
  feed(display, proven, 12);
  expect(stream.lines.length).toBeGreaterThan(5);
});

test('closing prints problems whole, once', async () => {
  const { stream, display } = await open(['hl02']);
  feed(display, failing);
  const before = stream.text.length;
  await display.close();
  await display.close();
  const closing = stream.text.slice(before);
  expect(closing.match(/expected {2}running/g)).toHaveLength(1);
  expect(closing).toContain('Report: runs/hl02/report.html');
  // Each probe had its line already.
  expect(closing).not.toContain('hostid prints');
});

test('runs side by side are told apart', async () => {
  const { stream, display } = await open(['hl02', 'backup']);
  feed(display, proven);
  feed(display, { ...failing, host: 'backup' });
  expect(stream.lines.every((line) => / s {2}(hl02 {2}|backup) {2}/.test(line))).toBe(true);
  await display.close();
  expect(stream.text).toContain('1 of 2 hosts proven');
});

test('no terminal sequence is written, whatever a machine printed', async () => {
  const { stream, display } = await open(['hl02']);
  feed(display, hostile);
  await display.close();
  expect(stream.text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

describe('progress', () => {
  const lines = () => new PlainLines(textStyle({ colour: false, unicode: true }), 0);
  const say = (phase: 'image' | 'boot', detail: string, atMs: number) =>
    ({ type: 'phase-progress', phase, detail, atMs, fraction: 0.5 }) as const;

  test('a phase that has a message for every file is told every few seconds', () => {
    const told = lines();
    const given = Array.from({ length: 200 }, (_, index) =>
      told.line('hl02', say('image', `file ${index}`, index * 100)),
    );
    expect(given.filter((line) => line !== undefined)).toHaveLength(4);
    expect(given[0]).toContain('image: file 0 (50 %)');
  });

  test('each stage of a boot is told, once', () => {
    const told = lines();
    const stages = ['firmware', 'kernel', 'kernel', 'userspace'];
    expect(stages.map((stage, index) => told.line('hl02', say('boot', stage, index)) !== undefined)).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});
