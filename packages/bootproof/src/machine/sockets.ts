import { createServer, type Socket } from 'node:net';
import { longestSocketPath } from '../host/xdg.ts';

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
