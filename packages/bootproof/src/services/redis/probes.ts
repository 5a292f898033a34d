import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { settingsOf, word } from './configuration.ts';
import { processFaults, serverFaults } from './faults.ts';
import { redisName, type Server } from './options.ts';

/** Numbers with a unit are told in bytes, and lists have no one form: their probe would be wrong about a right server. */
const tellable = (value: unknown): value is string | boolean | number =>
  typeof value === 'boolean' ||
  typeof value === 'number' ||
  (typeof value === 'string' && !/^\d+[a-z]+$/i.test(value));

/** What the probes of one server have in common. */
interface Subject {
  readonly unitName: string;
  readonly server: Server;
  id(what: string): string;
  /** The path of one of its options. */
  path(option: string): string;
  /** They come after its unit. */
  readonly after: readonly string[];
}

/** That one server runs, answers as declared, and has its settings. */
export function serverProbes(name: string, server: Server): Probe[] {
  const unitName = `${redisName(name)}.service`;
  const id = (what: string): string => `redis/${name === '' ? 'default' : name}/${what}`;
  const path = (option: string): string => `services.redis.servers.${JSON.stringify(name)}.${option}`;
  const after = [id('unit')];
  return [
    unit.probe({ id: id('unit'), params: { unit: unitName }, proves: [path('enable')] }),
    commandOutput.probe({
      id: id('user'),
      params: {
        command: `stat -c '%U %G' /proc/$(systemctl show -p MainPID --value ${unitName})`,
        output: `${server.user} ${server.group}`,
      },
      title: `${unitName} runs as ${server.user}, of the group ${server.group}`,
      proves: [path('user'), path('group')],
      after,
      faults: processFaults(unitName, server),
    }),
    // The password is a secret of the machine's own: nobody here can ask such a server anything.
    ...(server.requirePassFile === null ? clientProbes({ unitName, server, id, path, after }) : []),
  ];
}

/** What a client of the server sees, if there is a way to it. */
function clientProbes({ unitName, server, id, path, after }: Subject): Probe[] {
  const [bySocket, byTcp] = waysTo(server);
  const client = bySocket ?? byTcp;
  if (client === undefined) return [];
  const withPassword = (command: string): string =>
    server.requirePass === null ? command : `REDISCLI_AUTH=${quote(server.requirePass)} ${command}`;
  const asking = withPassword(client.command);
  const settings = declaredSettings(server);
  const faults = serverFaults({ unit: unitName, server, asking, bySocket: client === bySocket, settings });
  const ask = (
    what: keyof typeof faults,
    title: string,
    command: string,
    output: string,
    options: readonly string[],
  ): Probe =>
    commandOutput.probe({
      id: id(what),
      params: { command, output },
      title,
      proves: options.map(path),
      after,
      faults: faults[what],
    });
  const tcpProbe = (byPort: string): Probe =>
    ask('tcp', `${unitName} answers on TCP port ${server.port}`, `${byPort} ping`, 'PONG', ['port', 'bind']);
  const key = `${asking} set bootproof:probe back ex 60 && ${asking} get bootproof:probe && ${asking} del bootproof:probe`;
  const ping = `${client.command} ping 2>&1; ${asking} ping`;
  const refused = 'NOAUTH Authentication required.\n\nPONG';
  const told = settings.map(({ name, value }) => `${name}=${value}`).join('\n');
  return [
    ask('key', `a key that is set in ${unitName} comes back`, key, 'OK\nback\n1', ['enable', client.option]),
    ...(byTcp === undefined || byTcp === client ? [] : [tcpProbe(withPassword(byTcp.command))]),
    ...(server.requirePass === null
      ? []
      : [ask('refuses', `${unitName} answers only who gives the password`, ping, refused, ['requirePass'])]),
    ask(
      'settings',
      `${unitName} has its declared settings`,
      tell(asking, settings),
      told,
      settings.map(({ option }) => option),
    ),
  ];
}

/** One client asks for all settings: each is answered by two lines, its name and its value. */
const tell = (asking: string, settings: readonly { readonly name: string }[]): string =>
  `printf 'config get %s\\n' ${settings.map(({ name }) => quote(name)).join(' ')} | ${asking} --raw 2>&1 | paste -d = - -`;

/** How to ask the server, with the option that says so: by its socket, and by TCP. */
function waysTo({ unixSocket, port, bind }: Server) {
  const address = (bind ?? '127.0.0.1').trim().split(/\s+/)[0]?.replace(/^-/, '') ?? '';
  const reachable = address === '*' || address === '0.0.0.0' ? '127.0.0.1' : address;
  return [
    unixSocket === null
      ? undefined
      : { option: 'unixSocket', command: `redis-cli -s ${quote(String(unixSocket))}` },
    port === 0 ? undefined : { option: 'port', command: `redis-cli -h ${reachable} -p ${port}` },
  ] as const;
}

function declaredSettings(server: Server): { option: string; name: string; value: string }[] {
  const typed = Object.entries(settingsOf).flatMap(([option, tell]) => {
    const setting = tell(server);
    return setting === undefined ? [] : [{ option, name: setting[0], value: setting[1] }];
  });
  const free = Object.entries(server.settings);
  // They are one option: half of them proves none of it.
  const told = free.flatMap(([name, value]) =>
    tellable(value) ? [{ option: 'settings', name, value: word(value) }] : [],
  );
  const said = new Set(free.map(([name]) => name));
  return [...typed.filter(({ name }) => !said.has(name)), ...(told.length === free.length ? told : [])];
}
