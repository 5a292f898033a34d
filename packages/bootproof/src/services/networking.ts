import { equals, not, or, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { literally, rewrite } from '../probes/fault-commands.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { driver } from '../probes/kinds/device.ts';
import { dhcpAddress } from '../probes/kinds/dhcp-address.ts';
import { hostName } from '../probes/kinds/host-name.ts';
import { canonicalAddress, nicAddresses } from '../probes/kinds/nic-addresses.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { networkFiles, protocolLines } from './network-file.ts';
import { pythonString } from './nixos-test.ts';
import { peerValue } from './peers.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, type Guest, nixosOnly, textFile } from './service.ts';

const interfaces = 'nixos/modules/tasks/network-interfaces.nix';
const config = 'nixos/modules/config/networking.nix';

/** A label of RFC 1123: letters, digits and hyphens, no hyphen at either end, at most 63 characters. NixOS adds the underscore; an empty name lets DHCP choose. */
const hostNamePattern = /^$|^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$/;

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
      verdict: 'provable',
    }),
    hosts: option({
      type: types.attrsOf(types.listOf(types.str)),
      default: {},
      example: { '192.168.0.2': ['fileserver.local', 'nameserver.local'] },
      description: 'Lines of /etc/hosts: for each address, its names.',
      source: config,
      verdict: 'provable',
    }),
  },
};

type Networking = ResolvedOf<typeof options>['networking'];

/** The machine's names and its way to the network. */
export const networking = defineService({
  name: 'networking',
  description: "The machine's names, and its addresses by DHCP.",
  options,

  realise({ networking: { hostName: name, hostId, domain, hosts, useDHCP, enableIPv6 } }) {
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
        ...(useDHCP ? dhcpFiles(enableIPv6) : []),
        ...(enableIPv6 ? [] : [textFile('/etc/sysctl.d/60-no-ipv6.conf', noIPv6)]),
      ],
    };
  },

  probes(values, guest) {
    const { networking } = values;
    const { hostName: name, hostId, useDHCP } = networking;
    return [
      ...fullNameProbe(networking),
      ...hostsProbe(networking),
      ...(networking.enableIPv6 ? [] : [noIPv6Probe]),
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
      ...(useDHCP
        ? guest.nics.slice(0, 1).map(({ name: nic }) => leaseProbe(nic))
        : guest.nics
            .filter(({ name: nic }) => !isToldToLease(values, nic))
            .map(({ name: nic }) => noLeaseProbe(nic))),
    ];
  },

  nixosTest: ({ networking: { hostName: name, hostId, domain, useDHCP } }) => ({
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
        title: 'the host has its full name',
        when: not(or(equals(domain, null), equals(name, ''))),
        lines: [
          'full_name = machine.succeed("hostname --fqdn").strip()',
          text`assert full_name == ${pythonString(name)} + "." + ${pythonString(domain)}, f"the full name is {full_name}"`,
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

/** An interface may be told to use DHCP where the machine is told not to. */
const isToldToLease = (values: unknown, nic: string): boolean =>
  peerValue<Readonly<Record<string, { readonly useDHCP: boolean | null }>>>(
    values,
    'networking.interfaces',
  )?.[nic]?.useDHCP === true;

function noLeaseProbe(nic: string): Probe {
  return nicAddresses.probe({
    id: `networking/no-dhcp-${nic}`,
    params: { nic, addresses: [], lease: false },
    proves: ['networking.useDHCP'],
    // That no lease came is worth a look only once one could have come.
    after: ['boot/multi-user'],
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

function dhcpFiles(enableIPv6: boolean): ImageFile[] {
  return networkFiles('99-ethernet-default-dhcp', [
    '[Match]',
    'Type=ether',
    'Kind=!*',
    '',
    '[Network]',
    ...protocolLines({ dhcp: true, enableIPv6 }),
  ]);
}

const noIPv6 = ['net.ipv6.conf.all.disable_ipv6 = 1', 'net.ipv6.conf.default.disable_ipv6 = 1'];

const noIPv6Probe = commandOutput.probe({
  id: 'networking/no-ipv6',
  params: { command: 'ip -6 -oneline address show | wc -l', output: '0' },
  title: 'no interface has an address of IPv6',
  proves: ['networking.enableIPv6'],
  faults: [
    {
      id: 'ipv6-on',
      title: 'the loopback interface has an address of IPv6',
      commands: ['echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6', 'ip -6 address replace ::1/128 dev lo'],
      seen: '^[1-9]',
    },
  ],
});

function fullNameProbe({ hostName: name, domain }: Networking): Probe[] {
  if (name === '' || domain === null) return [];
  return [
    commandOutput.probe({
      id: 'networking/full-name',
      params: { command: 'hostname --fqdn', output: `${name}.${domain}` },
      title: `the machine's full name is ${name}.${domain}`,
      proves: ['networking.domain'],
      faults: [
        {
          id: 'domain-other',
          title: `the machine's full name is ${name}.example.org`,
          commands: rewrite(
            '/etc/hosts',
            (copy) => `sed -i ${quote(`s/${literally(`${name}.${domain}`)}/${name}.example.org/`)} ${copy}`,
          ),
          seen: `^${literally(name)}\\.example\\.org$`,
        },
      ],
    }),
  ];
}

/**
 * The declared lines of /etc/hosts, by what names resolve to. Name servers are left out: one that is silent would be waited
 * for where a line is missing. Without IPv6, names give no address of it.
 */
function hostsProbe({ hosts, enableIPv6 }: Networking): Probe[] {
  const entries = Object.entries(hosts).filter(([address]) => enableIPv6 || !address.includes(':'));
  const looks = entries.flatMap(([address, names]) =>
    names.map((name) => {
      const wanted = quote(canonicalAddress(address));
      const complaint = quote(`${name} is not ${address}`);
      return `getent -s hosts:files ahosts ${quote(name)} | cut -d' ' -f1 | grep -Fqx ${wanted} || echo ${complaint}`;
    }),
  );
  if (looks.length === 0) return [];
  return [
    commandOutput.probe({
      id: 'networking/hosts',
      params: { command: [...looks, 'echo end'].join('; '), output: 'end' },
      title: `${entries.flatMap(([, names]) => names).join(', ')} resolve to their declared addresses`,
      proves: ['networking.hosts'],
      faults: entries.map(([address, [name = '']]) => ({
        id: `hosts-line/${address}`,
        title: `/etc/hosts says nothing of ${address}`,
        commands: rewrite(
          '/etc/hosts',
          (copy) => `sed -i ${quote(`/^${literally(address)}[[:space:]]/d`)} ${copy}`,
        ),
        seen: `(^|\\n)${literally(name)} is not ${literally(address)}\\n`,
      })),
    }),
  ];
}
