import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  httpAnswer,
  httpFolder,
  httpProxy,
  parseAnswer,
  requestCommand,
} from '../../src/probes/kinds/http.ts';
import type { Target } from '../../src/probes/target.ts';
import { fakeTarget } from './fake-target.ts';

/** A target whose commands run here: what is asked is asked of a real server, with a real shell. */
const here: Target = {
  ...fakeTarget({}),
  execute: (command) =>
    new Promise((resolve) => {
      execFile('/bin/sh', ['-c', command], (error, stdout, stderr) =>
        resolve({ stdout, stderr, exitCode: typeof error?.code === 'number' ? error.code : 0 }),
      );
    }),
};

let server: Server;
let port: number;
let closedPort: number;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'http-'));
  mkdirSync(join(folder, 'site/api'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'site/page.html'), 'a page\r\n\r\nof two parts\n');
  writeFileSync(join(folder, 'site/index.htm'), 'the index\n');
  writeFileSync(join(folder, 'site/api/a.txt'), 'never asked for\n');
  const answers: Record<string, [number, Record<string, string>, string]> = {
    '/': [200, { 'X-Host': 'yes' }, 'hello, '],
    '/moved': [301, { Location: 'http://new.lan/' }, ''],
    '/page.html': [200, {}, 'a page\r\n\r\nof two parts\n'],
    '/other/page.html': [200, {}, 'another page\n'],
    '/index.htm': [200, {}, 'the index\n'],
    '/index/': [200, {}, 'the index\n'],
    '/same': [200, {}, 'hello, '],
    '/open/bootproof-asks-for-nothing': [200, {}, 'everything is here\n'],
  };
  server = createServer((request, response) => {
    const [status, headers, body] = answers[request.url ?? ''] ?? [404, {}, 'nothing'];
    const greeting = request.url === '/' || request.url === '/same' ? request.headers.host : '';
    response.writeHead(status, headers).end(`${body}${greeting}`);
  });
  const listening = createServer();
  for (const each of [server, listening]) {
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
  }
  ({ port } = server.address() as AddressInfo);
  // A port that was free a moment ago, and that nobody listens on.
  closedPort = (listening.address() as AddressInfo).port;
  await new Promise((resolve) => listening.close(resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const request = (path: string, host = 'a.lan') => ({ address: '127.0.0.1', port, host, path });

describe('an answer', () => {
  test('is read with its headers by lower case, and its body whole', () => {
    expect(parseAnswer('HTTP/1.1 200 OK\r\nServer: nginx\r\nX-A: b: c\r\n\r\none\r\n\r\ntwo')).toEqual({
      status: 200,
      headers: { server: 'nginx', 'x-a': 'b: c' },
      body: 'one\r\n\r\ntwo',
    });
  });

  test.each(['', 'SSH-2.0-OpenSSH\r\n', 'HTTP/1.1 200 OK\r\nhalf'])('is none: %j', (text) => {
    expect(parseAnswer(text)).toBeUndefined();
  });

  test('is asked for with a name and a path that the shell leaves alone', async () => {
    const { stdout } = await here.execute(requestCommand(request('/same', "it's$HOME")));
    expect(parseAnswer(stdout)?.body).toBe("hello, it's$HOME");
  });
});

describe('http-answer', () => {
  const look = (path: string, more: object) =>
    httpAnswer.observe(here, { ...request(path), status: 200, body: null, headers: {}, ...more });

  test.each([
    ['the status alone', '/', {}, 'passed'],
    ['the body', '/', { body: 'hello, a.lan' }, 'passed'],
    ['another body', '/', { body: 'hello, b.lan' }, 'failed'],
    ['another status', '/none', {}, 'failed'],
    ['a status that is expected', '/none', { status: 404, body: 'nothing' }, 'passed'],
    ['a header', '/moved', { status: 301, headers: { location: 'http://new.lan/' } }, 'passed'],
    ['another header', '/moved', { status: 301, headers: { location: 'http://old.lan/' } }, 'failed'],
    ['a header that should not be there', '/', { headers: { 'x-host': null } }, 'failed'],
    ['no header where none should be', '/moved', { status: 301, headers: { 'x-host': null } }, 'passed'],
  ])('%s', async (_name, path, more, verdict) => {
    expect(await look(path, more)).toMatchObject({ verdict });
  });

  test('shows what came where it is not what was declared', async () => {
    expect(await look('/', { body: 'hello, b.lan' })).toMatchObject({
      expected: '200, "hello, b.lan"',
      seen: '200, "hello, a.lan"',
    });
  });

  test('waits for a server that does not answer yet', async () => {
    expect(await look('/', { port: closedPort })).toMatchObject({ verdict: 'not yet' });
  });
});

describe('http-folder', () => {
  const look = (path: string, name: string, more: object = {}) =>
    httpFolder.observe(here, {
      ...request(path),
      folder: join(folder, name),
      index: [],
      except: ['api/'],
      ...more,
    });

  test('a file of it comes back', async () => {
    // The first by name that nothing else answers.
    expect(await look('/', 'site')).toMatchObject({
      verdict: 'passed',
      seen: `the bytes of ${join(folder, 'site/index.htm')}`,
    });
    rmSync(join(folder, 'site/index.htm'));
    expect(await look('/', 'site')).toMatchObject({
      verdict: 'passed',
      seen: `the bytes of ${join(folder, 'site/page.html')}`,
    });
    writeFileSync(join(folder, 'site/index.htm'), 'the index\n');
  });

  test('another file does not', async () => {
    expect(await look('/other/', 'site', { except: ['api/', 'index.htm'] })).toMatchObject({
      verdict: 'not yet',
      seen: expect.stringMatching(/^HTTP\/1\.1 200 OK\n.* differ/),
    });
  });

  test('its bytes do not count under another status', async () => {
    mkdirSync(join(folder, 'gone'));
    writeFileSync(join(folder, 'gone/none.txt'), 'nothing');
    expect(await look('/', 'gone')).toMatchObject({
      verdict: 'not yet',
      seen: 'HTTP/1.1 404 Not Found\nsame',
    });
  });

  test('its index is the first that is there', async () => {
    const index = ['index.html', 'index.htm'];
    expect(await look('/index/', 'site', { index })).toMatchObject({ verdict: 'passed' });
    expect(await look('/', 'site', { index })).toMatchObject({ verdict: 'not yet' });
  });

  test('of an empty one, what is not there is not found', async () => {
    for (const name of ['empty', 'absent']) {
      expect(await look('/', name)).toMatchObject({ verdict: 'passed', seen: '404' });
      expect(await look('/open/', name)).toMatchObject({ verdict: 'failed', seen: '200' });
    }
  });
});

describe('http-proxy', () => {
  const look = (path: string, upstream: object) =>
    httpProxy.observe(here, { ...request(path), upstream: { ...request('/same'), ...upstream } });

  test('the same answer, another, and none behind it', async () => {
    expect(await look('/', {})).toMatchObject({ verdict: 'passed' });
    expect(await look('/', { host: 'b.lan' })).toMatchObject({ verdict: 'not yet' });
    expect(await look('/moved', {})).toMatchObject({ verdict: 'not yet' });
    expect(await look('/', { port: closedPort })).toMatchObject({
      verdict: 'not yet',
      expected: 'no answer',
    });
  });
});
