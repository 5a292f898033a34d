import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { parseAttrPath } from '../../src/nix/show.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { nginx } from '../../src/services/nginx.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = nginx as unknown as Service;
const on = (more: object = {}) => ({ services: { nginx: { enable: true, ...more } } }) as never;
const realised = (more: object = {}) => realisationOf(service, on(more));
const probes = (more: object = {}) => probesOf(service, on(more));
const hosts = (virtualHosts: object, more: object = {}): readonly Probe[] =>
  probes({ virtualHosts, ...more });
const lines = (more: object) => linesAt(realised(more), '/etc/nginx/nginx.conf').map((line) => line.trim());

/** Ids of the probes of the hosts alone. */
const hostIds = (all: readonly Probe[]): string[] => idsOf(all).filter((id) => /[:#@]/.test(id));

/** A path whose quoted names may have dots, as isInSurface wants it. */
const isOption = (path: string): boolean =>
  isInSurface(
    parseAttrPath(path)
      .map((name) => name.replaceAll('.', '_'))
      .join('.'),
  );

describe('off', () => {
  it('realises nothing and has no probe', () => {
    expect(realisationOf(service, {})).toEqual({});
    expect(probesOf(service, {})).toEqual([]);
  });
});

describe('nginx.conf', () => {
  it('has what NixOS has when nothing is said', () => {
    const made = realised();
    expect(made.packages).toEqual(['nginx']);
    expect(lines({})).toEqual(
      expect.arrayContaining([
        'user nginx nginx;',
        'daemon off;',
        'client_max_body_size 10m;',
        'server_tokens off;',
      ]),
    );
    expect(lines({}).some((line) => /gzip|sendfile|ssl_|server \{/.test(line))).toBe(false);
    expect(linesAt(made, '/etc/sysusers.d/nginx.conf')).toEqual(['u nginx -']);
    expect(fileAt(made, '/etc/systemd/system/multi-user.target.wants/nginx.service')?.type).toBe('symlink');
  });

  it('makes no user that the owner names', () => {
    const made = realised({ user: 'web', group: 'web' });
    expect(fileAt(made, '/etc/sysusers.d/nginx.conf')).toBeUndefined();
  });

  it('has a server for each host, by name, with its locations by priority', () => {
    const virtualHosts = {
      b: { root: '/srv/b', extraConfig: 'autoindex on;' },
      'a.lan': {
        serverAliases: ['w.lan'],
        default: true,
        listen: [{ addr: '[::]', port: 81, extraParameters: ['backlog=9'] }, { addr: 'unix:/run/a.sock' }],
        locations: {
          '/b': { return: 404 },
          '/a': { proxyPass: 'http://127.0.0.1:1', index: 'i', tryFiles: '$uri =404', root: '/r' },
          '/first': { alias: '/f', priority: 1, extraConfig: 'expires 1d;' },
        },
      },
    };
    const text = lines({ virtualHosts, recommendedProxySettings: true });
    expect(text.slice(text.indexOf('server {'), -1)).toEqual([
      'server {',
      'listen [::]:81 default_server backlog=9;',
      'listen unix:/run/a.sock default_server;',
      'server_name a.lan w.lan;',
      'location /first {',
      'alias /f;',
      'expires 1d;',
      '}',
      'location /a {',
      'proxy_pass http://127.0.0.1:1;',
      'index i;',
      'try_files $uri =404;',
      'root /r;',
      'proxy_set_header Host $host;',
      'proxy_set_header X-Real-IP $remote_addr;',
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'proxy_set_header X-Forwarded-Host $host;',
      'proxy_set_header X-Forwarded-Server $hostname;',
      '}',
      'location /b {',
      'return 404;',
      '}',
      '}',
      'server {',
      'listen 0.0.0.0:80;',
      'listen [::0]:80;',
      'server_name b;',
      'root /srv/b;',
      'autoindex on;',
      '}',
    ]);
  });

  it('has no host that speaks TLS alone', () => {
    const virtualHosts = { a: { listen: [{ addr: '0.0.0.0', port: 443, ssl: true }] } };
    expect(lines({ virtualHosts })).not.toContain('server {');
  });
});

describe('probes of the server', () => {
  it('are there without a host', () => {
    expect(idsOf(probes())).toEqual(['nginx/unit', 'nginx/configuration', 'nginx/settings', 'nginx/user']);
  });

  it('look for the declared settings in what the server runs with', () => {
    const { params, proves } = probeOf(
      probes({ recommendedGzipSettings: true, clientMaxBodySize: '1g', serverTokens: true }),
      'nginx/settings',
    );
    expect(params).toMatchObject({ output: 'client_max_body_size 1g;\ngzip_static on;\nserver_tokens on;' });
    expect(proves).toEqual([
      'services.nginx.recommendedGzipSettings',
      'services.nginx.clientMaxBodySize',
      'services.nginx.serverTokens',
    ]);
  });
});

describe('probes of the hosts', () => {
  it('name options that exist, and come after the unit', () => {
    const all = hosts({
      'a.lan': {
        default: true,
        serverAliases: ['b.lan'],
        root: '/srv',
        locations: { '/x': { return: '200 x' }, '/y/': { tryFiles: '$uri =404', index: 'i' } },
      },
      'c.lan': { serverName: 'd.lan', globalRedirect: 'a.lan', listenAddresses: ['127.0.0.1'] },
    });
    expect(hostIds(all).length).toBeGreaterThan(5);
    for (const { id, proves, after } of all) {
      expect(proves.length, id).toBeGreaterThan(0);
      for (const path of proves) expect(isOption(path), path).toBe(true);
      if (id !== 'nginx/unit') expect(after).toEqual(['nginx/unit']);
    }
  });

  it('ask each location by the name of its host', () => {
    const all = hosts({ 'a.lan': { locations: { '/': { return: '200 "a b"' }, '= /x': { return: 204 } } } });
    expect(probeOf(all, 'nginx/a.lan:/')).toMatchObject({
      params: { host: 'a.lan', address: '127.0.0.1', port: 80, path: '/', status: 200, body: 'a b' },
      proves: ['services.nginx.virtualHosts."a.lan".locations."/".return'],
    });
    expect(probeOf(all, 'nginx/a.lan:=/x').params).toMatchObject({ path: '/x', status: 204, body: '' });
  });

  it('ask each name and address only where the answer is no other host’s', () => {
    const same = { locations: { '/': { return: '200 same' } } };
    const choices = (all: readonly Probe[]) => hostIds(all).filter((id) => id.includes('@'));
    expect(choices(hosts({ a: { ...same, serverAliases: ['b'] }, c: same }))).toEqual([]);
    const own = {
      serverAliases: ['b', '*.d', '~^x'],
      default: true,
      locations: { '/': { return: '200 own' } },
    };
    const all = hosts({ a: own, c: same });
    expect(choices(all)).toEqual([
      'nginx/a@b',
      'nginx/a@*.d',
      'nginx/a@anything',
      'nginx/a@127.0.0.1:80',
      'nginx/a@::1:80',
      'nginx/c@127.0.0.1:80',
      'nginx/c@::1:80',
    ]);
    expect(probeOf(all, 'nginx/a@*.d')).toMatchObject({ params: { host: 'bootproof.d', body: 'own' } });
    expect(probeOf(all, 'nginx/a@anything').proves).toEqual(['services.nginx.virtualHosts."a".default']);
    expect(probeOf(all, 'nginx/a@::1:80').proves).toContain('services.nginx.defaultListenAddresses');
  });

  it('ask a host where it listens, and leave out sockets, TLS and the PROXY protocol', () => {
    const listen = [
      { addr: 'unix:/run/a.sock' },
      { addr: '10.0.0.1', port: 443, ssl: true },
      { addr: '10.0.0.2', port: 82, proxyProtocol: true },
      { addr: '10.0.0.3', port: 81 },
    ];
    const all = hosts({ a: { listen, locations: { '/': { return: '200 a' } } } });
    expect(hostIds(all)).toEqual(['nginx/a:/', 'nginx/a@10.0.0.3:81']);
    expect(probeOf(all, 'nginx/a@10.0.0.3:81').proves).toEqual(['services.nginx.virtualHosts."a".listen']);
  });

  it.each([
    ['lines of its own', { extraConfig: 'rewrite ^ /x;' }],
    ['TLS', { forceSSL: true }],
    ['no name that a client may ask for', { serverName: '~^a$' }],
  ])('say nothing of a host whose answers are decided by %s', (_name, more) => {
    expect(hostIds(hosts({ a: { ...more, locations: { '/': { return: '200 a' } } } }))).toEqual([]);
  });

  it('say nothing of a location that others may overtake, or that only nginx knows', () => {
    const locations = {
      '/': { return: '200 a', extraConfig: 'if ($slow) { return 503; }' },
      '/a.php': { return: '200 b' },
      '~ \\.php': { return: '200 c' },
      '@named': { return: '200 d' },
      '/gone': { return: 444 },
    };
    expect(hostIds(hosts({ a: { locations } })).filter((id) => id.includes(':/'))).toEqual([]);
  });

  it('ask a server behind it that is on the machine itself, by the path and name that it gets', () => {
    const locations = {
      '/a/': { proxyPass: 'http://127.0.0.1:3000' },
      '/b/': { proxyPass: 'http://localhost:3000/v1/' },
      '/c/': { proxyPass: 'http://10.0.0.9/' },
    };
    const plain = hosts({ 'x.lan': { locations } });
    expect(hostIds(plain)).toEqual(['nginx/x.lan:/a/', 'nginx/x.lan:/b/']);
    expect(probeOf(plain, 'nginx/x.lan:/a/').params).toMatchObject({
      upstream: { address: '127.0.0.1', port: 3000, host: '127.0.0.1:3000', path: '/a/' },
    });
    const recommended = hosts({ 'x.lan': { locations } }, { recommendedProxySettings: true });
    expect(probeOf(recommended, 'nginx/x.lan:/b/').params).toMatchObject({
      upstream: { address: '127.0.0.1', port: 3000, host: 'x.lan', path: '/v1/' },
    });
  });

  it('compare folders with what is served of them', () => {
    const all = hosts({
      a: {
        root: '/srv/www',
        locations: {
          '/': { index: 'index.php index.html' },
          '/api/': { return: '200 x' },
          '/files/': { alias: '/srv/files/' },
          '/down/': { root: '/srv' },
          '/try/': { tryFiles: '$uri =418' },
        },
      },
    });
    const params = (id: string) => probeOf(all, id).params;
    expect(params('nginx/a#root')).toMatchObject({
      path: '/',
      folder: '/srv/www',
      except: ['api/', 'files/', 'down/', 'try/'],
    });
    expect(params('nginx/a:/#index')).toMatchObject({
      folder: '/srv/www',
      index: ['index.php', 'index.html'],
    });
    expect(params('nginx/a:/files/')).toMatchObject({ path: '/files/', folder: '/srv/files' });
    expect(params('nginx/a:/down/')).toMatchObject({ path: '/down/', folder: '/srv/down' });
    expect(params('nginx/a:/try/#nothing')).toMatchObject({ status: 418 });
  });

  it('follow a redirection of the whole host', () => {
    const all = hosts({ a: { globalRedirect: 'b.lan', redirectCode: 308 } });
    expect(probeOf(all, 'nginx/a#redirect').params).toMatchObject({
      status: 308,
      headers: { location: 'http://b.lan/' },
    });
  });
});

it('has its part of the NixOS test', () => {
  const text = makeTestFile([service]);
  expect(text).toContain('machine.wait_for_unit("nginx.service")');
  expect(text).toContain('every virtual host gives the answer that it returns');
});
