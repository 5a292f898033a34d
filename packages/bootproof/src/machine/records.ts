/** What a machine remembers of a run, for the report. */

/** A span of time. Milliseconds since a start that its owner names. */
export interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A command that was run in the guest. */
export interface CommandRecord {
  readonly via: 'ssh' | 'agent';
  readonly command: string;
  /** Undefined when it did not come to its end. */
  readonly exitCode: number | undefined;
  /** Cut to what a report needs. */
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds since QEMU was started. */
  readonly startedMs: number;
  readonly durationMs: number;
}

/** Characters of an output that a record keeps. */
const keptCharacters = 4096;

/** A text cut to what a report needs, saying how much was left out. */
export function cut(text: string): string {
  const rest = text.length - keptCharacters;
  return rest > 0 ? `${text.slice(0, keptCharacters)}… (${rest} more characters)` : text;
}
