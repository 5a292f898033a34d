import type { Socket } from 'node:net';

/**
 * The guest's way out of QEMU's user-mode network, shut. QEMU's own `restrict=on` would do that too, but its DHCP server
 * then names no router, and the guest would have no default route to prove. So the network is open, and every packet
 * that the guest sends passes through here first: QEMU's filter-redirector hands it over on one socket and takes it
 * back on another, each packet behind its length as 4 bytes. Source: QEMU's documentation of `-object filter-redirector`.
 */

/** The router of QEMU's user-mode network, which answers for itself. Source: QEMU, `-netdev user`. */
const router = [10, 0, 2, 2] as const;

const ethernet = { header: 14, arp: 0x0806, ipv4: 0x0800, ipv6: 0x86dd } as const;
const protocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/**
 * Whether a packet of the guest may pass: what it needs to get an address (ARP, DHCP, neighbour discovery), and its side
 * of connections that began outside. A connection of its own begins with a lone SYN, and that is dropped.
 */
export function mayPass(frame: Buffer): boolean {
  if (frame.length < ethernet.header + 20) return false;
  const packet = frame.subarray(ethernet.header);
  switch (frame.readUInt16BE(12)) {
    case ethernet.arp:
      return true;
    case ethernet.ipv4:
      return ipv4MayPass(packet);
    case ethernet.ipv6:
      return ipv6MayPass(packet);
    default:
      return false;
  }
}

function ipv4MayPass(packet: Buffer): boolean {
  const header = ((packet[0] ?? 0) & 0x0f) * 4;
  const fragmentOffset = packet.readUInt16BE(6) & 0x1fff;
  if (fragmentOffset !== 0 || packet.length < header + 8) return false;
  const payload = packet.subarray(header);
  switch (packet[9]) {
    case protocol.udp:
      return payload.readUInt16BE(2) === 67 && (isRouter(packet) || isBroadcast(packet));
    case protocol.tcp:
      return tcpMayPass(payload);
    case protocol.icmp:
      return isRouter(packet);
    default:
      return false;
  }
}

const goesTo = (packet: Buffer, address: readonly number[]): boolean =>
  address.every((byte, index) => packet[16 + index] === byte);

const isRouter = (packet: Buffer): boolean => goesTo(packet, router);
const isBroadcast = (packet: Buffer): boolean => goesTo(packet, [255, 255, 255, 255]);

function tcpMayPass(segment: Buffer): boolean {
  const flags = segment[13];
  if (flags === undefined) return false;
  const syn = (flags & 0x02) !== 0;
  const ack = (flags & 0x10) !== 0;
  return !syn || ack;
}

/** Router and neighbour discovery, and DHCPv6. Extension headers are not followed: nothing that is needed has one. */
function ipv6MayPass(packet: Buffer): boolean {
  if (packet.length < 44) return false;
  const next = packet[6];
  const payload = packet.subarray(40);
  if (next === protocol.icmpv6) return [133, 135, 136].includes(payload[0] ?? 0);
  // DHCPv6 servers are asked by multicast: ff02::1:2.
  return next === protocol.udp && payload.readUInt16BE(2) === 547 && packet[24] === 0xff;
}

/** The longest packet that QEMU passes on: NET_BUFSIZE of QEMU's net.h. Bytes. */
const longestFrame = 4096 + 65_536;

/** Passes packets from the guest on to the network, those that may pass. Ends with its sockets. */
export function guardEgress(fromGuest: Socket, toNetwork: Socket): void {
  let pending: Buffer = Buffer.alloc(0);
  fromGuest.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (length > longestFrame) {
        // Not a packet: the stream cannot be followed any more, and an unguarded network would be worse than none.
        fromGuest.destroy();
        toNetwork.destroy();
        return;
      }
      if (pending.length < 4 + length) break;
      const framed = pending.subarray(0, 4 + length);
      if (mayPass(framed.subarray(4))) toNetwork.write(framed);
      pending = pending.subarray(4 + length);
    }
  });
  // QEMU's end is told by its process; a broken pipe here says nothing more.
  for (const socket of [fromGuest, toNetwork]) socket.on('error', () => undefined);
  fromGuest.resume();
  toNetwork.resume();
}
