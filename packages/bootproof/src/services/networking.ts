import { equals, not, text } from '../nix/expression.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { driver } from '../probes/kinds/device.ts';
import { dhcpAddress } from '../probes/kinds/dhcp-address.ts';
import { hostName } from '../probes/kinds/host-name.ts';
import type { Probe } from '../probes/probe.ts';
import { pythonString } from './nixos-test.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, type Guest, nixosOnly, notRealised, textFile, wantedBy } from './service.ts';

const interfaces = 'nixos/modules/tasks/network-interfaces.nix';
const config = 'nixos/modules/config/networking.nix';
const firewall = 'nixos/modules/services/networking/firewall.nix';

const noFirewall = notRealised('the stand-in has no firewall yet');
const noStatic = notRealised('the stand-in takes its addresses by DHCP alone');

/** A label of RFC 1123: letters, digits and hyphens, no hyphen at either end, at most 63 characters. NixOS adds the underscore; an empty name lets DHCP choose. */
const hostNamePattern = /^$|^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$/;

const portRange = types.attrsOf(types.port);

const ports = (direction: string) => ({
  allowedTCPPorts: option({
    type: types.sortedListOf(types.port),
    default: [],
    example: [22, 80],
    description: `TCP ports that ${direction} connections may reach.`,
    source: firewall,
    verdict: noFirewall,
  }),
  allowedUDPPorts: option({
    type: types.sortedListOf(types.port),
    default: [],
    example: [53],
    description: `UDP ports that ${direction} packets may reach.`,
    source: firewall,
    verdict: noFirewall,
  }),
  allowedTCPPortRanges: option({
    type: types.listOf(portRange),
    default: [],
    example: [{ from: 8999, to: 9003 }],
    description: `Ranges of TCP ports that ${direction} connections may reach.`,
    source: firewall,
    verdict: noFirewall,
  }),
  allowedUDPPortRanges: option({
    type: types.listOf(portRange),
    default: [],
    example: [{ from: 60000, to: 61000 }],
    description: `Ranges of UDP ports that ${direction} packets may reach.`,
    source: firewall,
    verdict: noFirewall,
  }),
});

const addresses = (family: 'IPv4' | 'IPv6', longest: number) =>
  types.listOf(
    types.submodule({
      address: option({
        type: types.str,
        description: `An ${family} address of the interface.`,
        source: interfaces,
        verdict: noStatic,
      }),
      prefixLength: option({
        type: types.ints.between(0, longest),
        description: 'The length of its subnet prefix, in bits.',
        source: interfaces,
        verdict: noStatic,
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
        verdict: noStatic,
      }),
      interface: option({
        type: types.nullOr(types.str),
        default: null,
        description: 'The interface that the gateway is reached through.',
        source: interfaces,
        verdict: noStatic,
      }),
      metric: option({
        type: types.nullOr(types.int),
        default: null,
        description: "The route's metric.",
        source: interfaces,
        verdict: noStatic,
      }),
      source: option({
        type: types.nullOr(types.str),
        default: null,
        description: 'The source address of packets on the route; null: the system chooses.',
        source: interfaces,
        verdict: noStatic,
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
    verdict: noStatic,
  }),
  ipv4: {
    addresses: option({
      type: addresses('IPv4', 32),
      default: [],
      example: [{ address: '10.0.0.1', prefixLength: 16 }],
      description: 'Static IPv4 addresses.',
      source: interfaces,
      verdict: noStatic,
    }),
  },
  ipv6: {
    addresses: option({
      type: addresses('IPv6', 128),
      default: [],
      description: 'Static IPv6 addresses.',
      source: interfaces,
      verdict: noStatic,
    }),
  },
  mtu: option({
    type: types.nullOr(types.int),
    default: null,
    example: 9000,
    description: 'The largest packet that the interface sends, in bytes; null: the driver decides.',
    source: interfaces,
    verdict: noStatic,
  }),
  macAddress: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'The MAC address to set; null: that of the hardware.',
    source: interfaces,
    verdict: noStatic,
  }),
});

const options = {
  networking: {
    hostName: option({
      type: types.strMatching(
        hostNamePattern,
        'a host name of RFC 1123: letters, digits and hyphens, at most 63, no hyphen at either end',
      ),
      default: 'nixos',
      example: 'hl02',
      description: 'The name of the machine, without its domain.',
      source: interfaces,
      verdict: 'provable',
    }),
    hostId: option({
      type: types.nullOr(types.strMatching(/^[0-9a-fA-F]{8}$/, '8 hexadecimal digits')),
      default: null,
      example: '4e98920d',
      description:
        'The 32-bit host id, as 8 hexadecimal digits: what `hostid` prints and ZFS tells pools apart by.',
      source: interfaces,
      verdict: 'provable',
    }),
    domain: option({
      type: types.nullOr(types.str),
      default: null,
      example: 'home.arpa',
      description: 'The DNS domain of the machine.',
      source: interfaces,
      verdict: 'provable',
    }),
    useDHCP: option({
      type: types.bool,
      default: true,
      description: 'Whether interfaces without addresses of their own get one by DHCP.',
      source: interfaces,
      verdict: 'provable',
    }),
    useNetworkd: option({
      type: types.bool,
      default: false,
      description: 'Whether systemd-networkd brings the network up, in place of the scripts.',
      source: interfaces,
      verdict: nixosOnly('the stand-in always uses systemd-networkd'),
    }),
    enableIPv6: option({
      type: types.bool,
      default: true,
      description: 'Whether IPv6 is on.',
      source: interfaces,
      verdict: notRealised('the stand-in leaves IPv6 on'),
    }),
    nameservers: option({
      type: types.listOf(types.str),
      default: [],
      example: ['9.9.9.9', '2620:fe::fe'],
      description: 'DNS servers, besides those that DHCP names.',
      source: interfaces,
      verdict: noStatic,
    }),
    search: option({
      type: types.listOf(types.str),
      default: [],
      example: ['home.arpa'],
      description: 'Domains that short names are looked up in.',
      source: interfaces,
      verdict: noStatic,
    }),
    defaultGateway: option({
      type: gateway,
      default: null,
      example: '192.168.1.1',
      description: 'The default IPv4 gateway; null: the one that DHCP names.',
      source: interfaces,
      verdict: noStatic,
    }),
    defaultGateway6: option({
      type: gateway,
      default: null,
      description: 'The default IPv6 gateway.',
      source: interfaces,
      verdict: noStatic,
    }),
    interfaces: option({
      type: types.attrsOf(interfaceOptions),
      default: {},
      description: 'What is particular to single interfaces, by their names.',
      source: interfaces,
      verdict: noStatic,
    }),
    hosts: option({
      type: types.attrsOf(types.listOf(types.str)),
      default: {},
      example: { '192.168.0.2': ['fileserver.local', 'nameserver.local'] },
      description: 'Lines of /etc/hosts: for each address, its names.',
      source: config,
      verdict: 'provable',
    }),
    firewall: {
      enable: option({
        type: types.bool,
        default: true,
        description: 'Whether the firewall refuses what is not allowed.',
        source: firewall,
        verdict: noFirewall,
      }),
      allowPing: option({
        type: types.bool,
        default: true,
        description: 'Whether the machine answers ICMPv4 echo requests.',
        source: firewall,
        verdict: noFirewall,
      }),
      trustedInterfaces: option({
        type: types.listOf(types.str),
        default: [],
        description: 'Interfaces whose traffic is let in whatever it is.',
        source: firewall,
        verdict: noFirewall,
      }),
      interfaces: option({
        type: types.attrsOf(types.submodule(ports('incoming'))),
        default: {},
        description: 'Ports that are open on single interfaces only.',
        source: firewall,
        verdict: noFirewall,
      }),
      ...ports('incoming'),
    },
  },
};

/** The machine's name and its way to the network. */
export const networking = defineService({
  name: 'networking',
  description: "The machine's names, its addresses and its firewall.",
  options,

  realise({ networking: { hostName: name, hostId, domain, hosts, useDHCP } }) {
    const names = domain === null ? name : `${name}.${domain} ${name}`;
    return {
      files: [
        textFile('/etc/hostname', [name]),
        textFile('/etc/hosts', [
          '127.0.0.1 localhost',
          '::1 localhost',
          ...(name === '' ? [] : [`127.0.0.2 ${names}`]),
          ...Object.entries(hosts).map(([address, aliases]) => `${address} ${aliases.join(' ')}`),
        ]),
        ...(hostId === null ? [] : [hostIdFile(hostId)]),
        ...(useDHCP ? dhcpFiles() : []),
      ],
    };
  },

  probes({ networking: { hostName: name, hostId, useDHCP } }, guest) {
    return [
      ...(name === ''
        ? []
        : [
            hostName.probe({
              id: 'networking/host-name',
              params: { hostName: name },
              proves: ['networking.hostName'],
            }),
          ]),
      ...(hostId === null
        ? []
        : [
            commandOutput.probe({
              id: 'networking/host-id',
              params: { command: 'hostid', output: hostId.toLowerCase() },
              proves: ['networking.hostId'],
            }),
          ]),
      ...guest.nics.map((nic) => nicDriver(nic)),
      // A second NIC may rightly have no DHCP server; the first is the one that Proxmox shows.
      ...(useDHCP ? guest.nics.slice(0, 1).map(({ name: nic }) => leaseProbe(nic)) : []),
    ];
  },

  nixosTest: ({ networking: { hostName: name, hostId, useDHCP } }) => ({
    steps: [
      {
        title: 'the host has its name',
        when: not(equals(name, '')),
        lines: [
          'seen_name = machine.succeed("cat /proc/sys/kernel/hostname").strip()',
          text`assert seen_name == ${pythonString(name)}, f"the host name is {seen_name}"`,
        ],
      },
      {
        title: 'the host has its id',
        when: not(equals(hostId, null)),
        lines: [
          'seen_id = machine.succeed("hostid").strip()',
          text`assert seen_id == ${pythonString(hostId)}.lower(), f"the host id is {seen_id}"`,
        ],
      },
      {
        title: 'the network gives an address by DHCP',
        when: useDHCP,
        lines: ['machine.wait_until_succeeds("ip -oneline -4 address show scope global dynamic | grep .")'],
      },
    ],
  }),
});

function leaseProbe(nic: string): Probe {
  return dhcpAddress.probe({
    id: `networking/dhcp-${nic}`,
    params: { nic },
    proves: ['networking.useDHCP'],
    deadlineSeconds: 60,
  });
}

function nicDriver(nic: Guest['nics'][number]): Probe {
  return driver.probe({
    id: `networking/driver-${nic.name}`,
    params: { of: nic.name, sysPath: `/sys/class/net/${nic.name}/device`, driver: nic.driver },
    // It shows the hardware of the VM; no option chooses a NIC's driver.
    proves: [],
  });
}

/** /etc/hostid holds the id as 4 bytes in the machine's order, the lowest first: gethostid(3). */
function hostIdFile(hostId: string): ImageFile {
  const bytes = (hostId.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)).reverse();
  return {
    type: 'file',
    path: '/etc/hostid',
    mode: 0o644,
    text: btoa(String.fromCharCode(...bytes)),
    encoding: 'base64',
  };
}

function dhcpFiles(): ImageFile[] {
  return [
    textFile('/etc/systemd/network/99-ethernet-default-dhcp.network', [
      '[Match]',
      'Type=ether',
      'Kind=!*',
      '',
      '[Network]',
      'DHCP=yes',
      'IPv6PrivacyExtensions=kernel',
    ]),
    wantedBy('multi-user.target', 'systemd-networkd.service'),
  ];
}
