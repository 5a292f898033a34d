import { option } from '../../options/option.ts';
import { types } from '../../options/types.ts';

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

export const options = {
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

export interface Peer {
  readonly publicKey: string;
  readonly presharedKeyFile: string | null;
  readonly allowedIPs: readonly string[];
  readonly endpoint: string | null;
  readonly persistentKeepalive: number | null;
}

export interface Interface {
  readonly ips: readonly string[];
  readonly privateKeyFile: string | null;
  readonly generatePrivateKeyFile: boolean;
  readonly listenPort: number | null;
  readonly mtu: number | null;
  readonly allowedIPsAsRoutes: boolean;
  readonly peers: readonly Peer[];
}
