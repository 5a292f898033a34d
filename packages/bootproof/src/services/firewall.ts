import { text } from '../nix/expression.ts';
import { answersPing } from '../probes/kinds/answers-ping.ts';
import { options } from './firewall/options.ts';
import { tcpProbe, udpProbe } from './firewall/probes.ts';
import { type OpenedPorts, rulesOf } from './firewall/rules.ts';
import { each } from './nixos-test.ts';
import { peerValue } from './peers.ts';
import { defineService, textFile, wantedBy } from './service.ts';

/** NixOS's rules, whichever of the two it makes them with. */
const showRules = 'iptables -w -S nixos-fw || nft list table inet nixos-fw';

/** What is let in. NixOS itself trusts the loopback interface. */
export const networkFirewall = defineService({
  name: 'firewall',
  description: 'The firewall: which packets from outside get in.',
  options,

  realise(values) {
    const { firewall } = values.networking;
    if (!firewall.enable) return {};
    return {
      // A NixOS machine has ping, whatever it declares.
      packages: ['iputils-ping', 'nftables'],
      files: [
        textFile('/etc/nftables.conf', rulesOf(firewall, portsOpenedForServices(values))),
        wantedBy('sysinit.target', 'nftables.service'),
      ],
    };
  },

  probes(values, guest) {
    const { firewall } = values.networking;
    const nic = guest.nics[0]?.name;
    // Packets from outside come over the first NIC.
    if (nic === undefined) return [];
    return [
      ...tcpProbe(firewall, portsOpenedForServices(values), nic),
      ...udpProbe(firewall, nic),
      ...(firewall.enable
        ? [
            answersPing.probe({
              id: 'firewall/ping',
              params: { answers: firewall.allowPing },
              proves: ['networking.firewall.allowPing'],
              after: ['boot/multi-user'],
            }),
          ]
        : []),
    ];
  },

  nixosTest: ({ networking }) => ({
    steps: [
      {
        title: 'the firewall has its rules',
        when: networking.firewall.enable,
        lines: [
          `machine.wait_until_succeeds("${showRules}")`,
          each(
            'port',
            networking.firewall.allowedTCPPorts,
            (port) => text`machine.succeed("(${showRules}) | grep 'tcp .*[^0-9]${port}[^0-9]'")`,
          ),
        ],
      },
    ],
  }),
});

/** The TCP ports that services have opened for themselves, by the options that say so. */
function portsOpenedForServices(values: unknown): OpenedPorts[] {
  const ssh = peerValue<{ enable: boolean; openFirewall: boolean; ports: readonly number[] }>(
    values,
    'services.openssh',
  );
  if (ssh === undefined || !ssh.enable) return [];
  return [{ option: 'services.openssh.openFirewall', open: ssh.openFirewall, tcp: [...new Set(ssh.ports)] }];
}
