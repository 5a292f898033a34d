import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import type { Target } from '../target.ts';

type Params = { readonly open: readonly number[]; readonly closed: readonly number[] };

const table = '/proc/net/snmp';

/** More than the machine itself gets by chance in the time of one look. */
const datagrams = 20;

/**
 * How many datagrams the kernel's UDP has been handed so far, whether somebody reads them or nobody listens: what a
 * firewall drops never gets that far. Source: the kernel's Documentation/networking/snmp_counter.rst.
 */
export function udpReceived(snmp: string): number {
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Udp: '))
    .map((line) => line.split(' '));
  const count = (name: string): number => Number(values[names.indexOf(name)] ?? 0);
  return count('InDatagrams') + count('NoPorts') + count('InErrors');
}

const words = (ports: readonly number[], what: string): string[] =>
  ports.length === 0 ? [] : [`${ports.join(', ')} ${what}`];

const wording = ({ open, closed }: Params): string =>
  [...words(open, 'let in'), ...words(closed, 'dropped')].join('; ');

/** Which UDP ports of the guest's first NIC let datagrams in from outside. */
export const outsideUdp = defineProbeKind<'outside-udp', Params>({
  kind: 'outside-udp',
  needs: ['shell'],
  title: (params) => `datagrams from outside to UDP ports: ${wording(params)}`,
  hint: () =>
    'In the machine: nft list ruleset (on NixOS: iptables -S); nstat -az UdpNoPorts UdpInDatagrams.',
  async observe(target, params) {
    const came = new Map<number, number>();
    // One after the other: the counters do not tell ports apart.
    for (const port of [...params.open, ...params.closed]) came.set(port, await arrivals(target, port));
    const open = params.open.every((port) => (came.get(port) ?? 0) >= datagrams);
    const closed = params.closed.every((port) => (came.get(port) ?? 0) < datagrams / 2);
    const seen = [...came].map(([port, count]) => `${port}: ${count} of ${datagrams} datagrams`);
    return awaited(open && closed, {
      expected: wording(params),
      seen: seen.join(', '),
      evidence: [{ source: `${table}, before and after`, text: seen.join('\n') }],
    });
  },
});

async function arrivals(target: Target, port: number): Promise<number> {
  const before = udpReceived((await target.readFile(table)) ?? '');
  await target.outside.udp(port, datagrams);
  return udpReceived((await target.readFile(table)) ?? '') - before;
}
