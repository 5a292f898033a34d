import { peerValue } from '../peers.ts';
import type { Guest } from '../service.ts';
import type { Gateway, Interface, Networking } from './options.ts';
import { inSubnet } from './subnet.ts';

/** What the interfaces need of the whole machine's options. */
export interface Machine {
  readonly useDHCP: boolean;
  readonly enableIPv6: boolean;
  readonly domain: string | null;
}

export const machineOf = (values: unknown): Machine => ({
  useDHCP: peerValue<boolean>(values, 'networking.useDHCP') ?? true,
  enableIPv6: peerValue<boolean>(values, 'networking.enableIPv6') ?? true,
  domain: peerValue<string | null>(values, 'networking.domain') ?? null,
});

/** Addresses with their prefixes: `10.0.0.1/16`. */
export const addressesOf = (each: Interface, family: 'ipv4' | 'ipv6'): string[] =>
  each[family].addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`);

export interface DefaultRoute {
  readonly family: 'IPv4' | 'IPv6';
  readonly option: 'defaultGateway' | 'defaultGateway6';
  readonly gateway: Gateway;
  readonly nic: string;
}

/** The declared default routes, each with the NIC that it goes over. */
export function routesOf(networking: Networking, { enableIPv6 }: Machine, guest: Guest): DefaultRoute[] {
  const route = (family: 'IPv4' | 'IPv6', option: DefaultRoute['option']): DefaultRoute[] => {
    const gateway = networking[option];
    const nic = gateway === null ? undefined : nicOf(gateway, family, networking, guest);
    return gateway === null || nic === undefined ? [] : [{ family, option, gateway, nic }];
  };
  return [...route('IPv4', 'defaultGateway'), ...(enableIPv6 ? route('IPv6', 'defaultGateway6') : [])];
}

/** The NIC that leads to a gateway: the one named, else the one in whose subnet it lies, as the kernel chooses, else the first. */
function nicOf(
  gateway: Gateway,
  family: DefaultRoute['family'],
  networking: Networking,
  guest: Guest,
): string | undefined {
  if (gateway.interface !== null) return gateway.interface;
  const key = family === 'IPv4' ? 'ipv4' : 'ipv6';
  const around = Object.entries(networking.interfaces).find(([, each]) =>
    each[key].addresses.some((subnet) => inSubnet(gateway.address, subnet)),
  );
  return around?.[0] ?? guest.nics[0]?.name;
}
