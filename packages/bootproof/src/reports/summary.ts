/** The closing table for people: what was proven about a host, what was not, and where the report is. */
import type { Proof } from '../probes/probe.ts';
import type { RunResult } from '../runner/result.ts';
import { coverageSentence } from './coverage.ts';
import { problemLines } from './failures.ts';
import type { TextStyle } from './style.ts';
import { displayWidth, oneLine, pad, shorten, shortenStart, wrap } from './text.ts';
import { byService, count, duration, gist, setting, verdictReason, verdictSentence } from './words.ts';

export interface SummaryOptions {
  readonly style: TextStyle;
  /** The run's folder, as the user would type it; without it no paths are printed. */
  readonly folder?: string;
  /** Whether to list every probe. Where each had its line while the run went on, listing them again says nothing new. */
  readonly table?: boolean;
}

/** From here on a probe's statement, option, evidence and time stand side by side. */
const wideFrom = 110;

function mark(proof: Proof, { glyphs, green, red, yellow }: TextStyle): string {
  if (proof.verdict === 'passed') return green(glyphs.passed);
  return proof.verdict === 'failed' ? red(glyphs.failed) : yellow(glyphs.refused);
}

/** The first option, and how many more there are. */
function options({ probe }: Proof): string {
  const [first = '', ...more] = probe.proves;
  return more.length > 0 ? `${oneLine(first)} +${more.length}` : oneLine(first);
}

const timeOf = (proof: Proof) => (proof.verdict === 'refused' ? '' : duration(proof.durationMs));

interface Widths {
  readonly title: number;
  readonly option: number;
  readonly seen: number;
  readonly time: number;
}

function widthsFor(proofs: readonly Proof[], columns: number): Widths {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(displayWidth));
  const time = Math.max(4, widest(proofs.map(timeOf)));
  const option = Math.min(widest(proofs.map(options)), Math.floor(columns * 0.28));
  const title = Math.min(widest(proofs.map(({ probe }) => oneLine(probe.title))), Math.floor(columns * 0.4));
  // Three gaps of two columns, and the indent and mark of four.
  return {
    title,
    option,
    time,
    seen: Math.min(widest(proofs.map(gist)), Math.max(10, columns - title - option - time - 10)),
  };
}

function wideRow(proof: Proof, widths: Widths, style: TextStyle): string[] {
  const cut = (text: string, width: number) =>
    pad(shorten(style.show(text), width, style.glyphs.ellipsis), width);
  const [first = '', ...rest] = wrap(style.show(oneLine(proof.probe.title)), widths.title);
  return [
    [
      `  ${mark(proof, style)} ${pad(first, widths.title)}`,
      style.cyan(
        pad(shortenStart(style.show(options(proof)), widths.option, style.glyphs.ellipsis), widths.option),
      ),
      style.dim(cut(gist(proof), widths.seen)),
      style.dim(pad(timeOf(proof), widths.time, 'left')),
    ].join('  '),
    ...rest.map((line) => `    ${line}`),
  ];
}

function narrowRow(proof: Proof, style: TextStyle): string[] {
  const time = timeOf(proof);
  const room = Math.max(10, style.columns - 4);
  const [first = '', ...rest] = wrap(style.show(oneLine(proof.probe.title)), Math.max(10, room - 8));
  const option = shortenStart(style.show(options(proof)), Math.floor(room * 0.6), style.glyphs.ellipsis);
  const below = style.show(option === '' ? gist(proof) : `${option}: ${gist(proof)}`);
  return [
    `  ${mark(proof, style)} ${pad(first, room - displayWidth(time))}${style.dim(time)}`,
    ...rest.map((line) => `    ${line}`),
    style.dim(`    ${shorten(below, room, style.glyphs.ellipsis)}`),
  ];
}

function tableLines(result: RunResult, style: TextStyle): string[] {
  const wide = style.columns >= wideFrom;
  const widths = widthsFor(result.proofs, style.columns);
  const heading = ['Probe', 'Option', 'Seen', 'Time'];
  const [probe = '', option = '', seen = '', time = ''] = heading;
  const head = wide
    ? [
        style.dim(
          `    ${pad(probe, widths.title)}  ${pad(option, widths.option)}  ${pad(seen, widths.seen)}  ${pad(time, widths.time, 'left')}`,
        ),
      ]
    : [];
  return [
    ...head,
    ...[...byService(result.proofs)].flatMap(([service, proofs]) => [
      style.bold(shorten(style.show(oneLine(service)), style.columns, style.glyphs.ellipsis)),
      ...proofs.flatMap((proof) => (wide ? wideRow(proof, widths, style) : narrowRow(proof, style))),
    ]),
  ];
}

function notRealisedLines({ notRealised }: RunResult, style: TextStyle): string[] {
  if (notRealised.length === 0) return [];
  const items = notRealised.flatMap(({ option, reason }) =>
    wrap(style.show(`${oneLine(option)}: ${oneLine(reason)}`), Math.max(10, style.columns - 4)).map(
      (line, index) => (index === 0 ? `  ${style.glyphs.dot} ${line}` : `    ${line}`),
    ),
  );
  const heading = `${count(notRealised.length, 'option')} not realised by the stand-in`;
  return [...wrap(heading, style.columns).map(style.bold), ...items];
}

/** The sign of a verdict, and its colour. */
export function verdictMark(
  { verdict }: Pick<RunResult, 'verdict'>,
  { glyphs, green, red, yellow }: TextStyle,
): { readonly sign: string; readonly paint: (text: string) => string } {
  if (verdict === 'proven') return { sign: glyphs.passed, paint: green };
  return verdict === 'interrupted'
    ? { sign: glyphs.refused, paint: yellow }
    : { sign: glyphs.failed, paint: red };
}

const reportPath = (result: RunResult, folder: string) =>
  `${folder.replace(/\/$/, '')}/${result.files.report}`;

/** The verdict, what decided it, what it was run on, and where the report is. */
function closingLines(result: RunResult, { style, folder }: SummaryOptions): string[] {
  const { sign, paint } = verdictMark(result, style);
  const width = Math.max(10, style.columns - 2);
  return [
    ...wrap(style.show(oneLine(verdictSentence(result))), width).map(
      (line, index) => `${index === 0 ? paint(sign) : ' '} ${style.bold(paint(line))}`,
    ),
    ...wrap(style.show(`${oneLine(verdictReason(result))}.`), width).map((line) => `  ${line}`),
    ...wrap(style.show(oneLine(setting(result))), width).map((line) => style.dim(`  ${line}`)),
    ...(result.coverage.length === 0
      ? []
      : wrap(style.show(coverageSentence(result.coverage)), width).map((line) => style.dim(`  ${line}`))),
    // A path is printed whole, so that it can be copied.
    ...(folder === undefined ? [] : [`  Report: ${reportPath(result, folder)}`]),
  ];
}

/** What was proven, a probe a row: the closing table alone. */
export function formatTable(result: RunResult, style: TextStyle): string {
  return tableLines(result, style)
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The end of a run as lines: table, problems whole, options not realised, verdict. Ends without a line break. */
export function formatSummary(result: RunResult, options: SummaryOptions): string {
  const { style } = options;
  const blocks = [
    (options.table ?? true) ? tableLines(result, style) : [],
    problemLines(result, style),
    notRealisedLines(result, style),
    closingLines(result, options),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n');
}

/** Several hosts at a glance: a line each, with the report of those that are not proven. */
export function formatRollUp(
  results: readonly RunResult[],
  {
    style,
    folderOf,
  }: { readonly style: TextStyle; readonly folderOf?: (host: string) => string | undefined },
): string {
  const proven = results.filter(({ verdict }) => verdict === 'proven').length;
  const name = Math.min(30, Math.max(0, ...results.map(({ host }) => displayWidth(host))));
  const lines = results.map((result) => {
    const { sign, paint } = verdictMark(result, style);
    const folder = result.verdict === 'proven' ? undefined : folderOf?.(result.host);
    const where = folder === undefined ? '' : `  ${reportPath(result, folder)}`;
    return `  ${paint(sign)} ${pad(style.show(oneLine(result.host)), name)}  ${result.verdict}${style.dim(where)}`;
  });
  return [style.bold(`${proven} of ${count(results.length, 'host')} proven`), ...lines].join('\n');
}
