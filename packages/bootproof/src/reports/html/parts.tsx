/** Small pieces that the report's sections share. */
import type { ComponentChildren, JSX } from 'preact';
import type { Evidence, Proof } from '../../probes/probe.ts';

export type Verdict = Proof['verdict'];

const signPaths: Readonly<Record<Verdict, string>> = {
  passed: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4 12 12 M12 4 4 12',
  refused: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5 M3.75 12.25 12.25 3.75',
};

/** A verdict as a sign and, for those who do not see it, a word. */
export function Sign({ verdict, word = verdict }: { verdict: Verdict; word?: string }): JSX.Element {
  return (
    <>
      <svg
        class="sign"
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        <path d={signPaths[verdict]} />
      </svg>
      {word !== '' && <span class="hidden">{`${word}: `}</span>}
    </>
  );
}

/** A name with dots, slashes or colons, as code that can be broken after them. */
export function Name({ text }: { text: string }): JSX.Element {
  const parts = text.split(/(?<=[./:])/);
  return (
    <code>
      {parts.map((part, index) => (
        <>
          {index > 0 && <wbr />}
          {part}
        </>
      ))}
    </code>
  );
}

/** The options that a probe proves. One about what every machine has to be proves none. */
export function Options({ names }: { names: readonly string[] }): JSX.Element {
  if (names.length === 0) return <span>no option</span>;
  return (
    <ul class="options">
      {names.map((name) => (
        <li>
          <Name text={name} />
        </li>
      ))}
    </ul>
  );
}

/** A text longer than this is cut: the whole is in result.json. */
const evidenceCharacters = 20_000;

/** Where something was seen, and what. */
export function EvidencePiece({ source, text }: Evidence): JSX.Element {
  const cut = text.length > evidenceCharacters;
  return (
    <dd>
      <code>{source}</code>
      {text.trim() !== '' && <pre>{cut ? text.slice(0, evidenceCharacters) : text.trimEnd()}</pre>}
      {cut && <p class="quiet">The rest is in result.json.</p>}
    </dd>
  );
}

/** A section of the report with its heading. */
export function Section(props: {
  id: string;
  title: string;
  lead?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section id={props.id} aria-labelledby={`${props.id}-title`}>
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      {props.lead !== undefined && <p>{props.lead}</p>}
      {props.children}
    </section>
  );
}

/** Text that is there for those who ask for it. */
export function Fold(props: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <details class="fold">
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}

/** A log, whole up to a bound; beyond it the start and the end, which say most. */
export function Log({ text, file }: { text: string; file: string }): JSX.Element {
  const shown = boundLog(text, logCharacters);
  return (
    <>
      {shown.leftOut > 0 && (
        <p class="quiet">
          {shown.leftOut} lines in the middle are left out; <a href={file}>{file}</a> has all.
        </p>
      )}
      <pre class="log">{shown.text}</pre>
    </>
  );
}

const logCharacters = 400_000;

/** The first quarter and the last three quarters of a bound's worth of lines, with a mark between. */
export function boundLog(text: string, bound: number): { readonly text: string; readonly leftOut: number } {
  if (text.length <= bound) return { text, leftOut: 0 };
  const head = text.slice(0, text.lastIndexOf('\n', Math.floor(bound / 4)) + 1);
  const from = text.indexOf('\n', text.length - Math.floor((bound * 3) / 4)) + 1;
  const tail = from > 0 ? text.slice(from) : text.slice(text.length - Math.floor((bound * 3) / 4));
  const leftOut = Math.max(1, text.slice(head.length, text.length - tail.length).split('\n').length - 1);
  return { text: `${head}\n[${leftOut} lines left out]\n\n${tail}`, leftOut };
}
