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

/** That one server runs, answers as declared, and has its settings. */
export function serverProbes(name: string, server: Server): Probe[] {
  const unitName = `${redisName(name)}.service`;
  const id = (what: string): string => `redis/${name === '' ? 'default' : name}/${what}`;
  const path = (option: string): string => `services.redis.servers.${JSON.stringify(name)}.${option}`;
  const after = [id('unit')];
  const probes: Probe[] = [
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
  ];
  const [way, byTcp] = waysTo(server);
  // The password is a secret of the machine's own: nobody here can ask such a server anything.
  const client = way ?? byTcp;
  if (server.requirePassFile !== null || client === undefined) return probes;
  const withPassword = (command: string): string =>
    server.requirePass === null ? command : `REDISCLI_AUTH=${quote(server.requirePass)} ${command}`;
  const asking = withPassword(client.command);
  const settings = declaredSettings(server);
  const faults = serverFaults({ unit: unitName, server, asking, bySocket: client === way, settings });
  return [
    ...probes,
    commandOutput.probe({
      id: id('key'),
      params: {
        command: `${asking} set bootproof:probe back ex 60 && ${asking} get bootproof:probe && ${asking} del bootproof:probe`,
        output: 'OK\nback\n1',
      },
      title: `a key that is set in ${unitName} comes back`,
      proves: [path('enable'), path(client.option)],
      after,
      faults: faults.key,
    }),
    ...(byTcp === undefined || byTcp === client
      ? []
      : [
          commandOutput.probe({
            id: id('tcp'),
            params: { command: `${withPassword(byTcp.command)} ping`, output: 'PONG' },
            title: `${unitName} answers on TCP port ${server.port}`,
            proves: [path('port'), path('bind')],
            after,
            faults: faults.tcp,
          }),
        ]),
    ...(server.requirePass === null
      ? []
      : [
          commandOutput.probe({
            id: id('refuses'),
            params: {
              command: `${client.command} ping 2>&1; ${asking} ping`,
              output: 'NOAUTH Authentication required.\n\nPONG',
            },
            title: `${unitName} answers only who gives the password`,
            proves: [path('requirePass')],
            after,
            faults: faults.refuses,
          }),
        ]),
    commandOutput.probe({
      id: id('settings'),
      params: {
        // One client asks for all: each is answered by two lines, its name and its value.
        command: `printf 'config get %s\\n' ${settings.map(({ name: key }) => quote(key)).join(' ')} | ${asking} --raw 2>&1 | paste -d = - -`,
        output: settings.map(({ name: key, value }) => `${key}=${value}`).join('\n'),
      },
      title: `${unitName} has its declared settings`,
      proves: settings.map(({ option }) => path(option)),
      after,
      faults: faults.settings,
    }),
  ];
}

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
