import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { guardEgress, mayPass } from '../../src/machine/egress.ts';
import { makePair, type Pair } from './support/peer.ts';

const router = [10, 0, 2, 2];
const elsewhere = [192, 0, 2, 7];

const u16 = (value: number): number[] => [value >> 8, value & 0xff];
const bytes = (count: number): number[] => Array<number>(count).fill(0);

const ethernet = (type: number, payload: readonly number[]): Buffer =>
  Buffer.from([...bytes(12), ...u16(type), ...payload]);

interface Ipv4 {
  readonly to?: readonly number[];
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** Bytes of options, a multiple of 4. */
  readonly options?: number;
}

/** An IPv4 packet in its frame. */
function ipv4(protocol: number, payload: readonly number[], given: Ipv4 = {}): Buffer {
  const { to = elsewhere, fragmentOffset = 0, moreFragments = false, options = 0 } = given;
  return ethernet(0x0800, [
    0x40 | (5 + options / 4),
    0,
    ...u16(20 + options + payload.length),
    ...[0, 0],
    ...u16((moreFragments ? 0x2000 : 0) | fragmentOffset),
    ...[64, protocol, 0, 0],
    ...[10, 0, 2, 15],
    ...to,
    ...bytes(options),
    ...payload,
  ]);
}

const ipv6 = (next: number, payload: readonly number[], to: readonly number[] = bytes(16)): Buffer =>
  ethernet(0x86dd, [0x60, 0, 0, 0, ...u16(payload.length), next, 255, ...bytes(16), ...to, ...payload]);
/** ff02::1:2, where DHCPv6 servers are asked. */
const dhcpServers = [0xff, 0x02, ...bytes(11), 0x01, 0x00, 0x02];

const udp = (to: number): number[] => [...u16(40_000), ...u16(to), ...u16(8), 0, 0];
const icmp = [8, 0, 0, 0, 0, 1, 0, 1];
const flag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 };
const tcp = (flags: number): number[] => [...u16(22), ...u16(443), ...bytes(8), 0x50, flags, ...bytes(6)];

const arp = ethernet(0x0806, bytes(28));
const dhcp = ipv4(17, udp(67), { to: [255, 255, 255, 255] });
const newConnection = ipv4(6, tcp(flag.syn));
const answer = ipv4(6, tcp(flag.syn | flag.ack));

describe('what may pass', () => {
  it.each<[string, Buffer]>([
    ['ARP', arp],
    ['DHCP', dhcp],
    ['the answer to a connection from outside', answer],
    ['data of such a connection', ipv4(6, tcp(flag.psh | flag.ack))],
    ['its end', ipv4(6, tcp(flag.fin | flag.ack))],
    ['a reset', ipv4(6, tcp(flag.rst))],
    ['its data behind IP options', ipv4(6, tcp(flag.ack), { options: 8 })],
    ['a ping of the router', ipv4(1, icmp, { to: router })],
    ['a router solicitation', ipv6(58, [133, ...bytes(7)])],
    ['a neighbour solicitation', ipv6(58, [135, ...bytes(23)])],
    ['a neighbour advertisement', ipv6(58, [136, ...bytes(23)])],
    ['DHCPv6', ipv6(17, udp(547), dhcpServers)],
  ])('%s', (_name, frame) => {
    expect(mayPass(frame)).toBe(true);
  });
});

describe('what may not', () => {
  it.each<[string, Buffer]>([
    ['a connection of its own', newConnection],
    ['DHCP to one address beyond the router', ipv4(17, udp(67), { to: [192, 0, 2, 1] })],
    ['DHCPv6 to one address', ipv6(17, udp(547))],
    ['one to the router, which is this computer', ipv4(6, tcp(flag.syn), { to: router })],
    ['one with further flags', ipv4(6, tcp(flag.syn | flag.psh | flag.fin))],
    ['one behind IP options', ipv4(6, tcp(flag.syn), { options: 12 })],
    ['a name look-up', ipv4(17, udp(53), { to: [10, 0, 2, 3] })],
    ['time', ipv4(17, udp(123))],
    ['a packet that only comes from the port of DHCP', ipv4(17, [...u16(67), ...u16(53), ...bytes(4)])],
    ['a ping of another', ipv4(1, icmp)],
    ['a ping of a neighbour of the router', ipv4(1, icmp, { to: [10, 0, 2, 3] })],
    ['another protocol', ipv4(47, bytes(16))],
    ['a later fragment', ipv4(6, tcp(flag.ack), { fragmentOffset: 185 })],
    ['a later fragment of DHCP', ipv4(17, udp(67), { fragmentOffset: 1 })],
    [
      'a first fragment too short for its flags',
      ipv4(6, tcp(flag.ack).slice(0, 12), { moreFragments: true }),
    ],
    ['an IPv6 connection', ipv6(6, tcp(flag.syn))],
    ['the answer in an IPv6 connection', ipv6(6, tcp(flag.syn | flag.ack))],
    ['an IPv6 name look-up', ipv6(17, udp(53))],
    ['an IPv6 ping', ipv6(58, [128, ...bytes(7)])],
    ['an IPv6 extension header before what may pass', ipv6(0, [58, 0, ...bytes(6), 133, ...bytes(7)])],
    ['a frame of a virtual LAN', ethernet(0x8100, [0, 1, ...u16(0x0806), ...bytes(40)])],
    ['another sort of frame', ethernet(0x88cc, bytes(46))],
  ])('%s', (_name, frame) => {
    expect(mayPass(frame)).toBe(false);
  });

  it('a frame that ends early, wherever it ends', () => {
    const headers = { dhcp: 14 + 20 + 8, answer: 14 + 20 + 14 };
    for (let length = 0; length < headers.dhcp; length += 1) {
      expect(mayPass(dhcp.subarray(0, length)), `${length} bytes`).toBe(false);
    }
    for (let length = 0; length < headers.answer; length += 1) {
      expect(mayPass(answer.subarray(0, length)), `${length} bytes`).toBe(false);
    }
  });
});

describe('any bytes at all', () => {
  const types = fc.constantFrom(0x0800, 0x0806, 0x86dd, 0x8100);
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(types, fc.uint8Array({ maxLength: 120 })).map(([type, payload]) => ethernet(type, [...payload])),
  );

  it('are judged, never an error', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(typeof mayPass(Buffer.from(frame))).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it('never pass as a lone SYN, whatever else the packet says', () => {
    const options = fc.integer({ min: 0, max: 10 }).map((words) => words * 4);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        options,
        fc.uint8Array({ maxLength: 40 }),
        (bits, size, rest) => {
          const flags = (bits | flag.syn) & ~flag.ack;
          expect(mayPass(ipv4(6, [...tcp(flags), ...rest], { options: size }))).toBe(false);
        },
      ),
    );
  });
});

describe('the guard', () => {
  const pairs: Pair[] = [];
  afterEach(async () => {
    await Promise.all(pairs.splice(0).map((pair) => pair.close()));
  });

  interface Guarded {
    /** QEMU's end, on which it hands over the packets of its guest. */
    readonly guest: Socket;
    /** QEMU's end, on which it takes them back. */
    readonly network: Socket;
    /** What has come through, one frame each. */
    readonly passed: readonly string[];
    readonly closed: Promise<unknown>;
  }

  async function guarded(): Promise<Guarded> {
    const [guest, network] = [await makePair(), await makePair()];
    pairs.push(guest, network);
    guardEgress(guest.ours, network.ours);
    const passed: string[] = [];
    let pending: Buffer = Buffer.alloc(0);
    network.theirs.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
        const end = 4 + pending.readUInt32BE(0);
        passed.push(pending.subarray(4, end).toString('hex'));
        pending = pending.subarray(end);
      }
    });
    guest.theirs.resume();
    const closed = Promise.all(
      [guest.theirs, network.theirs].map((socket) => new Promise((ended) => socket.once('close', ended))),
    );
    return { guest: guest.theirs, network: network.theirs, passed, closed };
  }

  const framed = (...frames: readonly Buffer[]): Buffer =>
    Buffer.concat(frames.flatMap((frame) => [Buffer.from([...u16(0), ...u16(frame.length)]), frame]));
  const hex = (...frames: readonly Buffer[]): string[] => frames.map((frame) => frame.toString('hex'));
  const sent = (socket: Socket, chunk: Buffer) =>
    new Promise<void>((done, fail) => {
      socket.write(chunk, (error) => (error ? fail(error) : done()));
    });

  it('lets through what may pass, in order, and drops the rest', async () => {
    const { guest, passed } = await guarded();
    guest.write(framed(arp, newConnection, dhcp, ipv4(17, udp(53)), answer));
    await expect.poll(() => passed).toEqual(hex(arp, dhcp, answer));
  });

  it('puts packets together again that came in pieces, down to single bytes', async () => {
    const { guest, passed } = await guarded();
    for (const byte of framed(dhcp, newConnection, answer)) await sent(guest, Buffer.from([byte]));
    await expect.poll(() => passed).toEqual(hex(dhcp, answer));
  });

  it('takes a piece with the end of one packet and the start of the next', async () => {
    const { guest, passed } = await guarded();
    const stream = framed(newConnection, arp, dhcp);
    const middle = 4 + newConnection.length + 6;
    await sent(guest, stream.subarray(0, middle));
    await sent(guest, stream.subarray(middle));
    await expect.poll(() => passed).toEqual(hex(arp, dhcp));
  });

  it('goes on after a packet of no bytes', async () => {
    const { guest, passed } = await guarded();
    guest.write(framed(Buffer.alloc(0), arp));
    await expect.poll(() => passed).toEqual(hex(arp));
  });

  it('takes a packet of the greatest length', async () => {
    const { guest, passed } = await guarded();
    const long = Buffer.concat([answer, Buffer.alloc(4096 + 65_536 - answer.length)]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(long.length);
    guest.write(Buffer.concat([length, long, framed(arp)]));
    await expect.poll(() => passed.length).toBe(2);
    expect(passed).toEqual(hex(long, arp));
  });

  it('closes both ways at a length that no packet has, and lets nothing through after it', async () => {
    const { guest, passed, closed } = await guarded();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(4096 + 65_536 + 1);
    guest.write(Buffer.concat([length, framed(arp)]));
    await closed;
    expect(passed).toEqual([]);
  });

  it('is not brought down by the other end going away', async () => {
    const { guest, network, passed } = await guarded();
    network.destroy();
    for (let count = 0; count < 5; count += 1) await sent(guest, framed(arp));
    expect(passed).toEqual([]);
    const another = await guarded();
    another.guest.write(framed(arp));
    await expect.poll(() => another.passed).toEqual(hex(arp));
  });
});
