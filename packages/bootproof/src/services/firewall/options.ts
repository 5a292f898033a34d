import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';

const firewall = 'nixos/modules/services/networking/firewall.nix';

const portRange = types.attrsOf(types.port);

const ports = (direction: string) => ({
  allowedTCPPorts: option({
    type: types.sortedListOf(types.port),
    default: [],
    example: [22, 80],
    description: `TCP ports that ${direction} connections may reach.`,
    source: firewall,
    verdict: 'provable',
  }),
  allowedUDPPorts: option({
    type: types.sortedListOf(types.port),
    default: [],
    example: [53],
    description: `UDP ports that ${direction} packets may reach.`,
    source: firewall,
    verdict: 'provable',
  }),
  allowedTCPPortRanges: option({
    type: types.listOf(portRange),
    default: [],
    example: [{ from: 8999, to: 9003 }],
    description: `Ranges of TCP ports that ${direction} connections may reach.`,
    source: firewall,
    verdict: 'provable',
  }),
  allowedUDPPortRanges: option({
    type: types.listOf(portRange),
    default: [],
    example: [{ from: 60000, to: 61000 }],
    description: `Ranges of UDP ports that ${direction} packets may reach.`,
    source: firewall,
    verdict: 'provable',
  }),
});

export const options = {
  networking: {
    firewall: {
      enable: option({
        type: types.bool,
        default: true,
        description: 'Whether the firewall refuses what is not allowed.',
        source: firewall,
        verdict: 'provable',
      }),
      allowPing: option({
        type: types.bool,
        default: true,
        description: 'Whether the machine answers ICMPv4 echo requests.',
        source: firewall,
        verdict: 'provable',
      }),
      trustedInterfaces: option({
        type: types.listOf(types.str),
        default: [],
        description: 'Interfaces whose traffic is let in whatever it is.',
        source: firewall,
        verdict: 'provable',
      }),
      interfaces: option({
        type: types.attrsOf(types.submodule(ports('incoming'))),
        default: {},
        description: 'Ports that are open on single interfaces only.',
        source: firewall,
        verdict: 'provable',
      }),
      ...ports('incoming'),
    },
  },
};

export type Firewall = ResolvedOf<typeof options>['networking']['firewall'];

/** Ports that are let in, everywhere or on one interface. */
export type Ports = Pick<
  Firewall,
  'allowedTCPPorts' | 'allowedUDPPorts' | 'allowedTCPPortRanges' | 'allowedUDPPortRanges'
>;
