import { attrPathText } from '../../nix/show.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { defaultRoute } from '../../probes/kinds/default-route.ts';
import { nicAddresses } from '../../probes/kinds/nic-addresses.ts';
import { resolver } from '../../probes/kinds/resolver.ts';
import type { Probe } from '../../probes/probe.ts';
import type { Interface, Networking } from './options.ts';
import { addressesOf, type DefaultRoute, type Machine } from './routes.ts';

export function interfaceProbes(nic: string, each: Interface, { enableIPv6 }: Machine): Probe[] {
  const optionOf = (...path: string[]): string => attrPathText(['networking', 'interfaces', nic, ...path]);
  const families = enableIPv6 ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const);
  return [
    ...families.flatMap((family) => {
      const addresses = addressesOf(each, family);
      if (addresses.length === 0) return [];
      return [
        nicAddresses.probe({
          id: `interfaces/${family}-${nic}`,
          params: { nic, addresses, lease: null },
          proves: [optionOf(family, 'addresses')],
        }),
      ];
    }),
    ...(each.useDHCP === null
      ? []
      : [
          nicAddresses.probe({
            id: `interfaces/dhcp-${nic}`,
            params: { nic, addresses: [], lease: each.useDHCP },
            proves: [optionOf('useDHCP')],
            // That no lease comes is worth a look only once one could have come.
            after: each.useDHCP ? [] : ['boot/multi-user'],
          }),
        ]),
    ...linkProbes(nic, each, optionOf),
  ];
}

function linkProbes(
  nic: string,
  { mtu, macAddress }: Interface,
  optionOf: (name: string) => string,
): Probe[] {
  const values = [
    {
      name: 'mtu',
      file: 'mtu',
      value: mtu === null ? null : String(mtu),
      words: 'MTU',
      other: mtu === 1300 ? '1310' : '1300',
    },
    {
      name: 'macAddress',
      file: 'address',
      value: macAddress?.toLowerCase() ?? null,
      words: 'MAC address',
      other: '02:00:00:00:00:01',
    },
  ];
  return values.flatMap(({ name, file, value, words, other }) =>
    value === null
      ? []
      : [
          commandOutput.probe({
            id: `interfaces/${name}-${nic}`,
            params: { command: `cat /sys/class/net/${nic}/${file}`, output: value },
            title: `${nic} has the ${words} ${value}`,
            proves: [optionOf(name)],
            faults: [
              {
                id: `link-${file}/${nic}`,
                title: `${nic} has the ${words} ${other}`,
                commands: [`ip link set dev ${nic} ${file} ${other}`],
                seen: `^${other}$`,
              },
            ],
          }),
        ],
  );
}

export function routeProbe({ family, option, gateway }: DefaultRoute): Probe {
  return defaultRoute.probe({
    id: `interfaces/gateway-${family.toLowerCase()}`,
    params: {
      family,
      gateway: gateway.address,
      nic: gateway.interface,
      metric: gateway.metric,
      source: gateway.source,
    },
    proves: [`networking.${option}`],
  });
}

export function resolverProbes({ nameservers, search }: Networking): Probe[] {
  const probe = (id: string, servers: readonly string[], domains: readonly string[], option: string): Probe =>
    resolver.probe({
      id: `interfaces/${id}`,
      params: { servers, search: domains },
      proves: [`networking.${option}`],
    });
  return [
    ...(nameservers.length === 0 ? [] : [probe('name-servers', nameservers, [], 'nameservers')]),
    ...(search.length === 0 ? [] : [probe('search', [], search, 'search')]),
  ];
}
