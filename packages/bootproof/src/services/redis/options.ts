import { nixValue } from '../../nix/node.ts';
import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly, notRealised } from '../service.ts';

const source = 'nixos/modules/services/databases/redis.nix';
const realised = { source, verdict: 'provable' } as const;

/** What NixOS calls a server: its unit, its user, its folders. */
export const redisName = (name: string): string => (name === '' ? 'redis' : `redis-${name}`);

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
    defaultText: 'if name == "" then "redis" else "redis-" + name',
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
    defaultText: 'if name == "" then "/run/redis/redis.sock" else "/run/redis-" + name + "/redis.sock"',
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

export const options = {
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

export type Server = ResolvedOf<typeof options>['services']['redis']['servers'][string];
