import { literally, rewrite } from '../../probes/fault-commands.ts';
import { canonicalAddress } from '../../probes/kinds/nic-addresses.ts';
import { defaultRoute, nicAddresses, resolver } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';
import { noLease, staticAddress, stopClients } from './network.ts';

/** Addresses for documentation, which nobody has: RFC 5737 and RFC 3849. */
const stranger = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' } as const;

/** A list, each member between commas or at an end, that lacks a word. */
const lacks = (word: string): string => `(?!(?:.*, )?${literally(word)}(?:[ ,;]|$))`;

/** An address that is to stay is gone, or is one of a larger subnet. */
function addressFaults(nic: string, declared: string): Sketch[] {
  const [plain = '', length = ''] = declared.split('/');
  const address = canonicalAddress(plain);
  const wider = `${address}/${Number(length) - 1}`;
  const away = `ip address del ${quote(declared)} dev ${quote(nic)}`;
  return [
    {
      id: `address-missing/${nic}/${address}`,
      title: `${nic} has not got the address ${declared}`,
      fault: running([stopClients, away]),
      says: new RegExp(`^${lacks(`${address}/${length}`)}${lacks(wider)}`),
    },
    {
      id: `address-prefix/${nic}/${address}`,
      title: `${nic} has ${address} in a subnet of another size`,
      fault: running([stopClients, away, `ip address add ${quote(wider)} dev ${quote(nic)} nodad`]),
      says: new RegExp(`(^|, )${literally(wider)}(,|$)`),
    },
  ];
}

const leaseAdded = (nic: string): Sketch => ({
  id: `lease-added/${nic}`,
  title: `${nic} has an address that was leased to it`,
  fault: running([`ip address add ${stranger.IPv4}/32 dev ${quote(nic)} valid_lft 3600 preferred_lft 3600`]),
  says: new RegExp(`${literally(stranger.IPv4)}/32 \\(leased\\)`),
});

type Route = Parameters<typeof defaultRoute.title>[0];

/** The declared route is gone, or leads elsewhere, or is worth more or less, or is somebody else's. */
function routeFaults({ family, gateway, nic, metric }: Route): Sketch[] {
  const ip = family === 'IPv4' ? 'ip -4' : 'ip -6';
  const way = quote(gateway);
  const via = `via ${literally(canonicalAddress(gateway))}`;
  const dev = nic === null ? '"$dev"' : quote(nic);
  const named = nic === null ? ` dev \\S+` : ` dev ${literally(nic)}`;
  // Of IPv6, routes of one metric are shown as one, with the origin of the first: a router may have announced some.
  const weight = ` metric ${metric ?? 512}`;
  const drop = [
    stopClients,
    ...(nic === null
      ? [`dev=$(${ip} route show default via ${way} | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)`]
      : []),
    `${ip} route del default via ${way} proto static`,
  ];
  const instead = (route: string): string => `${ip} route add default ${route} onlink`;
  const other = stranger[family];
  return [
    {
      id: `route-gone/${family}`,
      title: `there is no default ${family} route by ${gateway}`,
      fault: running(drop),
      says: new RegExp(`^(?!.*${via} )`),
    },
    {
      id: `route-elsewhere/${family}`,
      title: `the default ${family} route goes by ${other}`,
      fault: running([...drop, instead(`via ${other} dev ${dev} proto static${weight}`)]),
      says: new RegExp(`via ${literally(other)}${named}[^;]* proto static`),
    },
    {
      id: `route-learned/${family}`,
      title: `the default ${family} route by ${gateway} was given by a DHCP server`,
      fault: running([...drop, instead(`via ${way} dev ${dev} proto dhcp${weight}`)]),
      says: new RegExp(`${via}${named}[^;]* proto dhcp`),
    },
    ...(metric === null
      ? []
      : [
          {
            id: `route-metric/${family}`,
            title: `the default ${family} route has the metric ${metric + 1}`,
            fault: running([...drop, instead(`via ${way} dev ${dev} proto static metric ${metric + 1}`)]),
            says: new RegExp(`${via}${named} metric ${metric + 1} `),
          },
        ]),
  ];
}

const configuration = '/etc/resolv.conf';

/** A file of one's own in the place of what a DHCP client keeps. */
const edited = (script: string): string[] =>
  rewrite(configuration, (copy) => `sed -i -E ${quote(script)} ${copy}`);

function serverFaults(servers: readonly string[]): Sketch[] {
  const other = stranger.IPv4;
  return [
    ...servers.map((server) => ({
      id: `name-server-missing/${server}`,
      title: `names are not asked of ${server}`,
      fault: running([
        `grep -q ${quote(`^nameserver ${literally(server)}$`)} ${configuration}`,
        ...edited(`/^nameserver ${literally(server)}$/d`),
      ]),
      says: new RegExp(`^servers ${lacks(server)}`),
    })),
    ...(servers.length === 0
      ? []
      : [
          {
            id: 'name-server-before',
            title: `names are asked of ${other} first`,
            fault: running(edited(`1i nameserver ${other}`)),
            says: new RegExp(`^servers ${literally(other)}, `),
          },
        ]),
  ];
}

export const addressDerivers = [
  from(nicAddresses, ({ nic, addresses, lease }) => [
    ...addresses.flatMap((address) => addressFaults(nic, address)),
    ...(lease === true
      ? [
          { ...staticAddress(nic), says: /^(?!.*\(leased\))\d+(\.\d+){3}\// },
          { ...noLease(nic), says: /^(?!.*\(leased\))(?!\d+\.)/ },
        ]
      : []),
    ...(lease === false ? [leaseAdded(nic)] : []),
  ]),
  from(defaultRoute, routeFaults),
  from(resolver, ({ servers, search }) => [
    ...serverFaults(servers),
    ...search.map((domain) => ({
      id: `search-missing/${domain}`,
      title: `short names are not looked up in ${domain}`,
      fault: running(edited(`/^(search|domain) /s/ ${literally(domain)}( |$)/\\1/`)),
      says: new RegExp(`; search ${lacks(domain)}`),
    })),
  ]),
];
