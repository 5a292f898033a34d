import { protocolLines } from '../network-file.ts';
import type { ImageFile } from '../recipe.ts';
import { textFile } from '../service.ts';
import type { Interface, Networking } from './options.ts';
import { addressesOf, type DefaultRoute, type Machine } from './routes.ts';

/** NixOS leaves an interface with an IPv4 address of its own out of DHCP, unless told. Source: network-interfaces-scripted.nix, dhcpcd.nix. */
const usesDhcp = (each: Interface | undefined, { useDHCP }: Machine): boolean =>
  each?.useDHCP ?? (useDHCP && (each?.ipv4.addresses ?? []).length === 0);

/** The .network file of one interface. */
export function networkLines(
  nic: string,
  each: Interface | undefined,
  machine: Machine,
  routes: readonly DefaultRoute[],
): string[] {
  const addresses =
    each === undefined
      ? []
      : [...addressesOf(each, 'ipv4'), ...(machine.enableIPv6 ? addressesOf(each, 'ipv6') : [])];
  return [
    '[Match]',
    `Name=${nic}`,
    '',
    '[Link]',
    ...setting('MACAddress', each?.macAddress),
    ...setting('MTUBytes', each?.mtu),
    '',
    '[Network]',
    ...protocolLines({ dhcp: usesDhcp(each, machine), enableIPv6: machine.enableIPv6 }),
    ...addresses.map((address) => `Address=${address}`),
    ...routes.filter((route) => route.nic === nic).flatMap((route) => routeLines(route)),
  ];
}

const setting = (name: string, value: string | number | null | undefined): string[] =>
  value === null || value === undefined ? [] : [`${name}=${value}`];

/** The kernel puts routes of IPv6 with one metric together, and 1024 is that of a router's advertisement: less goes first. */
const metricBeforeAdvertised = 1023;

function routeLines({ family, gateway: { address, metric, source } }: DefaultRoute): string[] {
  return [
    '',
    '[Route]',
    `Gateway=${address}`,
    // NixOS makes a route to the gateway first, so that it may lie outside every subnet.
    'GatewayOnLink=yes',
    ...setting('Metric', metric ?? (family === 'IPv6' ? metricBeforeAdvertised : null)),
    ...setting('PreferredSource', source),
  ];
}

/**
 * What NixOS hands to resolvconf. That puts it before what DHCP names; here it is all there is, since networkd alone
 * writes no resolv.conf. Source: network-interfaces-scripted.nix; resolvconf.nix for the option edns0.
 */
export function resolverFile({ nameservers, search }: Networking, { domain }: Machine): ImageFile[] {
  if (nameservers.length === 0 && search.length === 0) return [];
  return [
    textFile('/etc/resolv.conf', [
      ...(nameservers.length > 0 && domain !== null ? [`domain ${domain}`] : []),
      ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
      ...nameservers.map((server) => `nameserver ${server}`),
      'options edns0',
    ]),
  ];
}
