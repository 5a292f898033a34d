import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { hostNames } from '../../src/host/discover.ts';
import { type Derived, deriveMutations } from '../../src/mutation/derive.ts';
import { services } from '../../src/services/catalogue.ts';
import { repository } from '../cli/command.ts';

const examples = join(repository, 'examples');
const planned = await planHosts(hostNames(examples), await openHomelab({ config: examples }));
const derived = new Map(planned.map(({ host, test: plan }) => [host.name, deriveMutations(plan)]));

function derivedOf(host: string): Derived {
  const found = derived.get(host);
  if (found === undefined) throw new Error(`no host ${host} among ${[...derived.keys()].join(', ')}`);
  return found;
}

const probesOf = (host: string, id: string): string[] | undefined =>
  derivedOf(host)
    .mutations.find((each) => each.id === id)
    ?.expects.map(({ probe }) => probe.id);

describe('the hosts of the examples', () => {
  // Probes of packages have a heading of their own; nothing else of Nix is on a stand-in.
  test.each(services.map(({ name }) => (name === 'nix' ? 'packages' : name)))(
    'have the service %s, with at least two faults that its own probes are to catch',
    (name) => {
      const caught = [...derived.values()].map(
        ({ mutations }) =>
          mutations.filter(({ expects }) => expects.some(({ probe }) => probe.id.startsWith(`${name}/`)))
            .length,
      );
      expect(Math.max(...caught)).toBeGreaterThanOrEqual(2);
    },
  );

  test.each([...derived.keys()])('%s has no probe that no mutation tries', (host) => {
    // Nobody but its author knows which fault a test by hand is there to catch.
    const untried = derivedOf(host).untried.filter(({ kind }) => kind !== 'host-test');
    expect(untried.map(({ id }) => id)).toEqual([]);
  });

  test.each([...derived.keys()])(
    '%s: each mutation has an id of its own and is caught by each probe once',
    (host) => {
      const { mutations } = derivedOf(host);
      expect(new Set(mutations.map(({ id }) => id)).size).toBe(mutations.length);
      for (const { id, expects } of mutations) {
        const probes = expects.map(({ probe }) => probe.id);
        expect(new Set(probes).size, id).toBe(probes.length);
      }
    },
  );

  test.each([...derived.keys()])(
    '%s: what a command prints as declared is never what a mutant is to say',
    (host) => {
      for (const { id, expects } of derivedOf(host).mutations) {
        for (const { probe, says } of expects) {
          if (probe.kind !== 'command-output') continue;
          const { output } = probe.params as { readonly output: string };
          expect(says.test(output), `${id} of ${probe.id}: ${says}`).toBe(false);
        }
      }
    },
  );
});

const settingsOf = (host: string, prefix: string): string[] =>
  derivedOf(host)
    .mutations.filter(({ id }) => id.startsWith(prefix))
    .map(({ id }) => id.slice(prefix.length));

describe('which probes are to catch a fault of svc01', () => {
  test.each([
    ['nginx-status/app.home.arpa:/old/', ['nginx/app.home.arpa:/old/']],
    ['nginx-proxy/app.home.arpa:/api/', ['nginx/app.home.arpa:/api/']],
    ['nginx-index/files.home.arpa:/', ['nginx/files.home.arpa:/#index']],
    ['nginx-folder/files.home.arpa:', ['nginx/files.home.arpa:/#index', 'nginx/files.home.arpa#root']],
    ['nginx-name-taken/app.home.arpa/www.home.arpa', ['nginx/app.home.arpa@www.home.arpa']],
    [
      'nginx-name-taken/app.home.arpa/app.home.arpa',
      [
        'nginx/app.home.arpa:/',
        'nginx/app.home.arpa:/old/',
        'nginx/app.home.arpa:=/health',
        'nginx/app.home.arpa:/api/',
        'nginx/app.home.arpa@127.0.0.1:80',
        'nginx/app.home.arpa@::1:80',
      ],
    ],
    ['nginx-listens-elsewhere/[::0]:80', ['nginx/app.home.arpa@::1:80', 'nginx/nobody@::1:80']],
    ['nginx-listens-elsewhere/127.0.0.1:8080', ['nginx/backend@127.0.0.1:8080']],
    ['nginx-default-taken/nobody', ['nginx/nobody@anything']],
    ['postgresql-port-moved', ['postgresql/listens', 'postgresql/settings']],
    ['postgresql-database-missing/app', ['postgresql/database-app', 'postgresql/user-0-app']],
    ['postgresql-database-missing/metrics', ['postgresql/database-metrics']],
    ['postgresql-role-createdb/app', ['postgresql/user-0-app']],
    ['postgresql-rule-before/authentication', ['postgresql/authentication']],
    ['redis-socket-moved/redis.service', ['redis/default/key', 'redis/default/settings']],
    ['redis-port-moved/redis-cache.service', ['redis/cache/tcp', 'redis/cache/settings']],
    ['redis-password-off/redis-cache.service', ['redis/cache/refuses']],
    [
      'redis-password-other/redis-cache.service',
      ['redis/cache/key', 'redis/cache/tcp', 'redis/cache/refuses', 'redis/cache/settings'],
    ],
  ])('%s', (id, probes) => {
    expect(probesOf('svc01', id)).toEqual(probes);
  });

  test('each declared setting of PostgreSQL is another one, and each of a Redis server that it tells', () => {
    expect(settingsOf('svc01', 'postgresql-setting/')).toEqual([
      'max_connections',
      'log_connections',
      'shared_buffers',
      'log_line_prefix',
    ]);
    expect(settingsOf('svc01', 'redis-setting/redis-cache.service/')).toEqual([
      'unixsocketperm',
      'loglevel',
      'databases',
      'maxclients',
      'save',
      'appendonly',
      'appendfsync',
      'slowlog-log-slower-than',
      'slowlog-max-len',
      'maxmemory-policy',
    ]);
  });
});

describe('which probes are to catch a fault of unit01', () => {
  test.each([
    ['module-unloaded/dummy', ['boot/module-dummy']],
    ['ssh-setting/AllowUsers', ['openssh/setting-AllowUsers']],
    ['mount-read-only/srv/cache', ['fileSystems/srv/cache']],
    ['mount-option/srv/cache/mode=0750', ['fileSystems/srv/cache']],
    ['mount-elsewhere/export/photos', ['fileSystems/export/photos']],
    ['swap-size/var/lib/swapfile', ['fileSystems/swap/var/lib/swapfile']],
    ['unit-ended/heartbeat.service', ['systemd/heartbeat.service-runs']],
    ['unit-failing/inventory.service', ['systemd/inventory.service-runs']],
    ['unit-user/heartbeat.service', ['systemd/heartbeat.service-user', 'systemd/heartbeat.service-settings']],
    ['unit-unwanted/heartbeat.service', ['systemd/heartbeat.service-wantedBy']],
    ['unit-relation/inventory.service/Before', ['systemd/inventory.service-before']],
    ['unit-empty-script/inventory.service', ['systemd/inventory.service-script']],
    ['unit-unmasked/systemd-ask-password-wall.service', ['systemd/systemd-ask-password-wall.service-masked']],
    ['timer-never/tidy.timer', ['systemd/tidy.timer-elapses', 'systemd/tidy.timer-settings']],
    [
      'timer-never/inventory.timer',
      [
        'systemd/inventory.timer-elapses',
        'systemd/inventory.timer-calendar-0',
        'systemd/inventory.timer-calendar-1',
      ],
    ],
    ['timer-calendar/inventory.timer/1', ['systemd/inventory.timer-calendar-1']],
    ['tmpfiles-gone/var/lib/inventory', ['systemd/tmpfiles-0', 'systemd/tmpfiles-1']],
    ['tmpfiles-target/etc/inventory', ['systemd/tmpfiles-2']],
    ['tmpfiles-owner/srv/photos', ['systemd/tmpfiles-3']],
  ])('%s', (id, probes) => {
    expect(probesOf('unit01', id)).toEqual(probes);
  });

  test('what the kernel mounts without being asked is not taken from a mount', () => {
    expect(settingsOf('unit01', 'mount-option/export/photos/')).toEqual(['ro']);
    expect(probesOf('unit01', 'mount-read-only/export/photos')).toBeUndefined();
  });
});
