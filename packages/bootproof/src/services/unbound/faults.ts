import type { DnsType } from '../../probes/dns-message.ts';
import { exactly, literally, rewrite } from '../../probes/fault-commands.ts';
import type { ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { sortedLines } from '../sorted-lines.ts';

/** What can be wrong with an Unbound, put into its configuration. Patterns and settings: unbound.conf(5). */

export const unboundUnit = 'unbound.service';
export const configurationFile = '/etc/unbound/unbound.conf';

const restart = `systemctl restart ${unboundUnit}`;

/** The line of a setting with this value as sed knows it; its first group is what stands before the value. */
const lineOf = (setting: string, value: string): string =>
  `^([[:space:]]*${literally(setting)}:[[:space:]]*)${literally(value)}[[:space:]]*$`;

/** Edits the configuration by sed; the fault is not made where nothing of it fits. */
const edited = (script: string): string[] => [
  ...rewrite(
    configurationFile,
    (copy) =>
      `sed -i -E ${quote(script)} ${copy}; if cmp -s ${configurationFile} ${copy}; then echo nothing fits; exit 1; fi`,
  ),
  restart,
];

/** Puts a setting at the end: of those that are given once the last counts, of lists it is one more. */
const added = (setting: string, value: string): string[] => [
  ...rewrite(
    configurationFile,
    (copy) => `printf '%s\\n' server: ${quote(`  ${setting}: ${value}`)} >> ${copy}`,
  ),
  restart,
];

/** A place that Unbound listens at, as the configuration has it and as a client of the machine reaches it. */
export interface Endpoint {
  readonly given: string;
  readonly server: string;
  readonly port: number;
}

const silent = '^no answer .*Connection refused';

/** It listens at another port of an interface. */
export const moved = ({ given, port }: Endpoint): ProbeFault => {
  const [address = ''] = given.split('@');
  const other = port === 5353 ? 5354 : 5353;
  return {
    id: `unbound-moved/${given}`,
    title: `Unbound listens on port ${other} of ${address}, and not on ${port}`,
    commands: edited(`s/${lineOf('interface', given)}/\\1${address}@${other}/`),
    seen: silent,
  };
};

/** What is said of a client of the machine itself. */
export const refusal = ({ server }: Pick<Endpoint, 'server'>): string =>
  `${server}/${server.includes(':') ? 128 : 32} refuse`;

/** It turns its clients of the machine itself away. */
export const refusing = (at: Endpoint, seen = '^REFUSED$'): ProbeFault => ({
  id: `unbound-refuses/${at.server}`,
  title: `Unbound refuses clients that come from ${at.server}`,
  commands: added('access-control', refusal(at)),
  seen,
});

/** Data that nobody has, of each type: RFC 5737, RFC 3849, RFC 2606. */
const otherData: Readonly<Record<DnsType, string>> = {
  A: '192.0.2.66',
  AAAA: '2001:db8::66',
  CNAME: 'other.invalid.',
  PTR: 'other.invalid.',
  TXT: 'other',
};

/** A record of the configuration: its setting with the value as it was written, and what that means. */
export interface WrittenRecord {
  readonly setting: string;
  readonly given: string;
  readonly name: string;
  readonly type: DnsType;
  readonly data: string;
}

/** A record says something else. */
export const otherRecord = ({ setting, given, name, type, data }: WrittenRecord): ProbeFault => {
  const other = otherData[type];
  return {
    id: `unbound-record-other/${type}-${name}-${data}`,
    title: `Unbound says that ${type} of ${name} is ${other}, and not ${data}`,
    commands: edited(
      `s/${lineOf(setting, given)}/  local-data: "${literally(name)} ${type} ${literally(other)}"/`,
    ),
    seen: `^NOERROR, (.*, )?${literally(other)}(,|$)`,
  };
};

/** A record is not there. What is answered then is known only where its zone says so. */
export const recordGone = ({ setting, given, name, type, data }: WrittenRecord): ProbeFault => ({
  id: `unbound-record-gone/${type}-${name}-${data}`,
  title: `Unbound does not know that ${type} of ${name} is ${data}`,
  commands: edited(`/${lineOf(setting, given)}/d`),
  seen: `^(NOERROR|NXDOMAIN|REFUSED)(?!.*, ${literally(data)}(,|$))`,
});

/** A zone answers otherwise for the names that it does not have. */
export const otherZone = (given: string, name: string, code: string): ProbeFault => {
  const [type, seen] = code === 'REFUSED' ? ['static', 'NXDOMAIN'] : ['refuse', 'REFUSED'];
  return {
    id: `unbound-zone/${name}`,
    title: `the zone ${name} of Unbound is of the type ${type}`,
    commands: edited(`s/${lineOf('local-zone', given)}/\\1"${literally(name)}" ${type}/`),
    seen: exactly(seen ?? ''),
  };
};

/** One more for each list of texts. */
const more: Readonly<Record<string, string>> = {
  'access-control': '0.0.0.0/0 allow',
  'do-not-query-address': '192.0.2.1',
  'domain-insecure': 'other.invalid',
  'private-address': '192.0.2.0/24',
  'private-domain': 'other.invalid',
};

/** What Unbound is told besides, or in the place of a switch or a number; none where nothing else is known for sure. */
export function otherSetting(setting: string, words: readonly string[]): ProbeFault[] {
  const extra = more[setting];
  const value = extra ?? otherValue(words);
  if (value === undefined || words.includes(value)) return [];
  return [
    {
      id: `unbound-setting/${setting}`,
      title: `Unbound has ${setting} ${value}${extra === undefined ? '' : ' besides'}`,
      commands: added(setting, value),
      seen: exactly(extra === undefined ? value : sortedLines([...words, value])),
    },
  ];
}

function otherValue([word = '', ...rest]: readonly string[]): string | undefined {
  if (rest.length > 0) return undefined;
  if (word === 'yes' || word === 'no') return word === 'yes' ? 'no' : 'yes';
  const number = Number(word);
  // Half, because some numbers have to be powers of two.
  return String(number < 2 ? number + 1 : Math.floor(number / 2));
}

/** The key of the DNS root is lost, or Unbound is not told of it. */
export const keyFaults = (file: string): readonly ProbeFault[] => [
  {
    id: 'unbound-root-key/empty',
    title: `${file} holds no key`,
    commands: [`test -s ${quote(file)}`, `: > ${quote(file)}`],
    seen: '^no key$',
  },
  {
    id: 'unbound-root-key/unread',
    title: 'Unbound checks nothing from the root on',
    commands: edited('/^[[:space:]]*auto-trust-anchor-file:/d'),
    seen: '^it reads no file$',
  },
];
