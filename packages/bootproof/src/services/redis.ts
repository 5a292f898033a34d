import { nix, text } from '../nix/expression.ts';
import { nixValue } from '../nix/node.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, nixosOnly, notRealised, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/databases/redis.nix';
const realised = { source, verdict: 'provable' } as const;

/** What NixOS calls a server: its unit, its user, its folders. */
const redisName = (name: string): string => (name === '' ? 'redis' : `redis-${name}`);

const server = types.submodule({
  enable: option({
    type: types.bool,
    default: false,
    description: 'Whether to run this Redis server.',
    ...realised,
  }),
  user: option({
    type: types.str,
    default: (_config, { name }) => redisName(name),
    defaultText: 'if name == "" then "redis" else "redis-${name}"',
    description: 'The user that the server runs as; the default one is made.',
    ...realised,
  }),
  group: option({
    type: types.str,
    default: (_config, { self }) => self.get<string>('user'),
    defaultText: 'config.user',
    description: 'The group that the server runs as; the default one is made.',
    ...realised,
  }),
  port: option({
    type: types.port,
    default: (_config, { name }) => (name === '' ? 6379 : 0),
    defaultText: 'if name == "" then 6379 else 0',
    example: 6379,
    description: 'The TCP port that the server listens on; 0: none.',
    ...realised,
  }),
  openFirewall: option({
    type: types.bool,
    default: false,
    description: 'Whether the firewall lets the port through.',
    source,
    verdict: notRealised('the stand-in opens ports by networking.firewall alone'),
  }),
  bind: option({
    type: types.nullOr(types.str),
    default: '127.0.0.1',
    example: '192.0.2.1',
    description: 'The addresses that the server listens on, with spaces between them; null: all.',
    ...realised,
  }),
  unixSocket: option({
    type: types.nullOr(types.path),
    default: (_config, { name }) => `/run/${redisName(name)}/redis.sock`,
    defaultText: 'if name == "" then "/run/redis/redis.sock" else "/run/redis-${name}/redis.sock"',
    description: 'The Unix socket that the server listens on; null: none.',
    ...realised,
  }),
  unixSocketPerm: option({
    type: types.int,
    default: 660,
    example: 600,
    description: 'The mode of the Unix socket, in octal digits.',
    ...realised,
  }),
  logLevel: option({
    type: types.str,
    default: 'notice',
    example: 'debug',
    description: 'How much the server logs: debug, verbose, notice or warning.',
    ...realised,
  }),
  databases: option({
    type: types.int,
    default: 16,
    description: 'The number of databases.',
    ...realised,
  }),
  maxclients: option({
    type: types.int,
    default: 10000,
    description: 'The number of clients that may be connected at the same time.',
    ...realised,
  }),
  save: option({
    type: types.listOf(types.listOf(types.int)),
    default: [
      [900, 1],
      [300, 10],
      [60, 10000],
    ],
    description:
      'When the data is written to disk: after so many seconds, when there were so many changes. Empty: never.',
    ...realised,
  }),
  requirePass: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'The password that clients must give. It is kept in plain text, for all to read.',
    ...realised,
  }),
  requirePassFile: option({
    type: types.nullOr(types.path),
    default: null,
    example: '/run/keys/redis-password',
    description: 'A file with the password that clients must give.',
    source,
    verdict: notRealised('the stand-in carries no secrets'),
  }),
  appendOnly: option({
    type: types.bool,
    default: false,
    description: 'Whether each change is added to a file at once.',
    ...realised,
  }),
  appendFsync: option({
    type: types.str,
    default: 'everysec',
    description: 'How often that file is flushed to the disk: no, always or everysec.',
    ...realised,
  }),
  slowLogLogSlowerThan: option({
    type: types.int,
    default: 10000,
    example: 1000,
    description: 'Queries that take longer than this are logged, in microseconds.',
    ...realised,
  }),
  slowLogMaxLen: option({
    type: types.int,
    default: 128,
    description: 'How many slow queries are remembered.',
    ...realised,
  }),
  settings: option({
    type: types.attrsOf(types.oneOf([types.bool, types.int, types.str, types.listOf(types.str)])),
    default: {},
    example: { 'maxmemory-policy': 'allkeys-lru' },
    description: "Further settings of redis.conf, by Redis' own names.",
    ...realised,
  }),
});

const options = {
  services: {
    redis: {
      package: option({
        type: types.package,
        default: nixValue({ kind: 'package', attrPath: ['redis'] }),
        defaultText: 'pkgs.redis',
        description: 'The package of Redis.',
        source,
        verdict: nixosOnly("the stand-in has Debian's Redis"),
      }),
      vmOverCommit: option({
        type: types.bool,
        default: true,
        description:
          'Whether the kernel may promise more memory than there is, which saving in the background needs.',
        ...realised,
      }),
      servers: option({
        type: types.attrsOf(server),
        default: {},
        example: { cache: { enable: true, port: 6380 } },
        description: 'The Redis servers, by name.',
        ...realised,
      }),
    },
  },
};

type Server = ResolvedOf<typeof options>['services']['redis']['servers'][string];

/** Redis: a key that is set comes back, and each setting is the one that the server itself tells. */
export const redis = defineService({
  name: 'redis',
  description: 'Redis servers.',
  options,

  realise({ services: { redis } }) {
    const servers = enabled(redis.servers);
    if (servers.length === 0) return {};
    return {
      packages: ['redis-server'],
      files: [
        // The server that Debian's package starts by itself.
        { type: 'absent', path: '/etc/systemd/system/multi-user.target.wants/redis-server.service' },
        ...(servers.some(([name]) => name === '')
          ? []
          : [{ type: 'absent', path: '/etc/systemd/system/redis.service' } as const]),
        ...(redis.vmOverCommit
          ? [textFile('/etc/sysctl.d/60-redis.conf', ['vm.overcommit_memory = 1'])]
          : []),
        ...servers.flatMap(([name, each]) => serverFiles(redisName(name), each)),
      ],
    };
  },

  probes({ services: { redis } }) {
    const servers = enabled(redis.servers);
    if (servers.length === 0) return [];
    return [
      ...(redis.vmOverCommit
        ? [
            commandOutput.probe({
              id: 'redis/overcommit',
              params: { command: 'cat /proc/sys/vm/overcommit_memory', output: '1' },
              proves: ['services.redis.vmOverCommit'],
            }),
          ]
        : []),
      ...servers.flatMap(([name, each]) => serverProbes(name, each)),
    ];
  },

  nixosTest: ({ services: { redis } }) => {
    const running = nix`lib.filterAttrs (name: server: server.enable) ${redis.servers}`;
    const open = nix`lib.filter (server: server.unixSocket != null && server.requirePass == null && server.requirePassFile == null) (lib.attrValues (${running}))`;
    const socket = nix`builtins.toJSON (toString server.unixSocket)`;
    return {
      steps: [
        {
          title: 'every Redis server is running',
          when: nix`${running} != { }`,
          lines: [
            {
              item: 'name',
              of: nix`lib.attrNames (${running})`,
              line: text`machine.wait_for_unit(${nix`builtins.toJSON "redis\${lib.optionalString (name != "") "-\${name}"}.service"`})`,
            },
          ],
        },
        {
          title: 'a key comes back from every Redis server without a password',
          when: nix`${open} != [ ]`,
          lines: [
            {
              item: 'server',
              of: open,
              line: text`machine.succeed("redis-cli -s " + ${socket} + " set bootproof back ex 60")`,
            },
            {
              item: 'server',
              of: open,
              line: text`assert machine.succeed("redis-cli -s " + ${socket} + " getdel bootproof").strip() == "back", "the key is lost"`,
            },
          ],
        },
      ],
    };
  },
});

const enabled = (servers: Readonly<Record<string, Server>>): [string, Server][] =>
  Object.entries(servers).filter(([, { enable }]) => enable);

/** What Redis' CONFIG GET tells of a declared option, by Redis' own name for it. */
const settingsOf: Readonly<Record<string, (server: Server) => readonly [string, string] | undefined>> = {
  port: ({ port }) => ['port', String(port)],
  bind: ({ bind }) => (bind === null ? undefined : ['bind', bind]),
  unixSocket: ({ unixSocket }) => (unixSocket === null ? undefined : ['unixsocket', String(unixSocket)]),
  unixSocketPerm: ({ unixSocket, unixSocketPerm }) =>
    unixSocket === null ? undefined : ['unixsocketperm', String(unixSocketPerm)],
  logLevel: ({ logLevel }) => ['loglevel', logLevel],
  databases: ({ databases }) => ['databases', String(databases)],
  maxclients: ({ maxclients }) => ['maxclients', String(maxclients)],
  save: ({ save }) => ['save', save.map((when) => when.join(' ')).join(' ')],
  appendOnly: ({ appendOnly }) => ['appendonly', appendOnly ? 'yes' : 'no'],
  appendFsync: ({ appendFsync }) => ['appendfsync', appendFsync],
  slowLogLogSlowerThan: (each) => ['slowlog-log-slower-than', String(each.slowLogLogSlowerThan)],
  slowLogMaxLen: ({ slowLogMaxLen }) => ['slowlog-max-len', String(slowLogMaxLen)],
};

/** Numbers with a unit are told in bytes, and lists have no one form: their probe would be wrong about a right server. */
const tellable = (value: unknown): value is string | boolean | number =>
  typeof value === 'boolean' ||
  typeof value === 'number' ||
  (typeof value === 'string' && !/^\d+[a-z]+$/i.test(value));

const word = (value: string | boolean | number): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

function serverFiles(name: string, server: Server): ImageFile[] {
  const own = server.user === name || server.group === name;
  return [
    // For all to read, a password in it too, as in the Nix store.
    textFile(`/etc/redis-servers/${name}.conf`, redisConf(name, server)),
    textFile(`/etc/systemd/system/${name}.service`, unitOf(name, server)),
    wantedBy('multi-user.target', `${name}.service`, '/etc/systemd/system'),
    ...(own && name !== 'redis' ? [textFile(`/etc/sysusers.d/${name}.conf`, [`u ${name} -`])] : []),
  ];
}

function redisConf(name: string, server: Server): string[] {
  const { requirePass, save, settings } = server;
  const told = Object.entries(settingsOf).flatMap(([option, tell]) => {
    const setting = option === 'save' ? undefined : tell(server);
    return setting === undefined ? [] : [setting.join(' ')];
  });
  return [
    ...told,
    ...(save.length === 0 ? ['save ""'] : save.map((when) => `save ${when.join(' ')}`)),
    'daemonize no',
    'supervised systemd',
    'syslog-enabled yes',
    'logfile /dev/null',
    'dbfilename dump.rdb',
    `dir /var/lib/${name}`,
    ...(requirePass === null ? [] : [`requirepass ${JSON.stringify(requirePass)}`]),
    ...Object.entries(settings).flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => `${key} ${word(each)}`),
    ),
  ];
}

const unitOf = (name: string, { user, group, maxclients }: Server): string[] => [
  '[Unit]',
  `Description=Redis Server - ${name}`,
  'After=network.target',
  '',
  '[Service]',
  'Type=notify',
  `ExecStart=/usr/bin/redis-server /etc/redis-servers/${name}.conf`,
  `User=${user}`,
  `Group=${group}`,
  `RuntimeDirectory=${name}`,
  'RuntimeDirectoryMode=0750',
  `StateDirectory=${name}`,
  'StateDirectoryMode=0700',
  'UMask=0077',
  'NoNewPrivileges=yes',
  'PrivateTmp=yes',
  // What NixOS allows besides the clients: files, and the listening sockets.
  `LimitNOFILE=${maxclients + 32}`,
];

function serverProbes(name: string, server: Server): Probe[] {
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
          }),
        ]),
    commandOutput.probe({
      id: id('settings'),
      params: {
        command: `for name in ${settings.map(({ name: key }) => quote(key)).join(' ')}; do ${asking} --raw config get "$name" | paste -s -d =; done`,
        output: settings.map(({ name: key, value }) => `${key}=${value}`).join('\n'),
      },
      title: `${unitName} has its declared settings`,
      proves: settings.map(({ option }) => path(option)),
      after,
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
