/** What repeated runs show, in words. */
import type { RepeatSummary } from '../runner/repeat.ts';
import type { TextStyle } from './style.ts';
import { oneLine, wrap } from './text.ts';
import { count } from './words.ts';

/** A rate in percent, rounded away from what it bounds, so that the sentence stays true: `14 %`, `3.4 %`. */
function percent(rate: number, round: (value: number) => number): string {
  const value = rate * 100;
  // 5 % of 0.2 and its like come out a hair above: rounding up must not make a whole step of that.
  const exact = Number(value.toFixed(9));
  return `${exact >= 10 ? round(exact) : round(exact * 10) / 10} %`;
}

/** What a series of runs shows, in one or two sentences with their full stops. */
export function repeatSentence(summary: RepeatSummary): string {
  const { runs, proven, wanted, failureRate, wouldHaveShown } = summary;
  const cut = runs < wanted ? ` (${wanted} were wanted)` : '';
  if (failureRate === undefined) return `No run of ${wanted} came to its end: that shows nothing.`;
  const range = `between ${percent(failureRate.low, Math.floor)} and ${percent(failureRate.high, Math.ceil)} (Wilson, 95 %)`;
  if (wouldHaveShown !== undefined) {
    const shown = percent(wouldHaveShown, Math.ceil);
    return `${proven} of ${runs}${cut}: a true failure rate above ${shown} would show with 95 % confidence; it lies ${range}.`;
  }
  const seen = percent((runs - proven) / runs, Math.round);
  return `${proven} of ${runs}${cut}: ${seen} failed; the true failure rate lies ${range}.`;
}

/** The end of a series for people: what it shows, and each probe that missed. Ends without a line break. */
export function formatRepeat(summary: RepeatSummary, style: TextStyle, file?: string): string {
  const { glyphs, green, red } = style;
  const good = summary.runs === summary.wanted && summary.proven === summary.runs;
  const width = Math.max(10, style.columns - 4);
  const text = (words: string, first: string, rest: string) =>
    wrap(style.show(oneLine(words)), width).map((line, index) => `${index === 0 ? first : rest}${line}`);
  return [
    ...text(
      `${summary.host}, ${repeatSentence(summary)}`,
      good ? `${green(glyphs.passed)} ` : `${red(glyphs.failed)} `,
      '  ',
    ),
    ...summary.probes.flatMap(({ probe, failed, refused, seen }) => {
      const times = [
        ...(failed > 0 ? [`failed in ${count(failed, 'run')}`] : []),
        ...(refused > 0 ? [`refused in ${count(refused, 'run')}`] : []),
      ].join(', ');
      return text(`${probe.title}: ${times}; ${seen.slice(0, 3).join('; ')}`, `  ${glyphs.dot} `, '    ');
    }),
    ...(file === undefined ? [] : [`  Summary: ${file}`]),
  ].join('\n');
}
