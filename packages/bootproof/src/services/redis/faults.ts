import { exactly, overrideUnit, resolveUnit, withLine } from '../../probes/fault-commands.ts';
import type { ProbeFault, SharedFault } from '../../probes/probe.ts';
import type { Server } from './options.ts';

/** The server is started with further words of its command line, which count more than its file: `--port 7000`. */
const startedWith = (unit: string, words: string): string[] => [
  resolveUnit(unit),
  `start=$(systemctl show -P ExecStart "$unit" | sed -n 's/.*argv\\[\\]=\\([^;]*[^; ]\\) *;.*/\\1/p')`,
  '[ -n "$start" ]',
  ...overrideUnit(['ExecStart=', `ExecStart=$start ${words}`]),
  'systemctl restart "$unit"',
];

/** What a server is told while it runs. `client` is the command that asks it. */
const told = (client: string, words: string): string[] => [`${client} ${words} | grep -qx OK`];

/** Another value for a setting, as words of the command line; undefined where none is known for sure. */
const otherValues: Readonly<Record<string, (value: string) => string>> = {
  loglevel: (value) => (value === 'verbose' ? 'notice' : 'verbose'),
  databases: (value) => String(Number(value) + 1),
  maxclients: () => '99',
  save: () => "'77 1'",
  appendonly: (value) => (value === 'yes' ? 'no' : 'yes'),
  appendfsync: (value) => (value === 'no' ? 'always' : 'no'),
  unixsocketperm: (value) => (value === '600' ? '660' : '600'),
  'slowlog-log-slower-than': (value) => String(Number(value) + 1),
  'slowlog-max-len': (value) => String(Number(value) + 1),
  'maxmemory-policy': (value) => (value === 'noeviction' ? 'allkeys-lru' : 'noeviction'),
};

/** A server, and how its probes ask it. */
export interface Asked {
  readonly unit: string;
  readonly server: Server;
  /** The command that asks it, with its password. */
  readonly asking: string;
  readonly bySocket: boolean;
  /** What it tells of its settings. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
}

/** Each setting that the server tells is another one. Ports, addresses and sockets have faults of their own. */
const otherSettings = ({ unit, settings }: Asked): ProbeFault[] =>
  settings.flatMap(({ name, value }): ProbeFault[] => {
    const other = otherValues[name]?.(value);
    if (other === undefined) return [];
    return [
      {
        id: `redis-setting/${unit}/${name}`,
        title: `${unit} runs with ${name} ${other}`,
        commands: startedWith(unit, `--${name} ${other}`),
        // Lines of `save` are added to those that are there.
        seen: name === 'save' ? '(^|\\n)save=(.* )?77 1(\\n|$)' : withLine(`${name}=${other}`),
      },
    ];
  });

/** The server's process is of another user, and of another group. */
export function processFaults(unit: string, { user, group }: Server): ProbeFault[] {
  const otherUser = user === 'root' ? 'nobody' : 'root';
  const otherGroup = group === 'root' ? 'nogroup' : 'root';
  const as = (what: string, setting: string, printed: string): ProbeFault => ({
    id: `redis-${what}/${unit}`,
    title: `${unit} runs with ${setting}`,
    commands: [resolveUnit(unit), ...overrideUnit([setting]), 'systemctl restart "$unit"'],
    seen: exactly(printed),
  });
  return [
    as('user', `User=${otherUser}`, `${otherUser} ${group}`),
    as('group', `Group=${otherGroup}`, `${user} ${otherGroup}`),
  ];
}

/** A way to the server that is another one than declared, with what the server says of it. */
interface Moved {
  readonly fault: SharedFault;
  readonly told: string;
}

function moved(unit: string, what: string, setting: string, value: string | number): Moved {
  return {
    fault: {
      id: `redis-${what}-moved/${unit}`,
      title: `${unit} has the ${what} ${value} and not the declared one`,
      commands: startedWith(unit, `--${setting} ${value}`),
    },
    told: withLine(`${setting}=${value}`),
  };
}

/** The ways to the server, moved: those of its socket, and those of TCP. */
function waysMoved({ unit, server: { port, bind, unixSocket } }: Asked): { socket: Moved[]; tcp: Moved[] } {
  return {
    socket:
      unixSocket === null
        ? []
        : [moved(unit, 'socket', 'unixsocket', String(unixSocket).replace(/[^/]*$/, 'mutation.sock'))],
    tcp: [
      moved(unit, 'port', 'port', port > 60_000 ? port - 2000 : port + 2000),
      ...(port === 0 || bind === null ? [] : [moved(unit, 'address', 'bind', '127.0.0.2')]),
    ],
  };
}

const unreachable = 'Could not connect to Redis at ';

/** What is there for each probe of a server to catch. */
export function serverFaults(
  asked: Asked,
): Readonly<Record<'key' | 'tcp' | 'refuses' | 'settings', ProbeFault[]>> {
  const { unit, server, asking, bySocket } = asked;
  const { socket, tcp } = waysMoved(asked);
  const seenAs = (faults: readonly Moved[], seen: string): ProbeFault[] =>
    faults.map(({ fault }) => ({ ...fault, seen }));
  const seenAsTold = (faults: readonly Moved[]): ProbeFault[] =>
    faults.map(({ fault, told: seen }) => ({ ...fault, seen }));
  const [ways, others] = bySocket ? [socket, tcp] : [tcp, socket];
  const passwordChanged = (seen: string): ProbeFault[] =>
    server.requirePass === null ? [] : [{ ...otherPassword(unit, asking), seen }];
  return {
    key: [
      { ...readOnly(unit, asking), seen: '^READONLY ' },
      { ...full(unit, asking), seen: '^OOM ' },
      ...seenAs(ways, `^exit status 1: ${unreachable}`),
      ...passwordChanged('^NOAUTH '),
    ],
    tcp: [...seenAs(tcp, `^exit status 1: ${unreachable}`), ...passwordChanged('^NOAUTH ')],
    refuses: [
      { ...withoutPassword(unit, asking), seen: '^PONG\\n' },
      ...seenAs(ways, `^exit status 1: ${unreachable}`),
      ...passwordChanged('^NOAUTH .*\\n\\nNOAUTH '),
    ],
    settings: [
      ...otherSettings(asked),
      ...seenAs(ways, `^${unreachable}`),
      ...seenAsTold(others),
      ...passwordChanged('WRONGPASS'),
    ],
  };
}

const readOnly = (unit: string, client: string): SharedFault => ({
  id: `redis-read-only/${unit}`,
  title: `${unit} is the replica of another server, and takes no keys`,
  commands: told(client, 'replicaof 127.0.0.1 9'),
});

const full = (unit: string, client: string): SharedFault => ({
  id: `redis-full/${unit}`,
  title: `${unit} may have no memory for keys`,
  commands: told(client, 'config set maxmemory 1'),
});

const withoutPassword = (unit: string, client: string): SharedFault => ({
  id: `redis-password-off/${unit}`,
  title: `${unit} answers without a password`,
  commands: told(client, "config set requirepass ''"),
});

const otherPassword = (unit: string, client: string): SharedFault => ({
  id: `redis-password-other/${unit}`,
  title: `${unit} wants another password`,
  commands: told(client, 'config set requirepass mutation'),
});
