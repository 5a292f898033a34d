/**
 * The display in GitHub Actions: plain lines in groups, an annotation for each failure, and a summary of the step.
 * Commands: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */

import { appendFile } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import { writtenAt } from '../host-tests/host-test.ts';
import type { Probe } from '../probes/probe.ts';
import type { PhaseName, RunEvent } from '../runner/events.ts';
import type { RunResult } from '../runner/result.ts';
import { type Display, type DisplayOptions, styleFor } from './display.ts';
import { formatMarkdown } from './markdown.ts';
import { closingText, PlainLines } from './plain.ts';
import { formatTable } from './summary.ts';
import { displayWidth, oneLine, printable } from './text.ts';
import { count, verdictSentence } from './words.ts';

/** A command's message: what would end it is written as percent codes. */
function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** A command's property: besides, the colon and the comma that part properties. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** A workflow command as its line: `::error title=…::message`. */
export function workflowCommand(
  name: 'error' | 'warning' | 'notice' | 'group' | 'endgroup',
  message = '',
  properties: Readonly<Record<string, string>> = {},
): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
  return `::${name}${list.length > 0 ? ` ${list.join(',')}` : ''}::${escapeData(message)}`;
}

/**
 * Text that the runner cannot take for a command: it looks for `::` at a line's start, white space aside, and for the
 * older `##[` anywhere. What a machine printed must not be able to set annotations.
 */
export function inert(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '# #[');
}

/** Where a test by hand stands: its annotation is shown there. */
function sourceOf(probe: Probe): Readonly<Record<string, string>> {
  const [, file, line] = /^(.*):(\d+)$/.exec(writtenAt(probe) ?? '') ?? [];
  return file === undefined || line === undefined ? {} : { file, line };
}

/** What an annotation says of each failure; refused probes are told once for each reason. */
export function annotations(result: RunResult): string[] {
  const { host, breakdown } = result;
  const failures = result.proofs
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ probe, expected, seen, reason }) =>
      workflowCommand(
        'error',
        [
          `expected: ${oneLine(expected)}`,
          `seen: ${oneLine(seen)}`,
          ...(reason ? [oneLine(reason)] : []),
          ...(probe.proves.length === 0 ? [] : [`proves: ${probe.proves.map(oneLine).join(', ')}`]),
          oneLine(probe.hint),
        ].join('\n'),
        { title: `${host}: ${oneLine(probe.title)}`, ...sourceOf(probe) },
      ),
    );
  const refused = new Map<string, string[]>();
  for (const { verdict, reason = 'no reason was given', probe } of result.proofs) {
    if (verdict === 'refused') refused.set(reason, [...(refused.get(reason) ?? []), oneLine(probe.title)]);
  }
  return [
    ...(breakdown
      ? [
          workflowCommand('error', [breakdown.detail, ...breakdown.lines].join('\n'), {
            title: `${host}: ${breakdown.kind}`,
          }),
        ]
      : []),
    ...failures,
    ...[...refused].map(([reason, titles]) =>
      workflowCommand('error', [oneLine(reason), ...titles].join('\n'), {
        title: `${host}: ${count(titles.length, 'probe')} refused`,
      }),
    ),
    // A run that was cut short can have nothing but passed probes, and still proves nothing.
    ...(result.verdict === 'interrupted'
      ? [workflowCommand('error', verdictSentence(result), { title: host })]
      : []),
  ];
}

/** The title of the group that a phase opens; probes run alongside the boot, so they share its group. */
const groupOf: Readonly<Record<PhaseName, string | undefined>> = {
  evaluate: 'evaluate',
  image: 'image',
  boot: 'boot and probes',
  probes: undefined,
  reboot: 'reboot',
  'power cut': 'power cut',
  teardown: 'teardown',
};

class GithubDisplay implements Display {
  readonly #options: DisplayOptions;
  readonly #lines = new Map<string, PlainLines>();
  readonly #results: RunResult[] = [];
  readonly #warned = new Set<string>();
  #group: string | undefined;
  #closed = false;

  constructor(options: DisplayOptions) {
    this.#options = options;
  }

  #write(line: string): void {
    this.#options.stream.write(`${line}\n`);
  }

  #openGroup(title: string | undefined): void {
    if (title === this.#group) return;
    if (this.#group !== undefined) this.#write(workflowCommand('endgroup'));
    if (title !== undefined) this.#write(workflowCommand('group', title));
    this.#group = title;
  }

  onEvent(host: string, event: RunEvent): void {
    const { stream, env, hosts } = this.#options;
    // Groups cannot be nested or told apart, so runs side by side get none: each of their lines names its host.
    const alone = hosts.length <= 1;
    if (alone && event.type === 'phase-started') {
      const title = groupOf[event.phase];
      if (title !== undefined) this.#openGroup(`${host}: ${title}`);
    }
    if (event.type === 'run-finished') {
      this.#openGroup(undefined);
      this.#results.push(event.result);
    }
    const width = alone ? 0 : Math.max(...hosts.map(displayWidth));
    const lines = this.#lines.get(host) ?? new PlainLines(styleFor(stream, env), width);
    this.#lines.set(host, lines);
    const line = lines.line(host, event);
    if (line !== undefined) this.#write(inert(line));
    if (event.type === 'note' && event.level === 'warning' && !this.#warned.has(event.text)) {
      this.#warned.add(event.text);
      this.#write(workflowCommand('warning', event.text, { title: host }));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#openGroup(undefined);
    const { stream, env } = this.#options;
    for (const result of this.#results) {
      this.#write(workflowCommand('group', `${result.host}: ${count(result.proofs.length, 'probe')}`));
      this.#write(inert(formatTable(result, styleFor(stream, env))));
      this.#write(workflowCommand('endgroup'));
    }
    if (this.#results.length > 0) this.#write(inert(closingText(this.#results, this.#options, false)));
    for (const result of this.#results) for (const line of annotations(result)) this.#write(line);
    await this.#writeStepSummary();
  }

  async #writeStepSummary(): Promise<void> {
    const path = this.#options.env['GITHUB_STEP_SUMMARY'];
    if (!path || this.#results.length === 0) return;
    try {
      await appendFile(path, this.#results.map(formatMarkdown).join('\n'));
    } catch (error) {
      // The verdict stands without its summary page.
      const cause = messageOf(error);
      this.#write(workflowCommand('warning', `The step's summary could not be written: ${cause}`));
    }
  }
}

/** The display for GitHub Actions. */
export async function createGithubDisplay(options: DisplayOptions): Promise<Display> {
  return new GithubDisplay(options);
}
