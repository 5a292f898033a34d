import { describe, expect, test } from 'vitest';
import type { OptionCoverage } from '../../src/plan/coverage.ts';
import {
  coverageBecause,
  coverageSentence,
  coverageWord,
  formatCoverage,
  scoreText,
} from '../../src/reports/coverage.ts';
import { formatHtml } from '../../src/reports/html/report.ts';
import { formatMarkdown } from '../../src/reports/markdown.ts';
import { textStyle } from '../../src/reports/style.ts';
import { formatSummary } from '../../src/reports/summary.ts';
import { displayWidth } from '../../src/reports/text.ts';
import { failing, hostile, onNixos, proven } from './fixtures.ts';

const plain = (columns: number) => textStyle({ columns, colour: false, unicode: true });
const { coverage } = proven;

const option = (verdict: OptionCoverage['verdict']): OptionCoverage => ({
  option: 'a.b',
  files: [],
  verdict,
  probes: [],
});

describe('the figure', () => {
  test('counts what can be proven, and names the rest as others', () => {
    expect(coverageSentence(coverage)).toBe('Coverage 50 %: 1 of 2 options that can be proven; 3 others');
    expect(coverageSentence([option('proven')])).toBe('Coverage 100 %: 1 of 1 option that can be proven');
    expect(coverageSentence([])).toBe('Coverage 100 %: 0 of 0 options that can be proven');
  });

  test('is never rounded up to all', () => {
    const many = [...Array.from({ length: 2999 }, () => option('proven')), option('unproven')];
    expect(scoreText(many)).toBe('99.9 %');
  });

  test('is in every report', async () => {
    const figure = 'Coverage 50 %: 1 of 2 options';
    expect(formatSummary(proven, { style: plain(160) })).toContain(figure);
    expect(formatMarkdown(proven)).toContain(figure);
    expect(await formatHtml({ result: proven })).toContain(figure);
    const without = { ...proven, coverage: [] };
    expect(formatSummary(without, { style: plain(160) })).not.toContain('Coverage');
    expect(formatMarkdown(without)).not.toContain('Coverage');
    expect(await formatHtml({ result: without })).not.toContain('id="coverage"');
  });
});

describe('the table', () => {
  test('has each option with its place, and its probes or the reason', () => {
    const text = formatCoverage(coverage, plain(120));
    for (const { option: name, files, probes, reason } of coverage) {
      expect(text).toContain(name);
      for (const part of [...files, ...probes, ...(reason === undefined ? [] : [reason])]) {
        expect(text).toContain(part);
      }
    }
    expect(text.indexOf('unproven (1)')).toBeLessThan(text.indexOf('proven (1)', 12));
    expect(text).toContain('extraProbes');
    expect(text.split('\n').at(-1)).toBe(coverageSentence(coverage));
  });

  test.each([30, 60, 100])('keeps to %i columns, whatever the names are', (columns) => {
    for (const each of [coverage, hostile.coverage]) {
      for (const line of formatCoverage(each, plain(columns)).split('\n')) {
        expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      }
    }
  });
});

test('on NixOS nothing reads as left out', async () => {
  expect(coverageWord('not realised')).toBe('not realised by the stand-in');
  for (const verdict of ['not realised', 'nixos only'] as const) {
    expect(coverageWord(verdict, 'nixos')).toBe('built by NixOS');
    expect(coverageBecause({ ...option(verdict), reason: 'the stand-in has no Nix' }, 'nixos')).not.toContain(
      'stand-in',
    );
  }
  const html = await formatHtml({ result: onNixos });
  expect(html).toContain('built by NixOS');
});

test('a probe that failed is marked so beside the option that it was to prove', async () => {
  const failed = failing.proofs.find(({ verdict }) => verdict === 'failed');
  const id = failed?.probe.id ?? '';
  const html = await formatHtml({
    result: { ...failing, coverage: [{ ...option('proven'), probes: [id] }] },
  });
  const section = html.slice(html.indexOf('id="coverage"'));
  expect(section.slice(0, section.indexOf('</section>'))).toMatch(/<li class="failed">.*failed: .*boot\//);
});
