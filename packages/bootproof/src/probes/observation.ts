import type { Evidence, Observation } from './probe.ts';

/** What an observation says besides its verdict. */
interface Sight {
  readonly expected: string;
  readonly seen: string;
  readonly evidence?: readonly Evidence[];
}

export const passed = ({ evidence = [], ...sight }: Sight): Observation => ({
  verdict: 'passed',
  ...sight,
  evidence,
});

export const failed = ({ evidence = [], ...sight }: Sight): Observation => ({
  verdict: 'failed',
  ...sight,
  evidence,
});

export const notYet = ({ evidence = [], ...sight }: Sight): Observation => ({
  verdict: 'not yet',
  ...sight,
  evidence,
});

/** Passed when it holds, otherwise final: for facts that do not change while a machine runs. */
export const settled = (holds: boolean, sight: Sight): Observation => (holds ? passed : failed)(sight);

/** Passed when it holds, otherwise asked again: for facts that a booting machine may still reach. */
export const awaited = (holds: boolean, sight: Sight): Observation => (holds ? passed : notYet)(sight);
