import { createHash, randomInt } from 'node:crypto';

/** The power is cut so long after the last proof: between these two. Milliseconds. */
const earliestMs = 500;
const latestMs = 10_000;

/** A seed for a run that was given none: small enough to be typed. */
export const chooseSeed = (): number => randomInt(1_000_000);

/** When the power is cut, in milliseconds after the last proof: spread evenly over 0.5 to 10 s, and the same for equal seeds. */
export function cutMoment(seed: number): number {
  const part = createHash('sha256').update(`power cut ${seed}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(earliestMs + part * (latestMs - earliestMs));
}
