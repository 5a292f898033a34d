/** How coverage is worded, in one place: the plan, the terminal and the reports say the same. */
import { type CoverageVerdict, coverageScore, type OptionCoverage } from '../plan/coverage.ts';
import type { RunResult } from '../runner/result.ts';
import type { TextStyle } from './style.ts';
import { displayWidth, oneLine, pad, wrap } from './text.ts';
import { count } from './words.ts';

/** The verdicts, in the order in which they are listed: what wants attention first. */
export const coverageVerdicts: readonly CoverageVerdict[] = [
  'unproven',
  'proven',
  'nixos only',
  'not provable',
  'not realised',
];

type ImageKind = RunResult['image']['kind'];

/** Of NixOS nothing is left out: what a stand-in does not have is there, and no probe looks at it. */
const builtOnly = (verdict: CoverageVerdict, kind: ImageKind): boolean =>
  kind === 'nixos' && (verdict === 'nixos only' || verdict === 'not realised');

/** What a verdict reads like, on an image of this kind. */
export function coverageWord(verdict: CoverageVerdict, kind: ImageKind = 'stand-in'): string {
  if (builtOnly(verdict, kind)) return 'built by NixOS';
  if (verdict === 'nixos only') return 'on NixOS only';
  return verdict === 'not realised' ? 'not realised by the stand-in' : verdict;
}

/** A score with one decimal, rounded down: 99.96 is not all. */
export function scoreText(coverage: readonly OptionCoverage[]): string {
  return `${Math.floor(coverageScore(coverage) * 10) / 10} %`;
}

const number = (coverage: readonly OptionCoverage[], wanted: CoverageVerdict): number =>
  coverage.filter(({ verdict }) => verdict === wanted).length;

/** The figure with what it counts: `Coverage 100 %: 24 of 24 options that can be proven; 9 others`. */
export function coverageSentence(coverage: readonly OptionCoverage[]): string {
  const proven = number(coverage, 'proven');
  const provable = proven + number(coverage, 'unproven');
  const others = coverage.length - provable;
  const rest = others === 0 ? '' : `; ${count(others, 'other')}`;
  return `Coverage ${scoreText(coverage)}: ${proven} of ${count(provable, 'option')} that can be proven${rest}`;
}

/** What shows an option, or why nothing does on an image of this kind. */
export function coverageBecause(
  { verdict, probes, reason }: OptionCoverage,
  kind: ImageKind = 'stand-in',
): string {
  if (builtOnly(verdict, kind)) return 'the image was built with it, and no probe looks at it';
  return probes.length > 0 ? probes.join(', ') : (reason ?? '');
}

/** What would prove an option that no probe of its host shows. */
export const wouldProve = (option: string): string =>
  `a probe whose \`proves\` names ${option}: one of its service's, or one in extraProbes of the host's test.ts`;

/** Every declared option with its place, verdict and probes or reason, for a terminal. Ends without a line break. */
export function formatCoverage(coverage: readonly OptionCoverage[], style: TextStyle): string {
  const paint = { proven: style.green, unproven: style.red } as const;
  const blocks = coverageVerdicts.flatMap((verdict) => {
    const options = coverage.filter((each) => each.verdict === verdict);
    if (options.length === 0) return [];
    const colour = verdict === 'proven' || verdict === 'unproven' ? paint[verdict] : style.yellow;
    const words = wrap(`${coverageWord(verdict)} (${options.length})`, style.columns);
    return [
      [
        ...words.map((line) => style.bold(colour(line))),
        ...options.flatMap((each) => optionLines(each, style)),
      ].join('\n'),
    ];
  });
  const figure = wrap(coverageSentence(coverage), style.columns).map(style.bold).join('\n');
  return [...blocks, figure].join('\n\n');
}

function optionLines(coverage: OptionCoverage, style: TextStyle): string[] {
  const { option, files } = coverage;
  const room = Math.max(20, style.columns - 6);
  const name = style.show(oneLine(option));
  const places = style.show(files.map(oneLine).join(', '));
  const head =
    displayWidth(name) + displayWidth(places) + 2 <= room
      ? [`  ${pad(style.cyan(name), Math.min(44, room - displayWidth(places)))}  ${style.dim(places)}`]
      : [...wrap(name, room).map((line) => `  ${style.cyan(line)}`), ...indented(places, room, style.dim)];
  const because =
    coverage.verdict === 'unproven'
      ? `${coverageBecause(coverage)}; what would: ${wouldProve(option)}`
      : coverageBecause(coverage);
  return [...head, ...indented(style.show(oneLine(because)), room, (line) => line)];
}

const indented = (text: string, room: number, paint: (line: string) => string): string[] =>
  wrap(text, room - 2).map((line) => `      ${paint(line)}`.trimEnd());
