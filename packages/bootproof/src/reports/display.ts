/** Which display follows a run: live on a terminal, plain lines in a pipe, annotations in GitHub Actions. */
import type { RunListener } from '../runner/events.ts';
import { type Environment, speaksUtf8, type TextStyle, textStyle, wantsColour } from './style.ts';

/** Follows runs, and says at the end what came of them. */
export interface Display extends RunListener {
  /** Draws the end: each host's table, problems whole, verdict. Nothing is drawn after. A second call does nothing. */
  close(): Promise<void>;
}

/** A place to write to: `process.stdout` is one. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface DisplayOptions {
  /** Where to draw; `process.stderr` leaves standard output to JSON. */
  readonly stream: OutputStream;
  readonly env: Environment;
  /** The hosts that will be heard of, in the order to show them. More than one: each line names its host. */
  readonly hosts: readonly string[];
  /** A finished run's folder, as the user would type it. */
  readonly folderOf?: (host: string) => string | undefined;
  /** Milliseconds on a clock that only goes forward; `performance.now` unless told. */
  readonly now?: () => number;
}

export type DisplayKind = 'live' | 'plain' | 'github';

/** GitHub Actions where GITHUB_ACTIONS is `true`; live on a terminal that can move its cursor and is no CI's; else plain. */
export function chooseDisplay(stream: OutputStream, env: Environment): DisplayKind {
  if (env['GITHUB_ACTIONS'] === 'true') return 'github';
  const ci = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb' && !ci ? 'live' : 'plain';
}

/** The style for a stream. In a pipe: no colours unless forced, and room for most lines, because a line that is
 * broken for no screen is harder to search. */
export function styleFor(stream: OutputStream, env: Environment): TextStyle {
  const terminal = stream.isTTY === true;
  return textStyle({
    columns: terminal ? Math.max(20, stream.columns ?? 80) : 160,
    colour: wantsColour(env, terminal),
    unicode: speaksUtf8(env),
  });
}

/** The display for a stream, loaded only now: `--help` never pays for it. */
export async function createDisplay(options: DisplayOptions): Promise<Display> {
  switch (chooseDisplay(options.stream, options.env)) {
    case 'live':
      return (await import('./live.ts')).createLiveDisplay(options);
    case 'github':
      return (await import('./github.ts')).createGithubDisplay(options);
    case 'plain':
      return (await import('./plain.ts')).createPlainDisplay(options);
  }
}
