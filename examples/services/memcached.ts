import {
  awaitListener,
  defineService,
  exactly,
  nix,
  option,
  overrideUnit,
  type ProbeFault,
  probes,
  pythonString,
  type ResolvedOf,
  reachedAt,
  resolveUnit,
  tcpCommand,
  text,
  textFile,
  types,
  wantedBy,
} from 'bootproof';

const source = 'nixos/modules/services/databases/memcached.nix';
const provable = { source, verdict: 'provable' } as const;

const options = {
  services: {
    memcached: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run memcached, a cache in memory.',
        ...provable,
      }),
      user: option({
        type: types.str,
        default: 'memcached',
        description: 'The user that the server runs as; the default one is made.',
        ...provable,
      }),
      listen: option({
        type: types.str,
        default: '127.0.0.1',
        description: 'The address that the server listens on.',
        ...provable,
      }),
      port: option({
        type: types.port,
        default: 11211,
        description: 'The TCP port that the server listens on.',
        ...provable,
      }),
      maxMemory: option({
        type: types.ints.unsigned,
        default: 64,
        description: 'How much memory what is kept may take, in MiB.',
        ...provable,
      }),
      maxConnections: option({
        type: types.ints.unsigned,
        default: 1024,
        description: 'The number of clients that may be connected at the same time.',
        ...provable,
      }),
      extraOptions: option({
        type: types.listOf(types.str),
        default: [],
        example: ['-I', '2m'],
        description: 'Further words of the command line.',
        ...provable,
      }),
    },
  },
};

type Memcached = ResolvedOf<typeof options>['services']['memcached'];

const argumentsOf = ({ listen, port, maxMemory, maxConnections, extraOptions }: Memcached): string =>
  ['-l', listen, '-p', port, '-m', maxMemory, '-c', maxConnections, ...extraOptions].join(' ');

/** What `stats settings` tells of declared options, in memcached's order. */
const settingsOf = ({ listen, port, maxMemory, maxConnections }: Memcached): string[] => [
  `STAT maxbytes ${maxMemory * 2 ** 20}`,
  `STAT maxconns ${maxConnections}`,
  `STAT tcpport ${port}`,
  `STAT inter ${listen}`,
];

/** Says words of memcached's protocol to the server, and prints what it answers. */
const conversation = ({ listen, port }: Memcached, words: readonly string[]): string =>
  tcpCommand(reachedAt(listen), port, 'printf "%s\\r\\n" "$@" >&3 && tr -d "\\r" <&3', {
    words: [...words, 'quit'],
  });

/** A fault for `bootproof mutate`: the server runs as another declaration would have it. */
const runningAs = (server: Memcached, id: string, title: string, seen: string): ProbeFault => ({
  id: `memcached-${id}`,
  title,
  commands: [
    resolveUnit('memcached.service'),
    'program=$(readlink /proc/$(systemctl show -P MainPID "$unit")/exe)',
    ...overrideUnit([`User=${server.user}`, 'ExecStart=', `ExecStart=$program ${argumentsOf(server)}`]),
    'systemctl restart "$unit"',
    awaitListener(server.port),
  ],
  seen,
});

/** A key that is set comes back, and each setting is the one that the server itself tells. */
const memcached = defineService({
  name: 'memcached',
  description: 'memcached, a cache in memory.',
  options,

  realise({ services: { memcached: declared } }) {
    if (!declared.enable) return {};
    return {
      packages: ['memcached'],
      files: [
        // In the place of Debian's own, which reads /etc/memcached.conf.
        textFile('/etc/systemd/system/memcached.service', [
          '[Unit]',
          'Description=Memcached server',
          'After=network.target',
          '',
          '[Service]',
          `ExecStart=/usr/bin/memcached ${argumentsOf(declared)}`,
          `User=${declared.user}`,
          'RuntimeDirectory=memcached',
          'CapabilityBoundingSet=',
          'NoNewPrivileges=yes',
          'PrivateTmp=yes',
          'ProtectSystem=strict',
        ]),
        wantedBy('multi-user.target', 'memcached.service', '/etc/systemd/system'),
        ...(declared.user === 'memcached'
          ? [textFile('/etc/sysusers.d/memcached.conf', ['u memcached -'])]
          : []),
      ],
    };
  },

  probes({ services: { memcached: declared } }) {
    if (!declared.enable) return [];
    const path = (name: keyof Memcached): string => `services.memcached.${name}`;
    const process = '/proc/$(systemctl show -p MainPID --value memcached.service)';
    const otherUser = declared.user === 'nobody' ? 'daemon' : 'nobody';
    const larger = {
      ...declared,
      maxMemory: declared.maxMemory + 1,
      maxConnections: declared.maxConnections + 1,
    };
    const bare = { ...declared, extraOptions: [] };
    return [
      probes.unit.probe({
        id: 'memcached/unit',
        params: { unit: 'memcached.service' },
        proves: [path('enable')],
      }),
      // The one of these that is asked again until it can be answered.
      probes.listeningPort.probe({
        id: 'memcached/listens',
        params: { port: declared.port },
        proves: [path('port')],
        after: ['memcached/unit'],
      }),
      probes.commandOutput.probe({
        id: 'memcached/user',
        params: { command: `stat -c %U ${process}`, output: declared.user },
        title: `memcached runs as ${declared.user}`,
        proves: [path('user')],
        after: ['memcached/listens'],
        faults: [
          runningAs(
            { ...declared, user: otherUser },
            'other-user',
            'memcached runs as another user',
            exactly(otherUser),
          ),
        ],
      }),
      probes.commandOutput.probe({
        id: 'memcached/key',
        params: {
          command: conversation(declared, [
            'set bootproof 0 60 4',
            'back',
            'get bootproof',
            'delete bootproof',
          ]),
          output: ['STORED', 'VALUE bootproof 0 4', 'back', 'END', 'DELETED'].join('\n'),
        },
        title: `a key that is set at ${declared.listen} port ${declared.port} comes back`,
        proves: [path('enable'), path('listen'), path('port')],
        after: ['memcached/listens'],
        faults: [
          runningAs(
            { ...declared, port: declared.port - 1 },
            'other-port',
            'memcached listens on another port',
            'refused',
          ),
        ],
      }),
      probes.commandOutput.probe({
        id: 'memcached/settings',
        params: {
          command: `${conversation(declared, ['stats settings'])} | grep -E '^STAT (maxbytes|maxconns|tcpport|inter) '`,
          output: settingsOf(declared).join('\n'),
        },
        title: 'memcached has its declared settings',
        proves: [path('maxMemory'), path('maxConnections'), path('port'), path('listen')],
        after: ['memcached/listens'],
        faults: [
          runningAs(
            larger,
            'other-limits',
            'memcached keeps more than it may, for more clients',
            exactly(...settingsOf(larger)),
          ),
        ],
      }),
      ...(declared.extraOptions.length === 0
        ? []
        : [
            probes.commandOutput.probe({
              id: 'memcached/arguments',
              params: {
                command: `tail -z -n +2 ${process}/cmdline | tr '\\0' ' '`,
                output: argumentsOf(declared),
              },
              title: 'memcached was started with the declared options',
              proves: [path('extraOptions')],
              after: ['memcached/listens'],
              faults: [
                runningAs(
                  bare,
                  'no-more-options',
                  'memcached is started without its further options',
                  exactly(argumentsOf(bare)),
                ),
              ],
            }),
          ]),
    ];
  },

  nixosTest: ({ services: { memcached: declared } }) => ({
    steps: [
      {
        title: 'a key that is set in memcached comes back',
        when: declared.enable,
        lines: [
          'machine.wait_for_unit("memcached.service")',
          text`cache_address = ${pythonString(declared.listen)}`,
          text`cache_port = ${nix`toString ${declared.port}`}`,
          'machine.wait_for_open_port(cache_port, cache_address)',
          String.raw`cache_words = r"set bootproof 0 60 4\r\nback\r\nget bootproof\r\nquit\r\n"`,
          'cache_answer = machine.succeed(',
          String.raw`    f"exec 3<>/dev/tcp/{cache_address}/{cache_port}; printf '{cache_words}' >&3; tr -d '\\r' <&3"`,
          ')',
          'assert cache_answer.split()[-2:] == ["back", "END"], f"memcached answered {cache_answer}"',
        ],
      },
    ],
  }),
});

export default memcached;

declare module 'bootproof' {
  interface HomelabServices {
    memcached: typeof memcached;
  }
}
