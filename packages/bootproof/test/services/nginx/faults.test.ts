import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProbeFault } from '../../../src/probes/probe.ts';
import { nginx } from '../../../src/services/nginx.ts';
import type { Service } from '../../../src/services/service.ts';
import { linesAt, probesOf, realisationOf } from '../support.ts';

const service = nginx as unknown as Service;
const definitions = {
  services: {
    nginx: {
      enable: true,
      recommendedOptimisation: true,
      virtualHosts: {
        'a.lan': {
          serverAliases: ['b.lan'],
          default: true,
          locations: {
            '/': { return: '200 "a"' },
            '/old/': { return: '301 /new$request_uri' },
            '= /up': { return: 204 },
            '/api/': { proxyPass: 'http://127.0.0.1:8080' },
          },
        },
        files: {
          root: '/srv',
          locations: { '/': { index: 'i.html' }, '/x/': { alias: '/y', tryFiles: '$uri =404' } },
        },
      },
    },
  },
} as never;
const configuration = linesAt(realisationOf(service, definitions), '/etc/nginx/nginx.conf');
const faults = new Map(
  probesOf(service, definitions).flatMap(({ faults: own = [] }) => own.map((fault) => [fault.id, fault])),
);

const folder = mkdtempSync(join(tmpdir(), 'bootproof-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a fault makes of the configuration, as lines that are there no more and lines that are new. */
function changesOf({ commands }: ProbeFault): string[] {
  const [file, copy] = [join(folder, 'nginx.conf'), join(folder, 'copy')];
  writeFileSync(file, `${configuration.join('\n')}\n`);
  const filter = commands.find((line) => line.includes('> /run/mutation.overlay')) ?? '';
  execFileSync('/bin/sh', ['-ec', `file=${file}; ${filter.replaceAll('/run/mutation.overlay', copy)}`]);
  const changed = readFileSync(copy, 'utf8').trimEnd().split('\n');
  const difference = (from: readonly string[], other: readonly string[], sign: string): string[] =>
    from.filter((line) => !other.includes(line)).map((line) => `${sign} ${line.trim()}`);
  return [...difference(configuration, changed, '-'), ...difference(changed, configuration, '+')];
}

describe('a fault of nginx changes in the configuration what it says, and nothing else', () => {
  it.each([
    ['nginx-status/a.lan:/', ['- return 200 "a";', '+ return 503;']],
    ['nginx-text/a.lan:/', ['- return 200 "a";', '+ return 200 "mutation";']],
    ['nginx-status/a.lan:=/up', ['- return 204;', '+ return 503;']],
    [
      'nginx-location/a.lan:/old/',
      ['- return 301 /new$request_uri;', '+ return 301 "http://mutation.invalid/";'],
    ],
    ['nginx-proxy/a.lan:/api/', ['- proxy_pass http://127.0.0.1:8080;', '+ proxy_pass http://127.0.0.1:9;']],
    ['nginx-folder/files:', ['- root /srv;', '+ root /run/mutation.site;']],
    ['nginx-index/files:/', ['- index i.html;', '+ index mutation.html;']],
    ['nginx-last-resort/files:/x/', ['- try_files $uri =404;', '+ try_files $uri =503;']],
    ['nginx-line-missing/tcp_nopush', ['- tcp_nopush on;']],
    ['nginx-user', ['- user nginx nginx;', '+ user root nginx;']],
    ['nginx-group', ['- user nginx nginx;', '+ user nginx root;']],
    ['nginx-configuration-broken', ['+ mutation;']],
    [
      'nginx-name-taken/a.lan/b.lan',
      ['+ server { listen 0.0.0.0:80; listen [::0]:80; server_name b.lan; return 418 "mutation"; }'],
    ],
    [
      'nginx-default-taken/a.lan',
      [
        '- listen 0.0.0.0:80 default_server;',
        '- listen [::0]:80 default_server;',
        '+ server { listen 0.0.0.0:80; listen [::0]:80; server_name mutation.invalid; return 418 "mutation"; }',
      ],
    ],
    [
      'nginx-listens-elsewhere/[::0]:80',
      [
        '- listen [::0]:80 default_server;',
        '- listen [::0]:80;',
        '+ listen [::0]:2080 default_server;',
        '+ listen [::0]:2080;',
      ],
    ],
  ])('%s', (id, changes) => {
    const fault = faults.get(id);
    if (fault === undefined) throw new Error(`no fault ${id} among ${[...faults.keys()].join(', ')}`);
    expect(changesOf(fault)).toEqual(changes);
  });
});

it('each fault is told from those of hosts with the same name, or of other default hosts', () => {
  const host = (port: number, text: string) => ({
    serverName: 'same.lan',
    default: true,
    listen: [{ addr: '127.0.0.1', port }],
    locations: { '/': { return: `200 ${text}` } },
  });
  const made = probesOf(service, {
    services: { nginx: { enable: true, virtualHosts: { a: host(80, 'a'), b: host(81, 'b') } } },
  } as never).flatMap(({ faults: own = [] }) => own);
  const byId = new Map(made.map(({ id }) => [id, made.filter((each) => each.id === id)]));
  for (const [id, same] of byId) {
    expect(new Set(same.map(({ title, commands }) => JSON.stringify([title, commands]))).size, id).toBe(1);
  }
  expect([...byId.keys()]).toEqual(
    expect.arrayContaining(['nginx-name-taken/b/same.lan', 'nginx-default-taken/a', 'nginx-text/b:/']),
  );
});

describe('what a probe is to see of a fault', () => {
  it.each([
    ['nginx-text/a.lan:/', '200, "mutation"', '200, "a"'],
    [
      'nginx-location/a.lan:/old/',
      '301, location: http://mutation.invalid/',
      '301, location: http://a.lan/new/old/',
    ],
    [
      'nginx-listens-elsewhere/0.0.0.0:80',
      'no answer (exit status 1): bash: connect: Connection refused',
      '200, "a"',
    ],
    ['nginx-line-missing/tcp_nopush', 'client_max_body_size 10m;\nserver_tokens off;', 'tcp_nopush on;'],
  ])('%s', (id, seen, healthy) => {
    const pattern = new RegExp(faults.get(id)?.seen ?? '^$');
    expect(pattern.test(seen)).toBe(true);
    expect(pattern.test(healthy)).toBe(false);
  });
});
