import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textStyle } from '../../src/reports/style.ts';
import { formatRollUp, formatSummary, formatTable } from '../../src/reports/summary.ts';
import { displayWidth } from '../../src/reports/text.ts';
import { failing, hostile, interrupted, onNixos, panicked, proven, refused } from './fixtures.ts';

const plain = (columns: number) => textStyle({ columns, colour: false, unicode: true });
const everyRun = { proven, failing, refused, panicked, interrupted, hostile };

describe.each(Object.entries(everyRun))('the summary of the %s run', (_name, result) => {
  test.each([20, 36, 50, 80, 110, 160, 240])('keeps to %i columns', (columns) => {
    for (const style of [plain(columns), textStyle({ columns, colour: true, unicode: true })]) {
      const lines = formatSummary(result, { style }).split('\n');
      for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    }
  });

  test('names every probe, and ends with the verdict', () => {
    const text = formatSummary(result, { style: plain(240) });
    for (const { probe } of result.proofs) expect(text).toContain(probe.title.slice(0, 20));
    expect(text.split('\n\n').at(-1)).toContain(
      result.verdict === 'interrupted' ? 'interrupted' : result.verdict,
    );
  });

  test('has no control character, and no other character than ASCII where asked', () => {
    const ascii = formatSummary(result, {
      style: textStyle({ columns: 100, colour: false, unicode: false }),
    });
    expect(ascii).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

test('a failure is told whole: probe, options, expected, seen, reason, evidence, hint', () => {
  const text = formatSummary(failing, { style: plain(160), table: false });
  for (const part of [
    'the system is running and no unit has failed',
    'networking.hostName',
    'expected  running',
    'seen      degraded; failed: systemd-networkd-wait-online.service',
    'reason    not seen within 10 s',
    'Wait for Network to be Configured',
    'look at   In the machine: systemctl --failed',
  ])
    expect(text).toContain(part);
});

test('refused probes are told once for each reason', () => {
  const text = formatSummary(failing, { style: plain(160), table: false });
  expect(text.match(/has not passed/g)).toHaveLength(1);
  expect(text).toContain('3 probes refused');
  expect(formatSummary(panicked, { style: plain(80), table: false })).toContain('and 18 more');
});

test('a breakdown comes with the console lines that matter', () => {
  const text = formatSummary(panicked, { style: plain(160), table: false });
  expect(text).toContain('The machine broke down: kernel panic');
  expect(text).toContain('[    5.105512] Kernel panic - not syncing');
});

test('the columns of the wide table stand under their headings, wide characters or not', () => {
  const [first] = proven.proofs;
  if (!first) throw new Error('the fixture has proofs');
  const titled = (title: string) => ({ ...first, probe: { ...first.probe, title }, seen: 'SEEN' });
  const text = formatTable({ ...proven, proofs: [titled('日本語のテスト'), titled('plain')] }, plain(120));
  const places = text
    .split('\n')
    .filter((line) => line.includes('SEEN') || line.includes('Seen'))
    .map((line) => displayWidth(line.slice(0, line.search(/SEEN|Seen/))));
  expect(places).toHaveLength(3);
  expect(new Set(places).size).toBe(1);
});

test('options that the stand-in does not realise are listed', () => {
  expect(formatSummary(proven, { style: plain(120) })).toContain(
    'nix.settings.experimental-features: The stand-in has no Nix.',
  );
});

test('nothing is left out of NixOS itself, and the stand-in is not spoken of', () => {
  const text = formatSummary(onNixos, { style: plain(120) });
  expect(text).toContain('NixOS image from the Nix store');
  expect(text).not.toMatch(/stand-in|not realised/);
});

test('the report is named whole, however narrow the terminal', () => {
  const text = formatSummary(proven, {
    style: plain(30),
    folder: '.bootproof/runs/hl02/2025-11-23T14-02-07/',
  });
  expect(text).toContain('Report: .bootproof/runs/hl02/2025-11-23T14-02-07/report.html');
});

test('several hosts get a line each, and the number of those that are proven', () => {
  const results = [proven, { ...failing, host: 'hl03' }, { ...interrupted, host: 'hl04' }];
  const text = formatRollUp(results, { style: plain(80), folderOf: (host) => `runs/${host}` });
  expect(text).toContain('1 of 3 hosts proven');
  expect(text).toContain('hl03  not proven  runs/hl03/report.html');
  expect(text).not.toContain('runs/hl02');
});

test('colours say nothing that the text does not', () => {
  const coloured = formatSummary(failing, { style: textStyle({ columns: 80, colour: true, unicode: true }) });
  expect(stripVTControlCharacters(coloured)).toBe(formatSummary(failing, { style: plain(80) }));
});
