/** A run as Markdown, for the summary page of a GitHub Actions step. */
import type { Proof } from '../probes/probe.ts';
import type { RunResult } from '../runner/result.ts';
import { coverageSentence } from './coverage.ts';
import { oneLine, printable } from './text.ts';
import { count, duration, gist, setting, standInLimit, verdictReason, verdictSentence } from './words.ts';

/** Text on one line that Markdown shows as it is, in a table's cell too (GitHub Flavored Markdown, 6.1 and 4.10). */
export function markdownText(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~&#@$]/g, '\\$&');
}

/** A block of code with a fence that its text cannot close. */
export function codeBlock(text: string): string {
  const shown = printable(text).trimEnd();
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${shown}\n${fence}`;
}

// GitHub takes 1 MiB for a step's summary and then shows nothing of it.
const evidenceCharacters = 4_000;

function failureSection(proof: Proof): string {
  const evidence = proof.evidence.map(
    ({ source, text }) =>
      `${markdownText(source)}\n\n${codeBlock(text.length > evidenceCharacters ? `${text.slice(0, evidenceCharacters)}\n…` : text)}`,
  );
  const items = [
    ['Proves', proof.probe.proves.join(', ')],
    ['Expected', proof.expected],
    ['Seen', proof.seen],
    ['Reason', proof.reason ?? ''],
    ['Look at', proof.probe.hint],
  ].filter(([, value]) => value !== '');
  return [
    `### ✗ ${markdownText(proof.probe.title)}`,
    items.map(([label, value]) => `- **${label}**: ${markdownText(value ?? '')}`).join('\n'),
    ...evidence,
  ].join('\n\n');
}

const verdictWords = { passed: '✓ passed', failed: '✗ **failed**', refused: '⊘ refused' } as const;

/** One row of the table of probes. */
function row(proof: Proof): string {
  const cells = [
    verdictWords[proof.verdict],
    markdownText(proof.probe.title),
    proof.probe.proves.map(markdownText).join(', '),
    markdownText(gist(proof)),
    proof.verdict === 'refused' ? '' : duration(proof.durationMs),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A run's summary: verdict, failures whole, the table of probes (folded when all passed), options not realised. */
export function formatMarkdown(result: RunResult): string {
  const failed = result.proofs.filter(({ verdict }) => verdict === 'failed');
  const { breakdown, notRealised } = result;
  const table = [
    '| Verdict | Probe | Options | Seen | Time |',
    '| :-- | :-- | :-- | :-- | --: |',
    ...result.proofs.map(row),
  ].join('\n');
  const sections = [
    `## ${markdownText(verdictSentence(result))}`,
    `${markdownText(verdictReason(result))}. ${markdownText(setting(result))}.`,
    ...(result.coverage.length > 0 ? [`${markdownText(coverageSentence(result.coverage))}.`] : []),
    ...(breakdown
      ? [
          `### The machine broke down: ${breakdown.kind}`,
          markdownText(breakdown.detail),
          codeBlock(breakdown.lines.join('\n')),
        ]
      : []),
    ...failed.map(failureSection),
    `<details><summary>${count(result.proofs.length, 'probe')}</summary>\n\n${table}\n\n</details>`,
    ...(notRealised.length > 0
      ? [
          `<details><summary>${count(notRealised.length, 'option')} not realised by the stand-in</summary>\n\n${notRealised
            .map(({ option, reason }) => `- ${markdownText(option)}: ${markdownText(reason)}`)
            .join('\n')}\n\n${markdownText(standInLimit)}\n\n</details>`,
        ]
      : []),
  ];
  return `${sections.join('\n\n')}\n`;
}
