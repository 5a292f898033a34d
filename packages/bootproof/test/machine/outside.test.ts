import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { tcpFromOutside, udpFromOutside } from '../../src/machine/outside.ts';
import type { QmpClient } from '../../src/machine/qmp.ts';
import { Usernet } from '../../src/machine/usernet.ts';

/** A monitor with a user-mode network of its own: it makes and removes forwards, and lists them. */
function fakeMonitor(): { readonly qmp: QmpClient; readonly rows: () => readonly string[] } {
  const rows = new Map<string, string>();
  let port = 40_000;
  const human = async (line: string): Promise<string> => {
    const add = /^hostfwd_add (tcp|udp):127\.0\.0\.1:0-:(\d+)$/.exec(line);
    const remove = /^hostfwd_remove (tcp|udp):127\.0\.0\.1:(\d+)$/.exec(line);
    if (add?.[1] && add[2]) {
      port += 1;
      const protocol = add[1].toUpperCase();
      rows.set(
        `${add[1]}:${port}`,
        `  ${protocol}[HOST_FORWARD]  9  127.0.0.1 ${port}  10.0.2.15 ${add[2]}  0  0`,
      );
    } else if (remove) rows.delete(`${remove[1]}:${remove[2]}`);
    else if (line === 'info usernet') return [...rows.values()].join('\r\n');
    return '';
  };
  return { qmp: { human } as unknown as QmpClient, rows: () => [...rows.keys()] };
}

describe('a forward of its own', () => {
  it('is another one than that of everybody, and goes again', async () => {
    const { qmp, rows } = fakeMonitor();
    const usernet = new Usernet(qmp);
    const [own, other, shared] = await Promise.all([
      usernet.ownForward('tcp', 80),
      usernet.ownForward('tcp', 80),
      usernet.forward(80),
    ]);
    expect(new Set([own.port, other.port, shared]).size).toBe(3);
    await own.remove();
    await other.remove();
    expect(rows()).toEqual([`tcp:${shared}`]);
    expect(await usernet.forward(80)).toBe(shared);
  });

  it('is not lent to who comes later', async () => {
    const usernet = new Usernet(fakeMonitor().qmp);
    const own = await usernet.ownForward('tcp', 80);
    expect(await usernet.forward(80)).not.toBe(own.port);
  });

  it('of UDP is told from one of TCP', async () => {
    const { qmp, rows } = fakeMonitor();
    const usernet = new Usernet(qmp);
    await usernet.ownForward('tcp', 53);
    const own = await usernet.ownForward('udp', 53);
    await own.remove();
    expect(rows()).toEqual(['tcp:40001']);
  });
});

/** QEMU's end of a forward: it accepts, whatever the guest does. */
describe('a connection from outside', () => {
  let server: Server;
  let port: number;
  let removed: number;
  let scope: Scope;

  beforeEach(async () => {
    removed = 0;
    scope = new Scope();
    server = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterEach(() => {
    server.close();
    scope.close(new Error('over'));
  });

  const look = (states: readonly (string | undefined)[], exchanged: () => void = () => undefined) => {
    const left = [...states];
    return tcpFromOutside(
      {
        scope,
        exchange: async () => {
          exchanged();
          return true;
        },
        usernet: {
          ownForward: async () => ({
            port,
            remove: async () => {
              removed += 1;
            },
          }),
          tcpState: async () => (left.length > 1 ? left.shift() : left[0]),
        },
      },
      80,
    );
  };

  it('is answered when the guest has taken it', async () => {
    expect(await look([undefined, 'ESTABLISHED'])).toBe('answered');
    expect(removed).toBe(1);
  });

  it('is answered when the answer came late, before a later exchange', async () => {
    expect(await look(['SYN_SENT', 'ESTABLISHED'])).toBe('answered');
  });

  it('is silent only once the guest has answered something later', async () => {
    let exchanges = 0;
    const seen = await look(['SYN_SENT'], () => {
      exchanges += 1;
    });
    expect([seen, exchanges]).toEqual(['silent', 1]);
  });

  it('is refused when QEMU drops it', async () => {
    server.on('connection', (socket) => socket.end());
    expect(await look([undefined])).toBe('refused');
    expect(await look(['SYN_SENT', undefined])).toBe('refused');
    expect(removed).toBe(2);
  });

  it('ends with the machine, and leaves no forward', async () => {
    const looking = look([undefined]);
    scope.close(new Error('the machine is gone'));
    await expect(looking).rejects.toThrow('the machine is gone');
  });
});

describe('datagrams from outside', () => {
  it('are all sent before the guest is asked', async () => {
    const received: string[] = [];
    const socket = createSocket('udp4');
    const all = new Promise<void>((resolve) => {
      socket.on('message', (message) => {
        if (received.push(message.toString()) === 5) resolve();
      });
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    let removed = false;
    try {
      await udpFromOutside(
        {
          scope: new Scope(),
          exchange: async () => {
            await all;
            return true;
          },
          usernet: {
            ownForward: async () => ({
              port,
              remove: async () => {
                removed = true;
              },
            }),
            tcpState: async () => undefined,
          },
        },
        53,
        5,
      );
    } finally {
      socket.close();
    }
    expect(received).toEqual(Array(5).fill('bootproof'));
    expect(removed).toBe(true);
  });
});
