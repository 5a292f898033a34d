import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { repository } from '../cli/command.ts';

const planned = await planHosts(['net01'], await openHomelab({ config: join(repository, 'examples') }));

const net01 = planned.flatMap(({ test: plan }) => deriveMutations(plan).mutations);

/** What has to be seen of a fault. Where probes of several kinds see it, the one that is about this comes last. */
function seenOf(id: string): RegExp {
  const says = net01.find((each) => each.id === id)?.expects.at(-1)?.says;
  if (says === undefined) throw new Error(`no mutation ${id}`);
  return says;
}

describe('what is seen of addresses and routes', () => {
  const healthy = {
    address: '192.168.77.5/24, fd00:77::5/64',
    lease: '10.0.2.15/24 (leased)',
    route:
      'via 10.0.2.2 dev enp6s18 metric 1024 src 10.0.2.15 proto dhcp; via 192.168.77.1 dev enp6s19 metric 5000 proto static',
    servers: 'servers 192.168.77.1, fd00:77::1; search home.arpa, lab.home.arpa',
    udp: '5353: 20 of 20 datagrams, 7071: 20 of 20 datagrams, 8008: 0 of 20 datagrams, 60011: 0 of 20 datagrams',
  };

  test.each([
    ['address-missing/enp6s19/192.168.77.5', 'address', 'fd00:77::5/64'],
    ['address-missing/enp6s19/192.168.77.5', 'address', 'no address'],
    ['address-prefix/enp6s19/192.168.77.5', 'address', 'fd00:77::5/64, 192.168.77.5/23'],
    ['address-static/enp6s18', 'lease', '10.0.2.15/24'],
    ['lease-added/enp6s19', 'address', '192.168.77.5/24, 192.0.2.1/32 (leased), fd00:77::5/64'],
    ['route-gone/IPv4', 'route', 'via 10.0.2.2 dev enp6s18 metric 1024 src 10.0.2.15 proto dhcp'],
    ['route-elsewhere/IPv4', 'route', 'via 192.0.2.1 dev enp6s19 metric 5000 proto static'],
    ['route-learned/IPv4', 'route', 'via 192.168.77.1 dev enp6s19 metric 5000 proto dhcp'],
    ['route-metric/IPv4', 'route', 'via 192.168.77.1 dev enp6s19 metric 5001 proto static'],
    ['name-server-missing/192.168.77.1', 'servers', 'servers fd00:77::1; search home.arpa, lab.home.arpa'],
    ['name-server-missing/fd00:77::1', 'servers', 'servers 192.168.77.1; search none'],
    ['name-server-before', 'servers', 'servers 192.0.2.1, 192.168.77.1, fd00:77::1; search home.arpa'],
    ['search-missing/home.arpa', 'servers', 'servers 192.168.77.1; search lab.home.arpa'],
    ['firewall-shut/udp-7071', 'udp', '5353: 20 of 20 datagrams, 7071: 3 of 20 datagrams'],
  ] as const)('%s, in place of the %s', (id, well, seen) => {
    expect(seenOf(id).test(healthy[well])).toBe(false);
    expect(seenOf(id).test(seen)).toBe(true);
  });

  test.each([
    ['route-none/enp6s18', 'enp6s18 10.0.2.15 (leased), enp6s19 192.168.77.5 (static)'],
    ['address-none/enp6s18', 'enp6s19 192.168.77.5 (static)'],
  ])('%s is not hidden by the route of another NIC', (id, addresses) => {
    const says = net01.find((each) => each.id === id)?.expects[0]?.says;
    expect(says?.test(`${addresses}; default routes: 192.168.77.1 dev enp6s19 proto static`)).toBe(true);
    expect(says?.test(`${addresses}; default routes: none`)).toBe(true);
    expect(says?.test('10.0.2.15, default via 10.0.2.2')).toBe(false);
  });

  test('a port that begins like another is not that one', () => {
    expect(seenOf('firewall-shut/udp-5353').test('15353: 0 of 20 datagrams')).toBe(false);
  });
});
