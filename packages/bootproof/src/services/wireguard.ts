import { nix, text } from '../nix/expression.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { eachString } from './nixos-test.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, textFile, wantedBy } from './service.ts';

const provable = {
  source: 'nixos/modules/services/networking/wireguard.nix',
  verdict: 'provable',
} as const;

const peer = types.submodule({
  publicKey: option({
    type: types.singleLineStr,
    example: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
    description: "The peer's public key, in base64.",
    ...provable,
  }),
  presharedKeyFile: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'A file with a key that both sides share, besides their own.',
    ...provable,
  }),
  allowedIPs: option({
    type: types.listOf(types.str),
    example: ['10.100.0.2/32'],
    description: 'The addresses that the peer may send from, and that are sent to it.',
    ...provable,
  }),
  endpoint: option({
    type: types.nullOr(types.str),
    default: null,
    example: '203.0.113.7:51820',
    description: 'Where the peer is reached; null: where it last called from.',
    ...provable,
  }),
  persistentKeepalive: option({
    type: types.nullOr(types.int),
    default: null,
    example: 25,
    description: 'How often an empty packet is sent to the peer, in seconds; null: never.',
    ...provable,
  }),
});

const options = {
  networking: {
    wireguard: {
      enable: option({
        type: types.bool,
        default: (config) => Object.keys(config.get<object>('networking.wireguard.interfaces')).length > 0,
        defaultText: 'whether an interface is declared',
        description: 'Whether WireGuard interfaces are set up.',
        ...provable,
      }),
      interfaces: option({
        type: types.attrsOf(
          types.submodule({
            ips: option({
              type: types.listOf(types.str),
              default: [],
              example: ['10.100.0.1/24'],
              description: "The interface's addresses, with their prefix lengths.",
              ...provable,
            }),
            privateKeyFile: option({
              type: types.nullOr(types.path),
              default: null,
              example: '/var/lib/wireguard/wg0.key',
              description: "The file with the interface's private key.",
              ...provable,
            }),
            generatePrivateKeyFile: option({
              type: types.bool,
              default: false,
              description: 'Whether a private key is made when the file is not there.',
              ...provable,
            }),
            listenPort: option({
              type: types.nullOr(types.int),
              default: null,
              example: 51820,
              description: 'The UDP port that it listens on; null: one that the kernel chooses.',
              ...provable,
            }),
            mtu: option({
              type: types.nullOr(types.int),
              default: null,
              example: 1280,
              description: 'The largest packet that the interface sends, in bytes; null: 1420.',
              ...provable,
            }),
            allowedIPsAsRoutes: option({
              type: types.bool,
              default: true,
              description: "Whether the peers' addresses are routed to the interface.",
              ...provable,
            }),
            peers: option({
              type: types.listOf(peer),
              default: [],
              description: 'The peers of the interface.',
              ...provable,
            }),
          }),
        ),
        default: {},
        description: 'WireGuard interfaces, by their names.',
        ...provable,
      }),
    },
  },
} as const;

type Peer = {
  readonly publicKey: string;
  readonly presharedKeyFile: string | null;
  readonly allowedIPs: readonly string[];
  readonly endpoint: string | null;
  readonly persistentKeepalive: number | null;
};

interface Interface {
  readonly ips: readonly string[];
  readonly privateKeyFile: string | null;
  readonly generatePrivateKeyFile: boolean;
  readonly listenPort: number | null;
  readonly mtu: number | null;
  readonly allowedIPsAsRoutes: boolean;
  readonly peers: readonly Peer[];
}

/** WireGuard: the interface is up with its key, its addresses and its peers. */
export const wireguard = defineService({
  name: 'wireguard',
  description: 'WireGuard tunnels.',
  options,

  realise({ networking: { wireguard } }) {
    const interfaces = Object.entries(wireguard.interfaces as Readonly<Record<string, Interface>>);
    if (!wireguard.enable || interfaces.length === 0) return {};
    return {
      packages: ['iproute2', 'wireguard-tools'],
      files: interfaces.flatMap(([name, each]) => interfaceFiles(name, each)),
    };
  },

  probes({ networking: { wireguard } }) {
    if (!wireguard.enable) return [];
    return Object.entries(wireguard.interfaces as Readonly<Record<string, Interface>>).flatMap(
      ([name, each]) => interfaceProbes(name, each),
    );
  },

  nixosTest: ({ networking: { wireguard } }) => ({
    steps: [
      {
        title: 'every WireGuard interface is up',
        when: wireguard.enable,
        lines: [
          eachString(
            'name',
            nix`lib.attrNames ${wireguard.interfaces}`,
            (name) => text`machine.wait_for_unit("wireguard-" + ${name} + ".service")`,
          ),
          eachString(
            'name',
            nix`lib.attrNames ${wireguard.interfaces}`,
            (name) => text`machine.succeed("wg show " + ${name})`,
          ),
        ],
      },
    ],
  }),
});

const family = (address: string): string => (address.includes(':') ? '-6' : '-4');

/** The units of an interface, under NixOS's names. */
function interfaceFiles(name: string, each: Interface): ImageFile[] {
  const service = `wireguard-${name}.service`;
  return [
    ...(each.generatePrivateKeyFile && each.privateKeyFile !== null
      ? [keyUnit(name, each.privateKeyFile)]
      : []),
    textFile(`/etc/systemd/system/${service}`, [
      '[Unit]',
      `Description=WireGuard Tunnel - ${name}`,
      ...(each.generatePrivateKeyFile ? [`Requires=wireguard-${name}-key.service`] : []),
      `After=network-pre.target${each.generatePrivateKeyFile ? ` wireguard-${name}-key.service` : ''}`,
      'Before=network.target',
      'Wants=network.target',
      '',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      ...startCommands(name, each).map((command) => `ExecStart=${command}`),
      `ExecStop=ip link delete dev ${name}`,
    ]),
    wantedBy('multi-user.target', service, '/etc/systemd/system'),
  ];
}

function keyUnit(name: string, file: string): ImageFile {
  const folder = file.replace(/\/[^/]*$/, '') || '/';
  return textFile(`/etc/systemd/system/wireguard-${name}-key.service`, [
    '[Unit]',
    `Description=WireGuard Tunnel - ${name} - Key Generator`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'UMask=0077',
    `ExecStart=mkdir -p -m 0755 ${folder}`,
    `ExecStart=/bin/sh -c 'test -f ${file} || wg genkey > ${file}'`,
  ]);
}

function startCommands(name: string, each: Interface): string[] {
  const set = [
    ...(each.privateKeyFile === null ? [] : [`private-key ${each.privateKeyFile}`]),
    ...(each.listenPort === null ? [] : [`listen-port ${each.listenPort}`]),
  ];
  return [
    `ip link add dev ${name} type wireguard`,
    ...(each.mtu === null ? [] : [`ip link set dev ${name} mtu ${each.mtu}`]),
    ...each.ips.map((address) => `ip ${family(address)} address add ${address} dev ${name}`),
    ...(set.length === 0 ? [] : [`wg set ${name} ${set.join(' ')}`]),
    `ip link set up dev ${name}`,
    ...each.peers.map((one) => `wg set ${name} ${peerWords(one)}`),
    ...(each.allowedIPsAsRoutes ? each.peers.flatMap(({ allowedIPs }) => allowedIPs) : []).map(
      (address) => `ip ${family(address)} route replace ${address} dev ${name}`,
    ),
  ];
}

const peerWords = (one: Peer): string =>
  [
    `peer ${one.publicKey}`,
    ...(one.presharedKeyFile === null ? [] : [`preshared-key ${one.presharedKeyFile}`]),
    ...(one.endpoint === null ? [] : [`endpoint ${one.endpoint}`]),
    ...(one.persistentKeepalive === null ? [] : [`persistent-keepalive ${one.persistentKeepalive}`]),
    ...(one.allowedIPs.length === 0 ? [] : [`allowed-ips ${one.allowedIPs.join(',')}`]),
  ].join(' ');

/** What an interface makes observable; `part` names the option, below the interface's own set. */
function interfaceProbes(name: string, each: Interface): Probe[] {
  const path = `networking.wireguard.interfaces.${name}`;
  const ask = (id: string, title: string, command: string, output: string, part: readonly string[]): Probe =>
    commandOutput.probe({
      id: `wireguard/${name}-${id}`,
      title,
      params: { command, output },
      proves: part.map((option) => `${path}.${option}`),
      after: [`wireguard/${name}-unit`],
    });
  return [
    unit.probe({
      id: `wireguard/${name}-unit`,
      params: { unit: `wireguard-${name}.service` },
      proves: ['networking.wireguard.enable'],
      after: ['boot/multi-user'],
    }),
    ...each.ips.map((address) =>
      ask(
        `address-${address}`,
        `${name} has the address ${address}`,
        `ip -brief address show dev ${name} | tr -s ' ' '\\n' | grep -Fx '${address}'`,
        address,
        ['ips'],
      ),
    ),
    ...(each.privateKeyFile === null
      ? []
      : [
          ask(
            'key',
            `${name} has the key of ${each.privateKeyFile}`,
            `test "$(wg show ${name} public-key)" = "$(wg pubkey < ${each.privateKeyFile})" && echo the same`,
            'the same',
            ['privateKeyFile', ...(each.generatePrivateKeyFile ? ['generatePrivateKeyFile'] : [])],
          ),
        ]),
    ...(each.listenPort === null
      ? []
      : [
          ask(
            'port',
            `${name} listens on port ${each.listenPort}`,
            `wg show ${name} listen-port`,
            String(each.listenPort),
            ['listenPort'],
          ),
        ]),
    ...(each.mtu === null
      ? []
      : [
          ask('mtu', `${name} has the MTU ${each.mtu}`, `cat /sys/class/net/${name}/mtu`, String(each.mtu), [
            'mtu',
          ]),
        ]),
    ask(
      'peers',
      `${name} has its peers and no others`,
      `wg show ${name} peers | sort`,
      each.peers
        .map(({ publicKey }) => publicKey)
        .sort()
        .join('\n'),
      ['peers'],
    ),
    ...each.peers.flatMap((one, index) => peerProbes(name, one, index, ask)),
    ...routeProbes(name, each, ask),
  ];
}

type Ask = (id: string, title: string, command: string, output: string, part: readonly string[]) => Probe;

function peerProbes(name: string, one: Peer, index: number, ask: Ask): Probe[] {
  const shown = (what: string) => `wg show ${name} ${what} | grep -F '${one.publicKey}' | cut -f2`;
  const title = (what: string) => `peer ${index + 1} of ${name} has ${what}`;
  return [
    ask(
      `peer-${index + 1}-allowed`,
      title('its allowed addresses'),
      `${shown('allowed-ips')} | tr ' ' '\\n' | sort`,
      [...one.allowedIPs].sort().join('\n') || '(none)',
      ['peers'],
    ),
    ...(one.endpoint === null
      ? []
      : [
          ask(`peer-${index + 1}-endpoint`, title('its endpoint'), shown('endpoints'), one.endpoint, [
            'peers',
          ]),
        ]),
    ...(one.persistentKeepalive === null
      ? []
      : [
          ask(
            `peer-${index + 1}-keepalive`,
            title(`a keepalive of ${one.persistentKeepalive} s`),
            shown('persistent-keepalive'),
            String(one.persistentKeepalive),
            ['peers'],
          ),
        ]),
  ];
}

/** `ip route` writes an address of full length without it. */
const asRoute = (address: string): string => address.replace(/\/(32|128)$/, '');

function routeProbes(name: string, each: Interface, ask: Ask): Probe[] {
  return each.peers
    .flatMap(({ allowedIPs }) => allowedIPs)
    .map((address) => {
      const route = asRoute(address);
      return each.allowedIPsAsRoutes
        ? ask(
            `route-${address}`,
            `${address} is routed to ${name}`,
            `ip ${family(address)} route show dev ${name} | cut -d' ' -f1 | grep -Fx '${route}'`,
            route,
            ['allowedIPsAsRoutes'],
          )
        : ask(
            `route-${address}`,
            `${address} is not routed to ${name}`,
            `ip ${family(address)} route show dev ${name} | cut -d' ' -f1 | grep -cFx '${route}' || true`,
            '0',
            ['allowedIPsAsRoutes'],
          );
    });
}
