import { equals, nix, not, text } from '../nix/expression.ts';
import { networkLines, resolverFile } from './interfaces/files.ts';
import { options } from './interfaces/options.ts';
import { interfaceProbes, resolverProbes, routeProbe } from './interfaces/probes.ts';
import { machineOf, routesOf } from './interfaces/routes.ts';
import { networkFiles } from './network-file.ts';
import { eachString } from './nixos-test.ts';
import { defineService } from './service.ts';

/** Static addresses, gateways and name servers. */
export const interfacesAndRoutes = defineService({
  name: 'interfaces',
  description: "Single interfaces' addresses, the gateways and the name servers.",
  options,

  realise(values, guest) {
    const { networking } = values;
    const machine = machineOf(values);
    const routes = routesOf(networking, machine, guest);
    const names = new Set([...Object.keys(networking.interfaces), ...routes.map(({ nic }) => nic)]);
    return {
      files: [
        ...[...names]
          .sort()
          .flatMap((nic) =>
            networkFiles(`40-${nic}`, networkLines(nic, networking.interfaces[nic], machine, routes)),
          ),
        ...resolverFile(networking, machine),
      ],
    };
  },

  probes(values, guest) {
    const { networking } = values;
    const machine = machineOf(values);
    const has = (nic: string): boolean => guest.nics.some(({ name }) => name === nic);
    return [
      ...Object.entries(networking.interfaces).flatMap(([nic, each]) =>
        has(nic) ? interfaceProbes(nic, each, machine) : [],
      ),
      ...routesOf(networking, machine, guest).map(routeProbe),
      ...resolverProbes(networking),
    ];
  },

  nixosTest: ({ networking }) => ({
    steps: [
      {
        title: 'the declared name servers are asked',
        when: not(equals(networking.nameservers, [])),
        lines: [
          eachString(
            'server',
            nix`${networking.nameservers}`,
            (server) =>
              text`machine.wait_until_succeeds("grep -Fx 'nameserver " + ${server} + "' /etc/resolv.conf")`,
          ),
        ],
      },
    ],
  }),
});
