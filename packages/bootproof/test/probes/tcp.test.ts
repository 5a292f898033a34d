import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { reachedAt, tcpCommand } from '../../src/probes/tcp.ts';

const run = promisify(execFile);

describe('a command over TCP', () => {
  it('sends a word as it is, and prints what comes back', async () => {
    const server = createServer((socket) => {
      socket.on('data', (data) => socket.end(`got ${data}`));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    try {
      const command = tcpCommand('127.0.0.1', port, 'printf %s "$1" >&3 && cat <&3', {
        words: ["it's $HOME"],
      });
      expect((await run('/bin/sh', ['-c', command])).stdout).toBe("got it's $HOME");
    } finally {
      server.close();
    }
  });

  it('fails where nobody listens', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    await expect(run('/bin/sh', ['-c', tcpCommand('127.0.0.1', port, 'cat <&3')])).rejects.toMatchObject({
      code: 1,
    });
  });
});

it.each([
  ['0.0.0.0', '127.0.0.1'],
  ['', '127.0.0.1'],
  ['[::]', '::1'],
  ['::0', '::1'],
  ['[::1]', '::1'],
  ['192.168.3.2', '192.168.3.2'],
])('a server on %j is reached at %s', (listens, reached) => {
  expect(reachedAt(listens)).toBe(reached);
});
