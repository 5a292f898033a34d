import type { JSX } from 'preact';
import type { RunResult } from '../../runner/result.ts';
import { counts, moment, setting, verdictReason, verdictSentence } from '../words.ts';
import { Sign, type Verdict } from './parts.tsx';

/** Which tone the verdict is told in. */
export function verdictTone(verdict: RunResult['verdict']): Verdict {
  return { proven: 'passed', 'not proven': 'failed', interrupted: 'refused' }[verdict] as Verdict;
}

function Figure({ label, value, tone }: { label: string; value: number; tone?: Verdict }): JSX.Element {
  return (
    <div class={value > 0 ? tone : undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The verdict, what decided it, and the counts: all that someone in a hurry needs. */
export function Banner({ result }: { result: RunResult }): JSX.Element {
  const { total, passed, failed, refused } = counts(result.proofs);
  const tone = verdictTone(result.verdict);
  return (
    <>
      <div class="brand">
        <p>
          <strong>bootproof</strong> {result.test}
        </p>
        <p>
          <time dateTime={result.startedAt}>{moment(result.startedAt)}</time>
        </p>
      </div>
      <div class={`verdict ${tone}`}>
        <h1>
          <Sign verdict={tone} word="" />
          <span>{verdictSentence(result)}</span>
        </h1>
        <p>{verdictReason(result)}.</p>
        <p class="quiet">{setting(result)}</p>
        <dl class="figures">
          <Figure label={total === 1 ? 'probe' : 'probes'} value={total} />
          <Figure label="passed" value={passed} tone="passed" />
          <Figure label="failed" value={failed} tone="failed" />
          <Figure label="refused" value={refused} tone="refused" />
          <Figure label="options not realised" value={result.notRealised.length} />
        </dl>
      </div>
    </>
  );
}
