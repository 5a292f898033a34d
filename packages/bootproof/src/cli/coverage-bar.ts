import { BootproofError } from '../base/errors.ts';
import { coverageScore } from '../plan/coverage.ts';
import type { Test } from '../plan/test.ts';
import { scoreText, wouldProve } from '../reports/coverage.ts';

/**
 * Holds plans to a coverage, before anything is booted.
 *
 * @param bar percent of what can be proven
 * @throws BootproofError of kind `unproven` that names every option that the plans below the bar do not prove
 */
export function requireCoverage(tests: readonly Pick<Test, 'hostName' | 'coverage'>[], bar: number): void {
  const below = tests.filter(({ coverage }) => coverageScore(coverage) < bar);
  if (below.length === 0) return;
  const texts = below.map(({ hostName, coverage }) => {
    const missing = coverage.filter(({ verdict }) => verdict === 'unproven');
    return [
      `${hostName} proves ${scoreText(coverage)} of what can be proven, and ${bar} % is wanted. Not proven:`,
      ...missing.map(
        ({ option, files }) =>
          `  ${option} (${files.join(', ') || 'no file'})\n    what would: ${wouldProve(option)}`,
      ),
    ].join('\n');
  });
  throw new BootproofError(texts.join('\n\n'), {
    kind: 'unproven',
    hint: `Nothing was booted. \`bootproof plan ${below.map(({ hostName }) => hostName).join(' ')} --coverage\` lists every option.`,
  });
}
