import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';

const interfaces = 'nixos/modules/tasks/network-interfaces.nix';

const addresses = (family: 'IPv4' | 'IPv6', longest: number) =>
  types.listOf(
    types.submodule({
      address: option({
        type: types.str,
        description: `An ${family} address of the interface.`,
        source: interfaces,
        verdict: 'provable',
      }),
      prefixLength: option({
        type: types.ints.between(0, longest),
        description: 'The length of its subnet prefix, in bits.',
        source: interfaces,
        verdict: 'provable',
      }),
    }),
  );

/** NixOS takes a plain address too, and makes a set of it. */
const gateway = types.nullOr(
  types.coercedTo(
    types.str,
    (address) => ({ address }),
    types.submodule({
      address: option({
        type: types.str,
        description: "The gateway's address.",
        source: interfaces,
        verdict: 'provable',
      }),
      interface: option({
        type: types.nullOr(types.str),
        default: null,
        description: 'The interface that the gateway is reached through.',
        source: interfaces,
        verdict: 'provable',
      }),
      metric: option({
        type: types.nullOr(types.int),
        default: null,
        description: "The route's metric.",
        source: interfaces,
        verdict: 'provable',
      }),
      source: option({
        type: types.nullOr(types.str),
        default: null,
        description: 'The source address of packets on the route; null: the system chooses.',
        source: interfaces,
        verdict: 'provable',
      }),
    }),
  ),
);

const interfaceOptions = types.submodule({
  useDHCP: option({
    type: types.nullOr(types.bool),
    default: null,
    description: 'Whether the interface gets its address by DHCP; null: as networking.useDHCP says.',
    source: interfaces,
    verdict: 'provable',
  }),
  ipv4: {
    addresses: option({
      type: addresses('IPv4', 32),
      default: [],
      example: [{ address: '10.0.0.1', prefixLength: 16 }],
      description: 'Static IPv4 addresses.',
      source: interfaces,
      verdict: 'provable',
    }),
  },
  ipv6: {
    addresses: option({
      type: addresses('IPv6', 128),
      default: [],
      description: 'Static IPv6 addresses.',
      source: interfaces,
      verdict: 'provable',
    }),
  },
  mtu: option({
    type: types.nullOr(types.int),
    default: null,
    example: 9000,
    description: 'The largest packet that the interface sends, in bytes; null: the driver decides.',
    source: interfaces,
    verdict: 'provable',
  }),
  macAddress: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'The MAC address to set; null: that of the hardware.',
    source: interfaces,
    verdict: 'provable',
  }),
});

export const options = {
  networking: {
    nameservers: option({
      type: types.listOf(types.str),
      default: [],
      example: ['9.9.9.9', '2620:fe::fe'],
      description: 'DNS servers, besides those that DHCP names.',
      source: interfaces,
      verdict: 'provable',
    }),
    search: option({
      type: types.listOf(types.str),
      default: [],
      example: ['home.arpa'],
      description: 'Domains that short names are looked up in.',
      source: interfaces,
      verdict: 'provable',
    }),
    defaultGateway: option({
      type: gateway,
      default: null,
      example: '192.168.1.1',
      description: 'The default IPv4 gateway; null: the one that DHCP names.',
      source: interfaces,
      verdict: 'provable',
    }),
    defaultGateway6: option({
      type: gateway,
      default: null,
      description: 'The default IPv6 gateway.',
      source: interfaces,
      verdict: 'provable',
    }),
    interfaces: option({
      type: types.attrsOf(interfaceOptions),
      default: {},
      description: 'What is particular to single interfaces, by their names.',
      source: interfaces,
      verdict: 'provable',
    }),
  },
};

export type Networking = ResolvedOf<typeof options>['networking'];
export type Interface = Networking['interfaces'][string];
export type Gateway = NonNullable<Networking['defaultGateway']>;
