import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenOnce } from '../../../src/machine/sockets.ts';

/** Both ends of a Unix socket: `ours` as the driver gets it, `theirs` as QEMU has it. */
export interface Pair {
  readonly ours: Socket;
  readonly theirs: Socket;
  close(): Promise<void>;
}

export async function makePair(): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  const path = join(folder, 'x.sock');
  const listener = await listenOnce(path);
  const theirs = connect(path);
  theirs.on('error', () => undefined);
  const ours = await listener.connection;
  return {
    ours,
    theirs,
    close: async () => {
      ours.destroy();
      theirs.destroy();
      listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Calls back with each JSON line that comes; bytes that are no JSON are left out. */
export function onJson(socket: Socket, heard: (message: Record<string, unknown>) => void): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1').replaceAll('\xff', '');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) heard(JSON.parse(line) as Record<string, unknown>);
  });
}

export const say = (socket: Socket, message: unknown) => socket.write(`${JSON.stringify(message)}\r\n`);
