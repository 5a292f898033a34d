/** What can be asserted of the machine: each a look or two of the kinds of probe, with the assertion's own parameters. */

import { BootproofError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import type { DnsCode, DnsType } from '../probes/dns-message.ts';
import type { AccountField } from '../probes/kinds/account.ts';
import type { HttpRequest } from '../probes/kinds/http.ts';
import type { UnitState } from '../probes/kinds/unit-state.ts';
import * as kinds from '../probes/makers.ts';
import type { Observation, ProbeKind } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import type { Target } from '../probes/target.ts';
import type { Patience } from './machine.ts';
import type { HostFacts } from './test-run.ts';

/** Something that is asked of the machine until the answer is yes. */
export interface Question {
  /** What has to hold, as a statement. */
  readonly title: string;
  look(target: Target): Promise<Observation>;
  /** Whether an answer that can no longer become yes ends the asking. Most can: a test changes the machine. */
  readonly final?: boolean;
  /** What `.not` asks, where that is more than that the answer is no. */
  readonly opposite?: Question;
}

export interface UnitWish extends Patience {
  /** `active` unless told. */
  readonly state?: UnitState;
}

export interface ServeWish extends Patience {
  /** 200 unless told. */
  readonly status?: number;
  /** The whole body, or a pattern that is in it; any unless told. */
  readonly body?: string | RegExp;
  /** Headers that the answer must have; null: must not have. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** The address that the request is sent to, from within. 127.0.0.1 unless told, or the URL's own when it is one. */
  readonly at?: string;
}

export interface FileWish extends Patience {
  /** The whole text, or a pattern that is in it; any unless told. */
  readonly text?: string | RegExp;
  /** Octal: `0640`. */
  readonly mode?: string;
  /** A name, or an id after a plus sign: `+0`. */
  readonly user?: string;
  /** As `user`. */
  readonly group?: string;
}

export type FolderWish = Omit<FileWish, 'text'>;

export interface MountWish extends Patience {
  /** `ext4` */
  readonly format?: string;
  /** `/dev/vda2` */
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface UserWish extends Patience {
  readonly uid?: number;
  /** The first group. */
  readonly group?: string;
  /** Groups that it is in, among others. */
  readonly groups?: readonly string[];
  readonly home?: string;
  /** The program's own name: `bash`. */
  readonly shell?: string;
}

export interface GroupWish extends Patience {
  readonly gid?: number;
  /** Users who are listed in it, among others. */
  readonly members?: readonly string[];
}

export interface ResolveWish extends Patience {
  /** A record's data; any unless told. */
  readonly to?: string;
  /** `A` unless told. */
  readonly type?: DnsType;
  /** `NOERROR` unless told. */
  readonly code?: DnsCode;
  /** The address of the server that is asked, from within. 127.0.0.1 unless told. */
  readonly server?: string;
  /** 53 unless told. */
  readonly port?: number;
}

/** A kind's look with these parameters. */
function asking<Params extends Json>(
  kind: Pick<ProbeKind<string, Params>, 'title' | 'observe'>,
  params: Params,
  more: Partial<Question> = {},
): Question {
  return { title: kind.title(params), look: (target) => kind.observe(target, params), ...more };
}

/** Several looks that all have to be yes; the first that is not is the answer. */
function all(questions: readonly [Question, ...Question[]]): Question {
  const [first, ...others] = questions;
  if (others.length === 0) return first;
  return {
    title: questions.map(({ title }) => title).join('; '),
    async look(target) {
      const seen: Observation[] = [];
      for (const question of questions) {
        const observation = await question.look(target);
        if (observation.verdict !== 'passed') return observation;
        seen.push(observation);
      }
      return {
        verdict: 'passed',
        expected: seen.map(({ expected }) => expected).join('; '),
        seen: seen.map((each) => each.seen).join('; '),
        evidence: seen.flatMap(({ evidence }) => evidence),
      };
    },
  };
}

/** A pattern as data. Where it was found last counts for nothing. */
const patternOf = ({ source, flags }: RegExp) => ({ pattern: source, flags: flags.replace(/[gy]/g, '') });

/** The request for a URL, sent to an address of the machine itself. */
function requestOf(url: string, at: string | undefined): HttpRequest {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:') {
    throw new BootproofError(`toServe() cannot ask for ${JSON.stringify(url)}: it speaks HTTP alone.`, {
      kind: 'declaration',
      hint: "Write the whole URL: 'http://app.home.arpa/'. For HTTPS, run a client: toPrint('curl -k https://…', /…/).",
    });
  }
  const name = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const isAddress = /^[\d.]+$/.test(name) || name.includes(':');
  return {
    address: at ?? (isAddress ? name : '127.0.0.1'),
    port: Number(parsed.port || 80),
    host: name,
    path: `${parsed.pathname}${parsed.search}`,
  };
}

function serving(url: string, { status = 200, body, headers = {}, at }: ServeWish): Question {
  const request = requestOf(url, at);
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const asked = asking(kinds.httpAnswer, {
    ...request,
    status,
    body: typeof body === 'string' ? body : null,
    headers: lower,
  });
  return body instanceof RegExp
    ? all([asked, asking(kinds.httpMatch, { ...request, status, ...patternOf(body) })])
    : asked;
}

function fileLike(
  path: string,
  type: 'file' | 'folder',
  { text, mode = '', user = '', group = '' }: FileWish,
): Question {
  const status = asking(kinds.fileStatus, { path, type, mode, user, group });
  if (text === undefined) return status;
  const held =
    typeof text === 'string'
      ? asking(kinds.fileText, { path, text })
      : asking(kinds.fileMatch, { path, ...patternOf(text) });
  return all([status, held]);
}

function userOf(user: string, { uid, group, groups, home, shell }: UserWish): Question {
  const fields: readonly (readonly [AccountField, string | undefined])[] = [
    ['uid', uid?.toString()],
    ['group', group],
    ['extra groups', groups?.join(',')],
    ['home', home],
    ['shell', shell],
  ];
  const named = {
    ...asking(kinds.commandOutput, { command: `id -un ${quote(user)}`, output: user }),
    title: `${user} is a user`,
  };
  return all([
    named,
    ...fields.flatMap(([field, value]) =>
      value === undefined ? [] : [asking(kinds.account, { user, field, value })],
    ),
  ]);
}

const printing = (command: string, output: string | RegExp): Question =>
  typeof output === 'string'
    ? asking(
        kinds.commandOutput,
        { command, output },
        output === '' ? { title: `\`${command}\` prints nothing` } : {},
      )
    : asking(kinds.commandMatch, { command, ...patternOf(output) });

function outside(port: number, nic: string | undefined): Question {
  if (nic === undefined) {
    throw new BootproofError('toAnswerFromOutside() needs a NIC, and the VM has none.', {
      kind: 'declaration',
      hint: 'Declare net0 in vm.ts.',
    });
  }
  return asking(
    kinds.outsideTcp,
    { nic, open: [port], closed: [] },
    { opposite: asking(kinds.outsideTcp, { nic, open: [], closed: [port] }) },
  );
}

/** The assertions by name: from the host's facts and the assertion's parameters to what is asked. */
export const questions = {
  toHaveUnit: (_: HostFacts, name: string, { state = 'active' }: UnitWish = {}) =>
    state === 'active'
      ? asking(kinds.unit, { unit: name }, { final: true })
      : asking(kinds.unitState, { unit: name, state }),
  toHaveRun: (_: HostFacts, unit: string, _patience: Patience = {}) =>
    asking(kinds.unitRun, { unit, runs: 'once' }),
  toHaveNoFailedUnit: (_: HostFacts, _patience: Patience = {}) =>
    asking(kinds.systemState, { check: 'no failed unit' }),
  toListenOn: (_: HostFacts, port: number, _patience: Patience = {}) => asking(kinds.listeningPort, { port }),
  toAnswerFromOutside: ({ nic }: HostFacts, port: number, _patience: Patience = {}) => outside(port, nic),
  toAnswerPing: (_: HostFacts, _patience: Patience = {}) =>
    asking(kinds.answersPing, { answers: true }, { opposite: asking(kinds.answersPing, { answers: false }) }),
  toServe: (_: HostFacts, url: string, wish: ServeWish = {}) => serving(url, wish),
  toHaveFile: (_: HostFacts, path: string, wish: FileWish = {}) => fileLike(path, 'file', wish),
  toHaveFolder: (_: HostFacts, path: string, wish: FolderWish = {}) => fileLike(path, 'folder', wish),
  toHaveLine: (_: HostFacts, path: string, line: string, _patience: Patience = {}) =>
    asking(kinds.fileLine, { path, line }),
  toHaveMount: (
    _: HostFacts,
    mountpoint: string,
    { format = '', source = '', options = [] }: MountWish = {},
  ) => asking(kinds.fileSystem, { mountpoint, format, source, mountOptions: options, kind: 'device' }),
  toHaveUser: (_: HostFacts, name: string, wish: UserWish = {}) => userOf(name, wish),
  toHaveGroup: (_: HostFacts, group: string, { gid, members = [] }: GroupWish = {}) =>
    asking(kinds.group, { group, gid: gid ?? null, members }),
  toHaveHostName: (_: HostFacts, hostName: string, _patience: Patience = {}) =>
    asking(kinds.hostName, { hostName }),
  toResolve: (
    _: HostFacts,
    name: string,
    { to: data, type = 'A', code = 'NOERROR', server = '127.0.0.1', port = 53 }: ResolveWish = {},
  ) => asking(kinds.dnsAnswer, { server, port, name, type, code, data: data ?? null }),
  toSucceed: (_: HostFacts, command: string, _patience: Patience = {}): Question => ({
    ...printing(command, /^/),
    title: `\`${command}\` succeeds`,
  }),
  toPrint: (_: HostFacts, command: string, output: string | RegExp, _patience: Patience = {}) =>
    printing(command, output),
  toShowOnConsole: (_: HostFacts, text: RegExp, _patience: Patience = {}) =>
    asking(kinds.consoleText, { pattern: text.source, description: `a line like ${text}` }),
  toPass: <Params extends Json>(
    _: HostFacts,
    kind: Pick<ProbeKind<string, Params>, 'title' | 'observe'>,
    params: Params,
    _patience: Patience = {},
  ) => asking(kind, params),
} satisfies Readonly<Record<string, (facts: HostFacts, ...rest: never) => Question>>;
