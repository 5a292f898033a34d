import type { JSX } from 'preact';
import type { RunResult } from '../../runner/result.ts';
import { count, standInLimit, verdictSentence } from '../words.ts';
import { Banner } from './banner.tsx';
import { Coverage } from './coverage.tsx';
import { filterStyle } from './filter-style.ts';
import { About, Commands, Machine } from './machine.tsx';
import { Fold, Log, Name, Section, Sign } from './parts.tsx';
import { Failures, Proofs, Refusals } from './proofs.tsx';
import { stylesheet } from './stylesheet.ts';
import { Timeline } from './timeline.tsx';

export interface PageProps {
  readonly result: RunResult;
  readonly consoleText: string;
  readonly qemuLog: string;
  /** As a `data:` address. */
  readonly screenshot: string | undefined;
}

/** Nothing is fetched and nothing runs, whatever a machine printed: the browser enforces it. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function Breakdown({ result }: { result: RunResult }): JSX.Element | null {
  const { breakdown } = result;
  if (!breakdown) return null;
  return (
    <Section id="breakdown" title="The machine broke down">
      <article class="problem failed">
        <h3>
          <Sign verdict="failed" word="" />
          <span>{breakdown.kind}</span>
        </h3>
        <p>{breakdown.detail}</p>
        {breakdown.lines.length > 0 && <pre class="log">{breakdown.lines.join('\n')}</pre>}
      </article>
    </Section>
  );
}

function NotRealised({ result }: { result: RunResult }): JSX.Element | null {
  const { notRealised, image } = result;
  if (notRealised.length === 0 && image.kind !== 'stand-in') return null;
  return (
    <Section
      id="open"
      title="What this run leaves open"
      {...(image.kind === 'stand-in' ? { lead: standInLimit } : {})}
    >
      {notRealised.length > 0 && (
        <table>
          <caption>{count(notRealised.length, 'declared option')} not realised by the stand-in</caption>
          <thead>
            <tr>
              <th scope="col">Option</th>
              <th scope="col">Why not</th>
            </tr>
          </thead>
          <tbody>
            {notRealised.map(({ option, files, reason }) => (
              <tr>
                <th scope="row">
                  <Name text={option} />
                  {files.map((file) => (
                    <div class="quiet">
                      <Name text={file} />
                    </div>
                  ))}
                </th>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Console({ result, consoleText, screenshot }: PageProps): JSX.Element | null {
  if (consoleText.trim() === '' && screenshot === undefined) return null;
  return (
    <Section id="console" title="Console">
      {screenshot !== undefined && (
        <figure>
          <img src={screenshot} alt="The machine's screen at the end of the run" />
          <figcaption>The machine's screen at the end of the run</figcaption>
        </figure>
      )}
      {consoleText.trim() !== '' && (
        <Fold title={`${count(consoleText.trimEnd().split('\n').length, 'line')} of the serial console`}>
          <Log text={consoleText} file={result.files.console} />
        </Fold>
      )}
    </Section>
  );
}

function Notes({ notes }: { notes: readonly string[] }): JSX.Element | null {
  if (notes.length === 0) return null;
  return (
    <Section id="notes" title="Notes">
      <ul class="notes">
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </Section>
  );
}

/** Links to the sections that are there. */
function Contents({ result, consoleText, screenshot }: PageProps): JSX.Element {
  const has = (verdict: string) => result.proofs.some((proof) => proof.verdict === verdict);
  const entries = [
    ['breakdown', 'Breakdown', result.breakdown !== undefined],
    ['failures', 'Failures', has('failed')],
    ['refusals', 'Refused', has('refused')],
    ['probes', result.verdict === 'proven' ? 'What was proven' : 'All probes', result.proofs.length > 0],
    ['timeline', 'Times', result.phases.length + result.boot.length > 0],
    ['coverage', 'Coverage', result.coverage.length > 0],
    ['open', 'What is left open', result.notRealised.length > 0 || result.image.kind === 'stand-in'],
    ['console', 'Console', consoleText.trim() !== '' || screenshot !== undefined],
    ['commands', 'Commands', result.commands.length > 0],
    ['machine', 'Machine', true],
  ] as const;
  return (
    <nav aria-label="Sections">
      <ul>
        {entries
          .filter(([, , there]) => there)
          .map(([id, label]) => (
            <li>
              <a href={`#${id}`}>{label}</a>
            </li>
          ))}
      </ul>
    </nav>
  );
}

/** The whole document, without its doctype. */
export function Page(props: PageProps): JSX.Element {
  const { result, qemuLog } = props;
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content={`bootproof ${result.tool.version}`} />
        <title>{`${verdictSentence(result)} · bootproof`}</title>
        {/* An empty icon, so that a browser does not ask a server for one. */}
        <link rel="icon" href="data:," />
        {/* Our own constant text: nothing from a run is in it. */}
        <style dangerouslySetInnerHTML={{ __html: stylesheet + filterStyle }} />
      </head>
      <body>
        <header>
          <Banner result={result} />
          <Contents {...props} />
        </header>
        <main>
          <Breakdown result={result} />
          <Failures result={result} />
          <Refusals result={result} />
          <Proofs result={result} />
          <Timeline result={result} />
          <Coverage result={result} />
          <NotRealised result={result} />
          <Notes notes={result.notes} />
          <Console {...props} />
          <Commands commands={result.commands} />
          <Machine result={result} qemuLog={qemuLog} />
        </main>
        <footer>
          <About result={result} />
        </footer>
      </body>
    </html>
  );
}
