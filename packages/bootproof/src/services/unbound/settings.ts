import { canonicalAddress, type DnsCode, type DnsType, dnsTypes } from '../../probes/dns-message.ts';
import { exactly } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { dnsAnswer } from '../../probes/kinds/dns-answer.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { reachedAt } from '../../probes/tcp.ts';
import { sortedLines } from '../sorted-lines.ts';
import {
  configurationFile,
  type Endpoint,
  keyFaults,
  moved,
  otherRecord,
  otherSetting,
  otherZone,
  recordGone,
  refusal,
  refusing,
  type WrittenRecord,
} from './faults.ts';

/** What Unbound's settings come to: the text of its configuration, and what it then answers. Source: unbound.conf(5). */

type Value = string | number | boolean | readonly (string | number | boolean)[];
export type ServerSettings = Readonly<Record<string, Value>>;
type Clause = string | ServerSettings;

const path = 'services.unbound.settings.server';

/** The server's settings with those that NixOS adds. Source: nixos/modules/services/networking/unbound.nix. */
export function serverSettings(
  declared: Partial<ServerSettings> = {},
  rootTrustAnchor = true,
): ServerSettings {
  return {
    directory: '/var/lib/unbound',
    chroot: '""',
    pidfile: '""',
    'do-daemonize': false,
    interface: ['127.0.0.1', '::1'],
    'access-control': ['127.0.0.0/8 allow', '::1/128 allow'],
    'ip-freebind': true,
    ...(rootTrustAnchor ? { 'auto-trust-anchor-file': '/var/lib/unbound/root.key' } : {}),
    ...(declared as ServerSettings),
  };
}

/** The lines of unbound.conf. Tags have to be defined before they are used, so that they come first. */
export function unboundLines(clauses: Readonly<Record<string, Clause | readonly Clause[]>>): string[] {
  return Object.entries(clauses).flatMap(([name, clause]) =>
    listOf<Clause>(clause).flatMap((each) =>
      typeof each === 'string'
        ? [`${name}: ${each}`]
        : [
            `${name}:`,
            ...Object.entries(each)
              .sort(([left], [right]) => Number(right === 'define-tag') - Number(left === 'define-tag'))
              .flatMap(([setting, value]) => listOf(value).map((one) => `  ${setting}: ${word(one)}`)),
          ],
    ),
  );
}

const listOf = <Each>(value: Each | readonly Each[]): readonly Each[] =>
  Array.isArray(value) ? value : [value as Each];

const word = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

const textsOf = (value: Value | undefined): string[] =>
  value === undefined ? [] : listOf(value).map((each) => word(each));

/** Where a client of the machine itself reaches the server, for each interface; undefined where that is not known. */
function endpoint(server: ServerSettings, given: string): Endpoint | undefined {
  const [address = '', port] = given.split('@');
  if (!/^([\d.]+|[\da-f:]*:[\da-f:]*)$/i.test(address)) return undefined;
  const usable = /^(127\.|0\.0\.0\.0$|::0?$|::1$)/.test(address);
  const at = Number(port ?? server['port'] ?? 53);
  return usable ? { given, server: reachedAt(address), port: at } : undefined;
}

/** What Unbound answers when it is configured so: on each interface, for each of its own names, for each of its zones. */
export function answerProbes(
  server: ServerSettings,
  declared: Partial<ServerSettings>,
  rootTrustAnchor: boolean,
): Probe[] {
  const interfaces = textsOf(server['interface']).map((given) => endpoint(server, given));
  const known = interfaces.filter((each) => each !== undefined);
  const [first] = known;
  const after = ['unbound/unit'];
  // A claim on a list is true only when each of its items is asked for.
  const listens = known.length === interfaces.length ? [`${path}.interface`] : [];
  const port = 'port' in declared ? [`${path}.port`] : [];
  const answers = known.map((at) =>
    dnsAnswer.probe({
      id: `unbound/answers-${at.server}${at.port === 53 ? '' : `-${at.port}`}`,
      // A name that every Unbound knows by itself.
      params: {
        server: at.server,
        port: at.port,
        name: 'localhost.',
        type: 'A',
        code: 'NOERROR',
        data: '127.0.0.1',
      },
      proves: ['services.unbound.enable', ...listens, ...port],
      after,
      faults: [moved(at), refusing(at)],
    }),
  );
  return [
    ...unique(answers),
    ...(first === undefined ? [] : [...recordProbes(server, first), ...zoneProbes(server, first)]),
    ...readingProbes(declared, known),
    ...(rootTrustAnchor ? [anchorProbe(server)] : []),
  ];
}

interface NamedRecord {
  readonly name: string;
  readonly type: DnsType;
  readonly data: string;
}

/** `"nas.lan. 300 IN A 192.168.1.2"`: time to live and class may be left out. Undefined for types that are not read here. */
export function readRecord(given: string): NamedRecord | undefined {
  const line = given.trim().replace(/^(["'])(.*)\1$/, '$2');
  const match = /^(\S+)\s+(?:\d+\s+)?(?:IN\s+)?([A-Z]+)\s+(.*\S)$/i.exec(line);
  const type = dnsTypes.find((each) => each === match?.[2]?.toUpperCase());
  if (match === null || type === undefined) return undefined;
  const data = match[3] ?? '';
  const name = absolute(match[1] ?? '');
  if (type === 'AAAA') return { name, type, data: canonicalAddress(data) };
  if (type === 'TXT') return { name, type, data: data.replace(/^(["'])(.*)\1$/, '$2') };
  return { name, type, data: type === 'A' ? data : absolute(data) };
}

/** `"192.168.1.2 nas.lan"`, with an optional time to live in between. IPv4 alone is read here. */
export function readPointer(given: string): NamedRecord | undefined {
  const line = given.trim().replace(/^(["'])(.*)\1$/, '$2');
  const match = /^(\d+\.\d+\.\d+\.\d+)\s+(?:\d+\s+)?(\S+)$/.exec(line);
  if (match === null) return undefined;
  const reversed = (match[1] ?? '').split('.').reverse().join('.');
  return { name: `${reversed}.in-addr.arpa.`, type: 'PTR', data: absolute(match[2] ?? '') };
}

const absolute = (name: string): string => (name.endsWith('.') ? name : `${name}.`);

function recordProbes(server: ServerSettings, at: Endpoint): Probe[] {
  const zones = zonesOf(server);
  const sources = [
    { setting: 'local-data', read: readRecord },
    { setting: 'local-data-ptr', read: readPointer },
  ];
  return unique(
    sources.flatMap(({ setting, read }) => {
      const records = textsOf(server[setting]).map((given) => ({ setting, given, ...read(given) }));
      const known = records.filter((record): record is WrittenRecord => record.name !== undefined);
      if (known.length < records.length) return [];
      return known.map((record) => {
        const { name, type, data } = record;
        const zoned = zones.some((zone) => zone.code !== undefined && isIn(name, zone.name));
        return dnsAnswer.probe({
          id: `unbound/${type}-${name}-${data}`,
          params: { server: at.server, port: at.port, name, type, code: 'NOERROR', data },
          proves: [`${path}.${setting}`],
          after: ['unbound/unit'],
          faults: [otherRecord(record), ...(zoned ? [recordGone(record)] : []), moved(at), refusing(at)],
        });
      });
    }),
  );
}

/** What a zone of each type answers for a name in it that has no data. Others go on to ask the network. */
const zoneCodes: Readonly<Record<string, DnsCode>> = {
  static: 'NXDOMAIN',
  always_nxdomain: 'NXDOMAIN',
  refuse: 'REFUSED',
  always_refuse: 'REFUSED',
};

interface Zone {
  /** As it was written. */
  readonly given: string;
  readonly name: string;
  readonly code: DnsCode | undefined;
}

const zonesOf = (server: ServerSettings): Zone[] =>
  textsOf(server['local-zone']).map((given) => {
    const [, name = '', type = ''] = /^["']?([^"'\s]+)["']?\s+(\S+)$/.exec(given.trim()) ?? [];
    return { given, name: absolute(name), code: zoneCodes[type] };
  });

const isIn = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

function zoneProbes(server: ServerSettings, at: Endpoint): Probe[] {
  const zones = zonesOf(server);
  return unique(
    zones.flatMap(({ given, name, code }) =>
      code === undefined || name === '.'
        ? []
        : [
            dnsAnswer.probe({
              id: `unbound/zone-${name}`,
              params: {
                server: at.server,
                port: at.port,
                name: `no-such-name.${name}`,
                type: 'A',
                code,
                data: null,
              },
              proves: zones.every((zone) => zone.code !== undefined) ? [`${path}.local-zone`] : [],
              after: ['unbound/unit'],
              faults: [
                otherZone(given, name, code),
                moved(at),
                ...(code === 'REFUSED' ? [] : [refusing(at)]),
              ],
            }),
          ],
    ),
  ).filter(({ proves }) => proves.length > 0);
}

/**
 * Settings that are texts, and that `unbound-checkconf -o` prints as they were written. Of the others it prints switches
 * and numbers so, but no sizes such as 4m. Measured with Debian's 1.17.1 and every setting of its example.
 */
const printedTexts = new Set([
  'access-control',
  'do-not-query-address',
  'domain-insecure',
  'private-address',
  'private-domain',
]);
const unprintable = /^(ipsecmod-|outgoing-port-permit$)/;

const isPrinted = (setting: string, words: readonly string[]): boolean =>
  printedTexts.has(setting) ||
  (!unprintable.test(setting) && words.every((each) => /^(yes|no|\d+)$/.test(each)));

/** Settings whose answers are not asked for are shown as Unbound itself reads them from its file. */
function readingProbes(declared: Partial<ServerSettings>, interfaces: readonly Endpoint[]): Probe[] {
  return Object.entries(declared).flatMap(([setting, value]) => {
    const words = textsOf(value).map((each) => each.replace(/^"(.*)"$/, '$1'));
    if (setting === 'port' || words.length === 0 || !isPrinted(setting, words)) return [];
    return [
      commandOutput.probe({
        id: `unbound/reads-${setting}`,
        title: `Unbound reads ${setting} as ${words.join(', ')}`,
        params: {
          command: `unbound-checkconf -o ${quote(setting)} ${configurationFile} | LC_ALL=C sort`,
          output: sortedLines(words),
        },
        proves: [`${path}.${setting}`],
        after: ['unbound/unit'],
        faults: [
          ...otherSetting(setting, words),
          ...(setting === 'access-control'
            ? interfaces.map((at) => refusing(at, exactly(sortedLines([...words, refusal(at)]))))
            : []),
        ],
      }),
    ];
  });
}

/** The key of the root is there, and is one: without it Unbound would not check what it is told. */
const anchorProbe = (server: ServerSettings): Probe => {
  const file = String(server['auto-trust-anchor-file']).replace(/^"(.*)"$/, '$1');
  return commandOutput.probe({
    id: 'unbound/root-key',
    title: `Unbound has the key of the DNS root in ${file}`,
    params: {
      command: [
        `read=$(unbound-checkconf -o auto-trust-anchor-file ${configurationFile}) || exit`,
        `if [ "$read" != ${quote(file)} ]; then echo "it reads \${read:-no file}"`,
        `elif grep -Eqm1 '^\\.[[:space:]].*(DNSKEY|DS)[[:space:]]' ${quote(file)}; then echo a key`,
        'else echo no key; fi',
      ].join('\n'),
      output: 'a key',
    },
    proves: ['services.unbound.enableRootTrustAnchor'],
    after: ['unbound/unit'],
    faults: keyFaults(file),
  });
};

/** A name may be declared twice, but a probe has its id to itself. */
const unique = (probes: readonly Probe[]): Probe[] =>
  probes.filter(({ id }, index) => probes.findIndex((other) => other.id === id) === index);
