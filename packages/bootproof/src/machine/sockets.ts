import { createServer, type Socket } from 'node:net';
import { BootproofError } from '../base/errors.ts';
import type { Scope } from '../host/scope.ts';
import { longestSocketPath } from '../host/xdg.ts';

/** How long a closed socket waits for its owner's end to be told. Milliseconds. */
const ownerMs = 1000;

/**
 * Calls back once when a socket is closed or breaks, with the reason. A dying process closes its sockets a moment before
 * its death is told: when the owner's scope closes within a second, that is the reason.
 *
 * @param what the socket, for words: `the monitor connection`.
 */
export function whenClosed(socket: Socket, owner: Scope, what: string, told: (reason: Error) => void): void {
  let fault = '';
  socket.once('error', (error) => {
    fault = `: ${error.message}`;
  });
  socket.once('close', () => {
    const late = setTimeout(() => {
      leave();
      told(new BootproofError(`QEMU closed ${what}${fault}`, { kind: 'unproven' }));
    }, ownerMs);
    const leave = owner.onClose((reason) => {
      clearTimeout(late);
      told(reason);
    });
  });
}

/** A Unix socket that takes one connection. */
export interface Listener {
  /** The connection, paused until somebody reads it. Rejects when the listener is closed first. */
  readonly connection: Promise<Socket>;
  /** Stops listening, removes the socket file, and ends the connection. */
  close(): void;
}

/**
 * Listens at a path before the process that connects to it is started. Stops by itself after the first connection.
 *
 * @throws Error when the path is too long for a socket or cannot be bound.
 */
export async function listenOnce(path: string): Promise<Listener> {
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new Error(`${path} is too long for a socket (at most ${longestSocketPath} bytes)`);
  }
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  let taken: Socket | undefined;
  const connection = new Promise<Socket>((resolve, reject) => {
    server.once('connection', (socket) => {
      taken = socket;
      resolve(socket);
      server.close();
    });
    server.once('close', () => reject(new Error(`nobody connected to ${path}`)));
  });
  // Whoever never asks for the connection must not bring the process down when it does not come.
  connection.catch(() => undefined);
  return {
    connection,
    close: () => {
      taken?.destroy();
      server.close();
    },
  };
}
