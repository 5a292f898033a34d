import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadline } from '../host/deadline.ts';
import { poll } from '../host/poll.ts';
import type { Scope } from '../host/scope.ts';
import type { Reception } from '../probes/target.ts';
import type { Usernet } from './usernet.ts';

/** What looking from outside needs of a machine. */
export interface OutsideParts {
  readonly usernet: Pick<Usernet, 'ownForward' | 'tcpState'>;
  readonly scope: Scope;
  /**
   * An exchange with the guest. Resolves with whether it went over the same NIC: the guest has then looked at every
   * packet that was sent before it.
   */
  readonly exchange: () => Promise<boolean>;
}

/** How long to wait instead where the exchange took another way than the packets. Milliseconds. */
const otherWayMs = 2000;
/** How long QEMU may take to send a connection's first packet on. Milliseconds. */
const firstPacketMs = 10_000;

/**
 * What the guest's kernel makes of a TCP connection from outside. A dropped packet has no answer that could be waited
 * for, and no span of time would be long enough on a slow machine: so a later exchange over the same NIC is waited
 * for, which the guest can only answer once it has been at the first.
 *
 * @throws BootproofError when QEMU makes no forward or the machine is gone.
 */
export async function tcpFromOutside(parts: OutsideParts, guestPort: number): Promise<Reception> {
  const { usernet, scope } = parts;
  const forward = await scope.race(usernet.ownForward('tcp', guestPort));
  const socket = connect({ host: '127.0.0.1', port: forward.port });
  const line = new Line(socket);
  try {
    const look = async (): Promise<Reception | 'not sent'> => {
      const state = await usernet.tcpState(forward.port);
      if (state === undefined) return line.closed ? 'refused' : 'not sent';
      return state.startsWith('SYN_') ? 'silent' : 'answered';
    };
    const first = await poll<Reception>({
      deadline: Deadline.after(firstPacketMs),
      scope,
      describe: `QEMU to pass a connection on to the guest's port ${guestPort}`,
      attempt: async () => {
        const seen = await look();
        return seen === 'not sent' ? { done: false, seen: 'not yet sent' } : { done: true, value: seen };
      },
    });
    if (first !== 'silent') return first;
    await afterExchange(parts);
    const second = await look();
    return second === 'not sent' ? 'refused' : second;
  } finally {
    socket.destroy();
    await forward.remove();
  }
}

/** Sends datagrams to a UDP port of the guest, and resolves once the guest has looked at them. */
export async function udpFromOutside(parts: OutsideParts, guestPort: number, count: number): Promise<void> {
  const forward = await parts.scope.race(parts.usernet.ownForward('udp', guestPort));
  const socket = createSocket('udp4');
  try {
    socket.connect(forward.port, '127.0.0.1');
    await once(socket, 'connect');
    const send = () =>
      new Promise<void>((resolve, reject) =>
        socket.send('bootproof', (error) => (error ? reject(error) : resolve())),
      );
    await Promise.all(Array.from({ length: count }, send));
    await afterExchange(parts);
  } finally {
    socket.close();
    await forward.remove();
  }
}

async function afterExchange({ exchange, scope }: OutsideParts): Promise<void> {
  const sameWay = await scope.race(exchange());
  if (!sameWay) await scope.race(delay(otherWayMs, undefined, { signal: scope.signal }));
}

/** Whether a connection has ended; what comes over it is read and dropped. */
class Line {
  closed = false;

  constructor(socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('end', () => {
      this.closed = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.resume();
  }
}
