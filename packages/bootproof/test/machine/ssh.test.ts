import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { PollTimeout } from '../../src/host/poll.ts';
import { Scope } from '../../src/host/scope.ts';
import { connectSsh, makeSshKeyPair, SshRefused, sshHandshake } from '../../src/machine/ssh.ts';
import { startSshServer, type TestServer } from './support/ssh-server.ts';

const key = makeSshKeyPair();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(): Promise<TestServer> {
  const server = await startSshServer(key);
  closing.push(() => server.close());
  return server;
}

/** A forward as QEMU's: it accepts at once, and what then becomes of a connection is told by `react`. */
async function forward(react: (socket: Socket, count: number) => void): Promise<number> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    react(socket, ++count);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Passes a connection on to a real server. */
function passOn(socket: Socket, port: number): void {
  const server = connect(port, '127.0.0.1');
  socket.on('close', () => server.destroy());
  socket.pipe(server).pipe(socket);
}

const options = (port: number, deadline = Deadline.after(15_000)) => ({
  port,
  deadline,
  scope: new Scope(),
  unanswered: async () => false,
});
const login = { user: 'root', privateKey: key.privateKey };

describe('connectSsh', () => {
  it('logs in and tells what the server is', async () => {
    const connection = await connectSsh({ ...options((await serve()).port), login });
    expect(connection.facts).toEqual({
      banner: 'SSH-2.0-TestServer_1.0',
      kex: expect.stringMatching(/^curve25519/),
      hostKeyType: 'ssh-ed25519',
      hostKeySha256: expect.stringMatching(/^[A-Za-z0-9+/]{43}$/),
      methods: ['publickey'],
    });
    connection.close();
    expect(connection.scope.closed).toBe(true);
  });

  it('takes a dropped connection for a not yet', async () => {
    const { port } = await serve();
    const seen: string[] = [];
    const entry = await forward((socket, count) => {
      if (count === 1) socket.destroy();
      else if (count === 2) socket.resetAndDestroy();
      else passOn(socket, port);
    });
    const connection = await connectSsh({ ...options(entry), login, onSeen: (what) => seen.push(what) });
    expect(seen).toEqual(['nobody listens on the port', 'nobody listens on the port']);
    connection.close();
  });

  it('tries anew when the guest does not answer, and holds what it answers slowly', async () => {
    const { port } = await serve();
    const seen: string[] = [];
    let answered = false;
    let tries = 0;
    const entry = await forward((socket, count) => {
      tries = count;
      if (count < 3) return;
      answered = true;
      // Later than any look at the state of the connection.
      setTimeout(() => passOn(socket, port), 1500);
    });
    const connection = await connectSsh({
      ...options(entry),
      login,
      unanswered: async () => !answered,
      onSeen: (what) => seen.push(what),
    });
    expect(seen).toEqual(["the guest's network does not answer", "the guest's network does not answer"]);
    expect(tries).toBe(3);
    connection.close();
  });

  it('gives up at once when the key is refused', async () => {
    const { port } = await serve();
    const other = { user: 'root', privateKey: makeSshKeyPair().privateKey };
    const refused = connectSsh({ ...options(port), login: other });
    await expect(refused).rejects.toBeInstanceOf(SshRefused);
    await expect(refused).rejects.toThrow("refused the driver's key; it offers publickey");
  });

  it('says at the deadline how far it came', async () => {
    const silent = await forward(() => undefined);
    await expect(connectSsh({ ...options(silent, Deadline.after(100)), login })).rejects.toThrow(
      "last seen: QEMU's forward took the connection, but no banner came",
    );
    const noKex = await forward((socket) => socket.write('SSH-2.0-Stuck_1\r\n'));
    await expect(connectSsh({ ...options(noKex, Deadline.after(300)), login })).rejects.toThrow(
      'last seen: SSH-2.0-Stuck_1, but no key exchange',
    );
    const nobody = await forward((socket) => socket.destroy());
    const failed = connectSsh({ ...options(nobody, Deadline.after(300)), login });
    await expect(failed).rejects.toBeInstanceOf(PollTimeout);
    await expect(failed).rejects.toThrow('last seen: nobody listens on the port');
  });

  it('is no SSH when something else answers', async () => {
    const http = await forward((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(connectSsh({ ...options(http, Deadline.after(300)), login })).rejects.toBeInstanceOf(
      PollTimeout,
    );
  });

  it('ends with its scope and leaves no connection', async () => {
    let ended: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const scope = new Scope();
    const port = await forward((socket) => {
      socket.on('close', ended).resume();
      scope.close(new Error('QEMU died'));
    });
    await expect(connectSsh({ ...options(port), scope, login })).rejects.toThrow('QEMU died');
    await gone;
  });
});

describe('sshHandshake', () => {
  it('tells the facts without logging in', async () => {
    const facts = await sshHandshake(options((await serve()).port));
    expect(facts).toMatchObject({ banner: 'SSH-2.0-TestServer_1.0', methods: ['publickey'] });
  });
});
