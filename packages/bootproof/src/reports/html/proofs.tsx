import type { JSX } from 'preact';
import type { Proof } from '../../probes/probe.ts';
import type { RunResult } from '../../runner/result.ts';
import { byService, count, counts, duration, gist } from '../words.ts';
import { EvidencePiece, Options, Section, Sign } from './parts.tsx';

/** What every probe has to say for itself, as terms and their values. */
function Facts({ proof, compared }: { proof: Proof; compared?: boolean }): JSX.Element {
  const { probe, evidence } = proof;
  return (
    <dl class="facts">
      {!compared && (
        <>
          <dt>Proves</dt>
          <dd>
            <Options names={probe.proves} />
          </dd>
          <dt>Expected</dt>
          <dd>{proof.expected}</dd>
          {proof.verdict !== 'refused' && (
            <>
              <dt>Seen</dt>
              <dd>{proof.seen}</dd>
            </>
          )}
        </>
      )}
      {proof.reason !== undefined && proof.reason !== '' && (
        <>
          <dt>Reason</dt>
          <dd>{proof.reason}</dd>
        </>
      )}
      {proof.verdict !== 'passed' && (
        <>
          <dt>Look at</dt>
          <dd>{probe.hint}</dd>
        </>
      )}
      {evidence.length > 0 && (
        <>
          <dt>Evidence</dt>
          {evidence.map((piece) => (
            <EvidencePiece {...piece} />
          ))}
        </>
      )}
      {proof.verdict !== 'refused' && (
        <>
          <dt>Asked</dt>
          <dd>
            {count(proof.looks, 'time')}, {duration(proof.startedMs)} after the machine was started
          </dd>
        </>
      )}
    </dl>
  );
}

/** Each failed probe whole: nothing of it has to be opened. */
export function Failures({ result }: { result: RunResult }): JSX.Element | null {
  const failed = result.proofs.filter(({ verdict }) => verdict === 'failed');
  if (failed.length === 0) return null;
  return (
    <Section id="failures" title={count(failed.length, 'probe failed', 'probes failed')}>
      {failed.map((proof) => (
        <article class="problem failed">
          <h3>
            <Sign verdict="failed" />
            <span>{proof.probe.title}</span>
          </h3>
          <div class="proves">
            <Options names={proof.probe.proves} />
          </div>
          <dl class="compare">
            <div>
              <dt>Expected</dt>
              <dd>{proof.expected}</dd>
            </div>
            <div class="wrong">
              <dt>Seen</dt>
              <dd>{proof.seen.trim() === '' ? 'nothing' : proof.seen}</dd>
            </div>
          </dl>
          <Facts proof={proof} compared />
        </article>
      ))}
    </Section>
  );
}

/** Refused probes by what stood in their way. */
export function Refusals({ result }: { result: RunResult }): JSX.Element | null {
  const reasons = new Map<string, Proof[]>();
  for (const proof of result.proofs.filter(({ verdict }) => verdict === 'refused')) {
    const reason = proof.reason ?? 'No reason was given';
    reasons.set(reason, [...(reasons.get(reason) ?? []), proof]);
  }
  if (reasons.size === 0) return null;
  const number = [...reasons.values()].flat().length;
  return (
    <Section
      id="refusals"
      title={count(number, 'probe refused', 'probes refused')}
      lead="Could not be asked, so they count as not proven."
    >
      {[...reasons].map(([reason, proofs]) => (
        <article class="problem refused">
          <h3>
            <Sign verdict="refused" />
            <span>{reason}</span>
          </h3>
          <ul class="names">
            {proofs.map(({ probe }) => (
              <li>{probe.title}</li>
            ))}
          </ul>
        </article>
      ))}
    </Section>
  );
}

function ProbeRow({ proof }: { proof: Proof }): JSX.Element {
  return (
    <li class={`probe ${proof.verdict}`}>
      <details>
        <summary>
          <span>
            <Sign verdict={proof.verdict} />
          </span>
          <span class="statement">{proof.probe.title}</span>
          <span class="seen">{gist(proof)}</span>
          <span class="took number">{proof.verdict === 'refused' ? '' : duration(proof.durationMs)}</span>
        </summary>
        <div class="inside">
          <Facts proof={proof} />
        </div>
      </details>
    </li>
  );
}

/** Every probe, by service, with its evidence a click away. */
export function Proofs({ result }: { result: RunResult }): JSX.Element | null {
  if (result.proofs.length === 0) return null;
  return (
    <Section
      id="probes"
      title={result.verdict === 'proven' ? 'What was proven' : 'All probes'}
      lead="Each line opens: the options that it proves, what was expected, and the evidence."
    >
      {[...byService(result.proofs)].map(([service, proofs]) => (
        <div class="group">
          <h3>
            <span>{service}</span>
            <span class="quiet number">
              {counts(proofs).passed} of {proofs.length}
            </span>
          </h3>
          <ul>
            {proofs.map((proof) => (
              <ProbeRow proof={proof} />
            ))}
          </ul>
        </div>
      ))}
    </Section>
  );
}
