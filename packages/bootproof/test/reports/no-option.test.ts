import { describe, expect, test } from 'vitest';
import { formatHtml } from '../../src/reports/html/report.ts';
import { formatJson, parseResult } from '../../src/reports/json.ts';
import { formatJunit } from '../../src/reports/junit.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { failing } from './fixtures.ts';

/** A run whose probes are about what every machine has to be, and so about no option. */
const bare: RunResult = {
  ...failing,
  proofs: failing.proofs.map((proof) => ({ ...proof, probe: { ...proof.probe, proves: [] } })),
};

describe('a probe that proves no option', () => {
  test('is in result.json, and read back', async () => {
    const again = await parseResult(formatJson(bare));
    expect(again.proofs.map(({ probe }) => probe.proves)).toEqual(bare.proofs.map(() => []));
  });

  test('has no empty list in the report', async () => {
    const html = await formatHtml({ result: bare });
    expect(html).toContain('no option');
    expect(html).not.toContain('<ul class="options"></ul>');
    expect(await formatHtml({ result: failing })).not.toContain('<span>no option</span>');
  });

  test('has no empty line in junit.xml', async () => {
    expect(await formatJunit(failing)).toContain('proves: ');
    expect(await formatJunit(bare)).not.toContain('proves:');
  });
});
