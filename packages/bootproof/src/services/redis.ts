import { nix, text } from '../nix/expression.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { serverFiles } from './redis/configuration.ts';
import { options, redisName, type Server } from './redis/options.ts';
import { serverProbes } from './redis/probes.ts';
import { defineService, textFile } from './service.ts';

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
    const socket = nix`builtins.toJSON (toString server.unixSocket)`;
    return {
      let: {
        running: nix`lib.filterAttrs (name: server: server.enable) ${redis.servers}`,
        open: nix`lib.filter (
          server: server.unixSocket != null && server.requirePass == null && server.requirePassFile == null
        ) (lib.attrValues running)`,
      },
      steps: [
        {
          title: 'every Redis server is running',
          when: nix`running != { }`,
          lines: [
            {
              item: 'name',
              of: nix`lib.attrNames running`,
              line: text`machine.wait_for_unit(${nix`builtins.toJSON "redis\${lib.optionalString (name != "") "-\${name}"}.service"`})`,
            },
          ],
        },
        {
          title: 'a key comes back from every Redis server without a password',
          when: nix`open != [ ]`,
          lines: [
            {
              item: 'server',
              of: nix`open`,
              line: text`machine.succeed("redis-cli -s " + ${socket} + " set bootproof back ex 60")`,
            },
            {
              item: 'server',
              of: nix`open`,
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
