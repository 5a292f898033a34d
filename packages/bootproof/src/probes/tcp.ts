import { quote } from './shell.ts';

/**
 * A command that talks to a TCP port from within the guest, for what no tool of the image speaks: bash alone, which
 * opens /dev/tcp itself, and coreutils. The connection is descriptor 3 of `script`.
 *
 * @param address a literal IPv4 or IPv6 address, without brackets
 * @param script what bash does with the connection; `$1` is the first of `words`
 * @param seconds after which it is given up with exit status 124
 */
export function tcpCommand(
  address: string,
  port: number,
  script: string,
  { words = [], seconds = 10 }: { readonly words?: readonly string[]; readonly seconds?: number } = {},
): string {
  const connected = `exec 3<>/dev/tcp/${address}/${port} && ${script}`;
  return ['timeout', String(seconds), 'bash', '-c', connected, 'bash', ...words].map(quote).join(' ');
}

/** Where a guest reaches a server that listens on this address: on a loopback address when it listens on all. */
export function reachedAt(listenAddress: string): string {
  const address = listenAddress.replace(/^\[(.*)\]$/, '$1');
  if (['', '0.0.0.0', '*'].includes(address)) return '127.0.0.1';
  return ['::', '::0'].includes(address) ? '::1' : address;
}
