import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { redis } from '../../src/services/redis.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = redis as unknown as Service;
const withServers = (servers: object, more: object = {}) =>
  ({ services: { redis: { servers, ...more } } }) as never;
const realised = (servers: object, more: object = {}) => realisationOf(service, withServers(servers, more));
const probes = (servers: object, more: object = {}) => probesOf(service, withServers(servers, more));
const on = { enable: true };

describe('without a server that is on', () => {
  it('realises nothing and has no probe', () => {
    expect(realised({})).toEqual({});
    expect(realised({ cache: { enable: false } })).toEqual({});
    expect(probes({ cache: { enable: false } })).toEqual([]);
  });
});

describe('the image', () => {
  it("has a unit, a user and a configuration for each server, under NixOS's names", () => {
    const made = realised({ '': on, cache: { ...on, port: 6380 } });
    expect(made.packages).toEqual(['redis-server']);
    expect(linesAt(made, '/etc/systemd/system/redis.service')).toContain('User=redis');
    expect(linesAt(made, '/etc/systemd/system/redis-cache.service')).toEqual(
      expect.arrayContaining(['User=redis-cache', 'Group=redis-cache', 'LimitNOFILE=10032']),
    );
    expect(linesAt(made, '/etc/sysusers.d/redis-cache.conf')).toEqual(['u redis-cache -']);
    // Debian's package makes this one.
    expect(fileAt(made, '/etc/sysusers.d/redis.conf')).toBeUndefined();
    for (const unit of ['redis.service', 'redis-cache.service']) {
      expect(fileAt(made, `/etc/systemd/system/multi-user.target.wants/${unit}`)?.type).toBe('symlink');
    }
    expect(linesAt(made, '/etc/sysctl.d/60-redis.conf')).toEqual(['vm.overcommit_memory = 1']);
  });

  it("does not start Debian's own server, nor keeps its name", () => {
    const unit = '/etc/systemd/system/redis.service';
    expect(fileAt(realised({ cache: on }), unit)?.type).toBe('absent');
    expect(realised({ '': on }).files?.filter(({ path }) => path === unit)).toMatchObject([{ type: 'file' }]);
    const debian = '/etc/systemd/system/multi-user.target.wants/redis-server.service';
    expect(fileAt(realised({ '': on }), debian)?.type).toBe('absent');
  });

  it('has the defaults of NixOS', () => {
    expect(linesAt(realised({ cache: on }), '/etc/redis-servers/redis-cache.conf')).toEqual([
      'port 0',
      'bind 127.0.0.1',
      'unixsocket /run/redis-cache/redis.sock',
      'unixsocketperm 660',
      'loglevel notice',
      'databases 16',
      'maxclients 10000',
      'appendonly no',
      'appendfsync everysec',
      'slowlog-log-slower-than 10000',
      'slowlog-max-len 128',
      'save 900 1',
      'save 300 10',
      'save 60 10000',
      'daemonize no',
      'supervised systemd',
      'syslog-enabled yes',
      'logfile /dev/null',
      'dbfilename dump.rdb',
      'dir /var/lib/redis-cache',
    ]);
  });

  it.each([
    ['no saving', { save: [] }, ['save ""']],
    ['a password', { requirePass: 'a "b"' }, ['requirepass "a \\"b\\""']],
    ['a switch', { settings: { 'lazyfree-lazy-expire': true } }, ['lazyfree-lazy-expire yes']],
    ['a list', { settings: { loadmodule: ['/a', '/b'] } }, ['loadmodule /a', 'loadmodule /b']],
  ])('writes %s', (_name, more, lines) => {
    const file = linesAt(realised({ cache: { ...on, ...more } }), '/etc/redis-servers/redis-cache.conf');
    expect(file).toEqual(expect.arrayContaining(lines));
    expect(file.filter((line) => line.startsWith('save ')).length).toBe('save' in more ? 1 : 3);
  });
});

describe('probes', () => {
  it('name options that exist, and come after the unit', () => {
    const all = probes({ '': on, cache: { ...on, port: 1, requirePass: 'x', settings: { a: 1 } } });
    for (const { id, proves, after } of all) {
      expect(proves.length, id).toBeGreaterThan(0);
      for (const path of proves) expect(isInSurface(path), path).toBe(true);
      if (!/unit$|overcommit$/.test(id)) expect(after).toEqual([id.replace(/[^/]*$/, 'unit')]);
    }
  });

  it('ask by the socket for a key, and by TCP only where there is a port', () => {
    expect(idsOf(probes({ cache: on }, { vmOverCommit: false }))).toEqual([
      'redis/cache/unit',
      'redis/cache/user',
      'redis/cache/key',
      'redis/cache/settings',
    ]);
    const all = probes({ '': { ...on, bind: '-::1 127.0.0.1' } });
    expect(probeOf(all, 'redis/default/key').params).toMatchObject({
      command: expect.stringContaining('redis-cli -s /run/redis/redis.sock set bootproof:probe back'),
    });
    expect(probeOf(all, 'redis/default/tcp').params).toEqual({
      command: 'redis-cli -h ::1 -p 6379 ping',
      output: 'PONG',
    });
    const withoutSocket = probes({ a: { ...on, unixSocket: null, port: 7000, bind: null } });
    expect(probeOf(withoutSocket, 'redis/a/key').proves).toContain('services.redis.servers."a".port');
    expect(idsOf(withoutSocket)).not.toContain('redis/a/tcp');
  });

  it('give the password, and ask without it once', () => {
    const all = probes({ a: { ...on, requirePass: "it's" } });
    expect(probeOf(all, 'redis/a/key').params).toMatchObject({
      command: expect.stringContaining("REDISCLI_AUTH='it'\\''s' redis-cli"),
    });
    expect(probeOf(all, 'redis/a/refuses')).toMatchObject({
      params: { output: 'NOAUTH Authentication required.\n\nPONG' },
      proves: ['services.redis.servers."a".requirePass'],
    });
  });

  it('ask a server nothing whose password is a file of the machine', () => {
    expect(idsOf(probes({ a: { ...on, requirePassFile: '/run/key' } }, { vmOverCommit: false }))).toEqual([
      'redis/a/unit',
      'redis/a/user',
    ]);
  });

  it('ask one client for all settings, and see what it says where it cannot', () => {
    const { command } = probeOf(probes({ a: on }), 'redis/a/settings').params as { readonly command: string };
    const printed = (client: string): string =>
      execFileSync('/bin/sh', ['-c', `client() { ${client}; }; ${command.replace('redis-cli', 'client')}`], {
        encoding: 'utf8',
      });
    // A server of which each setting is its name in capitals, but for one that is empty.
    const answers = `sed 's/config get //' | while read -r name; do echo "$name"; echo "$name" | sed 's/save//' | tr a-z A-Z; done`;
    expect(printed(answers)).toContain('port=PORT\nbind=BIND\n');
    expect(printed(answers)).toContain('\nsave=\n');
    expect(printed("cat > /dev/null; echo 'Could not connect' >&2; false")).toBe('Could not connect=\n');
  });

  it('prove the settings only where the server tells all of them as they are written', () => {
    const settings = (value: object) =>
      probeOf(probes({ a: { ...on, settings: value } }), 'redis/a/settings');
    const path = 'services.redis.servers."a".settings';
    expect(settings({ 'maxmemory-policy': 'allkeys-lru' }).proves).toContain(path);
    expect(settings({ 'maxmemory-policy': 'allkeys-lru' }).params).toMatchObject({
      output: expect.stringContaining('maxmemory-policy=allkeys-lru'),
    });
    expect(settings({ 'maxmemory-policy': 'allkeys-lru', maxmemory: '1gb' }).proves).not.toContain(path);
    // What the settings say counts, not the option that they override.
    expect(settings({ databases: 2 }).proves).not.toContain('services.redis.servers."a".databases');
  });
});

it('has its part of the NixOS test', () => {
  const text = makeTestFile([service]);
  expect(text).toContain('every Redis server is running');
  expect(text).toContain('getdel bootproof');
});
