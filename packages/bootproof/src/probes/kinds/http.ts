import { awaited, notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';
import type { CommandResult } from '../target.ts';

/** A request of HTTP/1.0, made in the guest: an answer to it ends where the connection does, and is in one piece. */
export type HttpRequest = {
  /** An IP address of the guest itself: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly port: number;
  /** What the Host header says. */
  readonly host: string;
  readonly path: string;
};

export interface HttpAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** For a name of a file that no site has. */
const nothing = 'bootproof-asks-for-nothing';

/** The request with bash alone, which Debian and NixOS both have: neither must have curl. */
export const requestCommand = ({ address, port, host, path }: HttpRequest): string =>
  `timeout 20 bash -c ${quote(
    `exec 3<>/dev/tcp/${address}/${port} && printf '%s\\r\\n' ${quote(`GET ${path} HTTP/1.0`)} ${quote(`Host: ${host}`)} '' >&3 && cat <&3`,
  )}`;

/** Reads an answer; undefined when it is none. */
export function parseAnswer(text: string): HttpAnswer | undefined {
  const match = /^HTTP\/\d\.\d (\d{3})[^\r\n]*\r\n([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text);
  if (match === null) return undefined;
  const [, status = '', head = '', body = ''] = match;
  const headers = head.split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(status), headers: Object.fromEntries(headers), body };
}

const urlOf = ({ host, port, path }: HttpRequest): string =>
  `http://${host}${port === 80 ? '' : `:${port}`}${path}`;

const hint = ({ address, port, host, path }: HttpRequest): string =>
  `In the machine: curl -i -H 'Host: ${host}' 'http://${address.includes(':') ? `[${address}]` : address}:${port}${path}'; journalctl -b -u nginx`;

/** A short text of an answer's body, on one line. */
const shown = (body: string): string => JSON.stringify(body.length > 120 ? `${body.slice(0, 120)}…` : body);

const noAnswer = (expected: string, source: string, { stdout, stderr, exitCode }: CommandResult) =>
  notYet({
    expected,
    seen: `no answer (exit status ${exitCode}): ${(stderr || stdout).trim()}`,
    evidence: [{ source, text: `${stdout}${stderr}`.trim() }],
  });

/** A web server answers a request with this status and, where they are given, this body and these headers. */
export const httpAnswer = defineProbeKind<
  'http-answer',
  HttpRequest & {
    readonly status: number;
    readonly body: string | null;
    /** By their names in lower case; null: the answer must not have it. */
    readonly headers: Readonly<Record<string, string | null>>;
  }
>({
  kind: 'http-answer',
  needs: ['shell'],
  title: ({ status, body, ...request }) =>
    `${urlOf(request)} at ${request.address} answers ${status}${body === null ? '' : ` with ${shown(body)}`}`,
  hint,
  async observe(target, { status, body, headers, ...request }) {
    const command = requestCommand(request);
    const result = await target.execute(command);
    const answer = parseAnswer(result.stdout);
    const names = Object.keys(headers);
    const words = (
      code: number,
      text: string | null,
      of: Readonly<Record<string, string | null | undefined>>,
    ) =>
      [
        String(code),
        ...names.map((name) => `${name}: ${of[name] ?? '(none)'}`),
        ...(text === null ? [] : [shown(text)]),
      ].join(', ');
    const expected = words(status, body, headers);
    if (answer === undefined) return noAnswer(expected, command, result);
    const holds =
      answer.status === status &&
      (body === null || answer.body === body) &&
      names.every((name) => (answer.headers[name] ?? null) === headers[name]);
    return settled(holds, {
      expected,
      seen: words(answer.status, body === null ? null : answer.body, answer.headers),
      evidence: [{ source: command, text: result.stdout.slice(0, 2000) }],
    });
  },
});

/**
 * A web server serves a folder: a file of it comes back byte for byte. Of a folder without files, which may be filled
 * only once the machine is in use, that what is not there is answered by 403 or 404.
 */
export const httpFolder = defineProbeKind<
  'http-folder',
  HttpRequest & {
    /** The folder that `path`, which ends in a slash, stands for. */
    readonly folder: string;
    /** Names of index files, the first that is there counts; empty: any file is asked for by its own name. */
    readonly index: readonly string[];
    /** Paths below the folder that something else answers. */
    readonly except: readonly string[];
  }
>({
  kind: 'http-folder',
  needs: ['shell'],
  title: ({ folder, index, ...request }) =>
    index.length > 0
      ? `${urlOf(request)} answers with the index of ${folder}`
      : `${urlOf(request)} answers with the files of ${folder}`,
  hint: ({ folder, ...request }) => `${hint(request)}; ls -l ${folder}`,
  async observe(target, { folder, index, except, ...request }) {
    const found = index.length > 0 ? findIndex(folder, index) : findFile(folder, except);
    const name = (await target.execute(found)).stdout.trim();
    const asked = { ...request, path: index.length > 0 ? request.path : `${request.path}${name || nothing}` };
    const command = requestCommand(asked);
    if (name === '') {
      const result = await target.execute(command);
      const answer = parseAnswer(result.stdout);
      const expected = `403 or 404, as ${folder} has no ${index.join(' or ') || 'file'}`;
      if (answer === undefined) return noAnswer(expected, command, result);
      return settled([403, 404].includes(answer.status), { expected, seen: String(answer.status) });
    }
    const file = `${folder}/${name}`;
    // The shell's own read takes no more than the line: the rest of the answer is left to compare.
    const compare = `${command} | { read -r status; echo "$status"; sed '1,/^\\r$/d' | cmp - ${quote(file)} && echo same; }`;
    const { stdout, stderr } = await target.execute(compare);
    const same = /^HTTP\/\d\.\d 200\b.*\r?\nsame\n?$/.test(stdout);
    return awaited(same, {
      expected: `the bytes of ${file}`,
      seen: same ? `the bytes of ${file}` : (stdout + stderr).replaceAll('\r', '').trim(),
      evidence: [{ source: compare, text: (stdout + stderr).trim() }],
    });
  },
});

const findIndex = (folder: string, index: readonly string[]): string =>
  `cd ${quote(folder)} 2>/dev/null && for name in ${index.map(quote).join(' ')}; do test -f "$name" && echo "$name" && break; done; true`;

/** A file that all may read and whose name needs no encoding in a URL. */
const findFile = (folder: string, except: readonly string[]): string =>
  [
    `cd ${quote(folder)} 2>/dev/null && find -L . -maxdepth 3 -type f -perm -o=r -size -256k -regex './[-A-Za-z0-9_./]*'`,
    ...except.map((path) => `! -path ${quote(`./${path}*`)}`),
    "2>/dev/null | LC_ALL=C sort | sed -n '1s#^[.]/##p'; true",
  ].join(' ');

/** A web server passes a request on: the answer is the one that the server behind it gives. */
export const httpProxy = defineProbeKind<'http-proxy', HttpRequest & { readonly upstream: HttpRequest }>({
  kind: 'http-proxy',
  needs: ['shell'],
  title: ({ upstream, ...request }) => `${urlOf(request)} answers with what ${urlOf(upstream)} answers`,
  hint: ({ upstream, ...request }) => `${hint(request)}; and of the server behind it: ${hint(upstream)}`,
  async observe(target, { upstream, ...request }) {
    const commands = [requestCommand(upstream), requestCommand(request)] as const;
    const results = await Promise.all(commands.map((command) => target.execute(command)));
    const [behind, through] = results.map(({ stdout }) => parseAnswer(stdout));
    const words = (answer: HttpAnswer | undefined) =>
      answer === undefined ? 'no answer' : `${answer.status}, ${shown(answer.body)}`;
    const same = behind !== undefined && behind.status === through?.status && behind.body === through.body;
    return awaited(same, {
      expected: words(behind),
      seen: words(through),
      evidence: commands.map((source, index) => ({
        source,
        text: (results[index]?.stdout ?? '').slice(0, 2000),
      })),
    });
  },
});
