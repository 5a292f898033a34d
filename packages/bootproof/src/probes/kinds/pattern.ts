import { notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { type HttpRequest, parseAnswer, requestCommand } from './http.ts';

/** A regular expression as data. */
type Pattern = {
  /** Its source, without slashes. */
  readonly pattern: string;
  /** `i`, `m`, `s`, `u`, or several of them. */
  readonly flags: string;
};

const shown = ({ pattern, flags }: Pattern): string => `/${pattern}/${flags}`;

const fits = (text: string, { pattern, flags }: Pattern): boolean => new RegExp(pattern, flags).test(text);

/** A text on one line, cut where it is long. */
const gist = (text: string): string => JSON.stringify(text.length > 240 ? `${text.slice(0, 240)}…` : text);

/** A command succeeds and prints something that matches. White space at its end is not looked at. */
export const commandMatch = defineProbeKind<'command-match', Pattern & { readonly command: string }>({
  kind: 'command-match',
  needs: ['shell'],
  title: ({ command, ...pattern }) => `\`${command}\` prints what matches ${shown(pattern)}`,
  hint: ({ command }) => `In the machine: ${command}`,
  async observe(target, { command, ...pattern }) {
    const { stdout, stderr, exitCode } = await target.execute(command);
    const printed = stdout.trimEnd();
    return settled(exitCode === 0 && fits(printed, pattern), {
      expected: shown(pattern),
      seen: exitCode === 0 ? gist(printed) : `exit status ${exitCode}: ${stderr.trim() || printed}`,
      evidence: [{ source: command, text: `${stdout}${stderr}`.trimEnd() }],
    });
  },
});

/** A text file holds something that matches. */
export const fileMatch = defineProbeKind<'file-match', Pattern & { readonly path: string }>({
  kind: 'file-match',
  needs: ['shell'],
  title: ({ path, ...pattern }) => `${path} holds what matches ${shown(pattern)}`,
  hint: ({ path }) => `In the machine: cat ${path}`,
  async observe(target, { path, ...pattern }) {
    const text = await target.readFile(path);
    return settled(text !== undefined && fits(text, pattern), {
      expected: shown(pattern),
      seen: text === undefined ? `no file ${path}` : gist(text),
      evidence: [{ source: path, text: text ?? 'absent' }],
    });
  },
});

/** A web server's answer has this status, and a body that matches. */
export const httpMatch = defineProbeKind<'http-match', HttpRequest & Pattern & { readonly status: number }>({
  kind: 'http-match',
  needs: ['shell'],
  title: ({ host, port, path, status, pattern, flags }) =>
    `http://${host}${port === 80 ? '' : `:${port}`}${path} answers ${status} with what matches ${shown({ pattern, flags })}`,
  hint: ({ address, port, host, path }) =>
    `In the machine: curl -i -H 'Host: ${host}' 'http://${address}:${port}${path}'`,
  async observe(target, { status, pattern, flags, ...request }) {
    const source = requestCommand(request);
    const { stdout, stderr, exitCode } = await target.execute(source);
    const answer = parseAnswer(stdout);
    const sight = {
      expected: `${status}, ${shown({ pattern, flags })}`,
      evidence: [{ source, text: `${stdout.slice(0, 2000)}${stderr}`.trim() }],
    };
    if (answer === undefined) {
      return notYet({ ...sight, seen: `no answer (exit status ${exitCode}): ${(stderr || stdout).trim()}` });
    }
    return settled(answer.status === status && fits(answer.body, { pattern, flags }), {
      ...sight,
      seen: `${answer.status}, ${gist(answer.body)}`,
    });
  },
});
