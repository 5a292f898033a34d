import { exactly } from '../../probes/fault-commands.ts';
import type { ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { sortedLines } from '../sorted-lines.ts';
import { family } from './units.ts';

/** What can be wrong with a tunnel, made on the interface as it is: wg(8), ip-address(8), ip-route(8). */

const fault = (id: string, title: string, commands: readonly string[], seen: string): ProbeFault => ({
  id: `wireguard-${id}`,
  title,
  commands,
  seen,
});

/** Addresses that nobody has: RFC 5737, RFC 3849. */
const elsewhere = (address: string): string => (address.includes(':') ? '2001:db8::77/64' : '192.0.2.77/24');

export function otherAddress(name: string, ips: readonly string[], address: string): ProbeFault {
  const other = elsewhere(address);
  const ip = `ip ${family(address)} address`;
  return fault(
    `address-other/${name}-${address}`,
    `${name} has the address ${other} in the place of ${address}`,
    // The new one first: with the last address of IPv4 the kernel takes the routes away too.
    [`${ip} add ${other} dev ${name}`, `${ip} del ${address} dev ${name}`],
    exactly(sortedLines([...ips.filter((each) => each !== address), other])),
  );
}

export const moreAddresses = (name: string, ips: readonly string[]): ProbeFault =>
  fault(
    `address-added/${name}`,
    `${name} has an address that nobody declared`,
    [`ip address add ${elsewhere('')} dev ${name}`],
    exactly(sortedLines([...ips, elsewhere('')])),
  );

export const otherKey = (name: string): ProbeFault =>
  fault(
    `key-other/${name}`,
    `${name} has another key than its file`,
    [`umask 077; wg genkey > /run/mutation.key`, `wg set ${name} private-key /run/mutation.key`],
    '^another: [A-Za-z0-9+/]{43}=$',
  );

export const noKey = (name: string): ProbeFault =>
  fault(
    `key-none/${name}`,
    `${name} has no key`,
    [`wg set ${name} private-key /dev/null`],
    String.raw`^another: \(none\)$`,
  );

export const fileGone = (name: string, file: string): ProbeFault =>
  fault(
    `key-file-gone/${name}`,
    `the key file ${file} is not there`,
    [`rm ${quote(file)}`],
    '^exit status [12]: .*(No such file|[Cc]annot open|nonexistent)',
  );

export function otherPort(name: string, port: number): ProbeFault {
  const other = port === 65_535 ? port - 1 : port + 1;
  return fault(
    `port/${name}`,
    `${name} listens on port ${other}`,
    [`wg set ${name} listen-port ${other}`],
    exactly(String(other)),
  );
}

export const otherMtu = (name: string, mtu: number): ProbeFault =>
  fault(
    `mtu/${name}`,
    `${name} has the MTU ${mtu + 20}`,
    [`ip link set dev ${name} mtu ${mtu + 20}`],
    exactly(String(mtu + 20)),
  );

/** @param keys those of all peers, for the probe that lists them; the probes of the peer itself see nothing of it */
export const peerGone = (name: string, publicKey: string, keys: readonly string[] = []): ProbeFault =>
  fault(
    `peer-gone/${name}-${publicKey}`,
    `${name} does not know the peer ${publicKey}`,
    [`wg set ${name} peer ${publicKey} remove`],
    exactly(sortedLines(keys.filter((each) => each !== publicKey))),
  );

/** Of the right length, and nobody's. */
const strangerKey = 'mutationmutationmutationmutationmutationmus=';

export const morePeers = (name: string, keys: readonly string[]): ProbeFault =>
  fault(
    `peer-added/${name}`,
    `${name} has a peer that nobody declared`,
    [`wg set ${name} peer ${strangerKey} allowed-ips 192.0.2.78/32`],
    exactly(sortedLines([...keys, strangerKey])),
  );

export function widerPeer(name: string, publicKey: string, allowedIPs: readonly string[]): ProbeFault {
  const wider = [...allowedIPs, '198.51.100.0/24'];
  return fault(
    `peer-wider/${name}-${publicKey}`,
    `the peer ${publicKey} of ${name} may send from 198.51.100.0/24 too`,
    [`wg set ${name} peer ${publicKey} allowed-ips ${wider.join(',')}`],
    exactly(sortedLines(wider)),
  );
}

export const otherEndpoint = (name: string, publicKey: string): ProbeFault =>
  fault(
    `peer-endpoint/${name}-${publicKey}`,
    `the peer ${publicKey} of ${name} is called at 192.0.2.79:51900`,
    [`wg set ${name} peer ${publicKey} endpoint 192.0.2.79:51900`],
    exactly('192.0.2.79:51900'),
  );

export const otherKeepalive = (name: string, publicKey: string, seconds: number): ProbeFault =>
  fault(
    `peer-keepalive/${name}-${publicKey}`,
    `the peer ${publicKey} of ${name} gets an empty packet every ${seconds + 60} s`,
    [`wg set ${name} peer ${publicKey} persistent-keepalive ${seconds + 60}`],
    exactly(String(seconds + 60)),
  );

export const routeGone = (name: string, address: string): ProbeFault =>
  fault(
    `route-gone/${name}-${address}`,
    `${address} is not routed to ${name}`,
    [`ip ${family(address)} route del ${address} dev ${name}`],
    '^no route$',
  );

export const routed = (name: string, address: string, shown: string): ProbeFault =>
  fault(
    `route-added/${name}-${address}`,
    `${address} is routed to ${name}`,
    [`ip ${family(address)} route replace ${address} dev ${name}`],
    exactly(shown),
  );
