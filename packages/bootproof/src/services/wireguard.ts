import { nix, text } from '../nix/expression.ts';
import { eachString } from './nixos-test.ts';
import { defineService } from './service.ts';
import { type Interface, options } from './wireguard/options.ts';
import { interfaceProbes } from './wireguard/probes.ts';
import { interfaceFiles } from './wireguard/units.ts';

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
