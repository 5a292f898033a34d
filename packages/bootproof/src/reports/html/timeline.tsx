import type { JSX } from 'preact';
import type { RunResult, Span } from '../../runner/result.ts';
import { duration } from '../words.ts';
import { Section } from './parts.tsx';

/** Spans of time as bars on one scale, with their numbers beside: the picture adds nothing that the numbers do not say. */
function Spans({ title, spans }: { title: string; spans: readonly Span[] }): JSX.Element | null {
  if (spans.length === 0) return null;
  const from = Math.min(...spans.map(({ startMs }) => startMs));
  const to = Math.max(...spans.map(({ endMs }) => endMs));
  const percent = (ms: number) => `${((ms / Math.max(1, to - from)) * 100).toFixed(2)}%`;
  return (
    <table class="spans">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col" class="label">
            Phase
          </th>
          <th scope="col">
            <span class="hidden">Picture</span>
          </th>
          <th scope="col" class="number from">
            From
          </th>
          <th scope="col" class="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {spans.map(({ name, startMs, endMs }) => (
          <tr>
            <th scope="row">{name}</th>
            <td>
              <svg aria-hidden="true" preserveAspectRatio="none">
                <rect class="track" width="100%" height="100%" rx="2" />
                <rect
                  class="span"
                  x={percent(startMs - from)}
                  // A bar of a few milliseconds would not be seen.
                  width={percent(Math.max(endMs - startMs, (to - from) * 0.004))}
                  height="100%"
                  rx="2"
                />
              </svg>
            </td>
            <td class="number from">{duration(startMs)}</td>
            <td class="number">{duration(endMs - startMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Where the time went: the run's phases, and the boot's. */
export function Timeline({ result }: { result: RunResult }): JSX.Element | null {
  if (result.phases.length + result.boot.length === 0) return null;
  return (
    <Section id="timeline" title="Where the time went">
      <Spans title="Run" spans={result.phases} />
      <Spans title="Boot, as seen on the console, from the start of QEMU" spans={result.boot} />
      {(result.laterBoots ?? []).map(({ after, spans }) => (
        <Spans title={`Boot after a ${after}, from the start of the first QEMU`} spans={spans} />
      ))}
    </Section>
  );
}
