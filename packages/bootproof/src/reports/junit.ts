/**
 * junit.xml, for Jenkins, GitLab and the GitHub actions that read it. A failed probe is a failure, a refused one an error:
 * all of them count both as not passed, and none lets a skipped test fail a run.
 */
import type { Builder } from 'junit-report-builder';
import type { Proof } from '../probes/probe.ts';
import type { RunResult } from '../runner/result.ts';
import { oneLine, printable } from './text.ts';
import { serviceOf, verdictReason, verdictSentence } from './words.ts';

/** Characters that XML 1.0 can hold (https://www.w3.org/TR/xml/#charsets); others are replaced, also as references. */
function xmlText(text: string): string {
  return printable(text).replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}

const xmlLine = (text: string) => xmlText(oneLine(text));

// A name with a dot or a slash would be taken for a package or a folder by readers that build a tree of them.
const className = (proof: Proof, { host }: RunResult) =>
  `${xmlLine(host)}.${xmlLine(serviceOf(proof)).replace(/[./\s]+/g, '-')}`;

const seconds = (ms: number) => Number((Math.max(0, ms) / 1000).toFixed(3));

/** Text for a CDATA section. The library parts only the first `]]>`, and the next one would end the section. */
const sectionText = (text: string) => xmlText(text).replaceAll(']]>', ']] >');

/** What a reader shows below a test that did not pass. */
function details({ probe, expected, seen, reason, evidence }: Proof): string {
  return sectionText(
    [
      `expected: ${expected}`,
      `seen: ${seen}`,
      ...(reason === undefined ? [] : [`reason: ${reason}`]),
      ...(probe.proves.length === 0 ? [] : [`proves: ${probe.proves.join(', ')}`]),
      `look at: ${probe.hint}`,
      ...evidence.map(({ source, text }) => `\n$ ${source}\n${text}`),
    ].join('\n'),
  );
}

/** What made the run as a whole fail, other than a probe. */
function endOfRun(result: RunResult): { readonly message: string; readonly text: string } | undefined {
  const { breakdown } = result;
  if (breakdown)
    return {
      message: `${breakdown.kind}: ${breakdown.detail}`,
      text: [breakdown.detail, ...breakdown.lines].join('\n'),
    };
  if (result.verdict === 'interrupted')
    return { message: verdictSentence(result), text: verdictReason(result) };
  // A run that is not proven although no probe says so must not look passed.
  if (result.verdict === 'not proven' && result.proofs.every(({ verdict }) => verdict === 'passed'))
    return { message: verdictSentence(result), text: result.notes.join('\n') || verdictReason(result) };
  return undefined;
}

/** The text of junit.xml: one suite, one test case a probe, and one for the run's coming to its end. */
export async function formatJunit(result: RunResult): Promise<string> {
  // The package's types describe an ES module, but what Node loads is CommonJS: its default is the builder itself.
  const library = (await import('junit-report-builder')).default as unknown as Builder;
  const builder = library.newBuilder();
  const suite = builder
    .testSuite()
    .name(xmlLine(result.test))
    // Readers take the time stamp as UTC without a zone (JUnit's schema: xs:dateTime).
    .timestamp(xmlLine(result.startedAt).replace(/(\.\d+)?Z$/, ''))
    .time(seconds(result.durationMs));
  for (const [name, value] of [
    ['verdict', result.verdict],
    ['image', `${result.image.kind} ${result.image.sha256}`],
    ['accelerator', result.machine.accelerator],
    ['qemu', result.machine.qemuVersion],
    ['bootproof', result.tool.version],
  ] as const)
    suite.property(name, xmlLine(value));

  for (const proof of result.proofs) {
    const testCase = suite
      .testCase()
      .className(className(proof, result))
      .name(xmlLine(proof.probe.title))
      .time(seconds(proof.durationMs));
    if (proof.verdict === 'failed')
      testCase
        .failure(xmlLine(proof.reason ?? `expected ${proof.expected}, seen ${proof.seen}`), 'failed')
        .stacktrace(details(proof));
    if (proof.verdict === 'refused')
      testCase.error(xmlLine(proof.reason ?? 'refused'), 'refused', details(proof));
  }

  const end = endOfRun(result);
  const run = suite
    .testCase()
    .className(`${xmlLine(result.host)}.run`)
    .name('the run came to its end')
    .time(seconds(result.durationMs));
  if (end)
    run.error(xmlLine(end.message), result.breakdown ? 'breakdown' : 'unfinished', sectionText(end.text));
  return builder.build();
}
