/** What a number of runs says of how often the machine would fail. Rates are parts of 1. */

/** The 97.5 % point of the normal distribution: 95 % lie within so many standard deviations. */
const deviations = 1.959963984540054;

/**
 * The interval in which the true rate lies with 95 % confidence, by E. B. Wilson's score (1927): it stays within 0 and 1, and
 * says something even when no run failed.
 *
 * @throws RangeError when there was no run, or more failures than runs
 */
export function failureRateInterval(
  failures: number,
  runs: number,
): { readonly low: number; readonly high: number } {
  if (runs < 1 || failures < 0 || failures > runs)
    throw new RangeError(`${failures} failures of ${runs} runs`);
  const rate = failures / runs;
  const square = deviations ** 2;
  const centre = (rate + square / (2 * runs)) / (1 + square / runs);
  const reach =
    (deviations / (1 + square / runs)) * Math.sqrt((rate * (1 - rate)) / runs + square / (4 * runs ** 2));
  return {
    low: failures === 0 ? 0 : Math.max(0, centre - reach),
    high: failures === runs ? 1 : Math.min(1, centre + reach),
  };
}

/** The rate from which on so many runs would have shown a failure with 95 % confidence: of it, 95 % of such series have one. */
export const rateThatShows = (runs: number): number => 1 - 0.05 ** (1 / runs);
