import { answersPing, outsideTcp } from '../../probes/makers.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** No rule is left: nftables, or on NixOS what iptables has in its place. */
const open: Omit<Sketch, 'says'> = {
  id: 'firewall-open',
  title: 'the firewall lets everything in',
  fault: running(['nft flush ruleset || { iptables -P INPUT ACCEPT; iptables -F; }']),
};

/** A rule before all others drops what was to be let in. */
const shut = (port: number): Sketch => ({
  id: `firewall-shut/${port}`,
  title: `the firewall drops what comes to TCP port ${port}`,
  fault: running([
    'if command -v nft >/dev/null; then',
    '  nft add table inet mutation',
    "  nft add chain inet mutation input '{ type filter hook input priority -300; }'",
    `  nft add rule inet mutation input tcp dport ${port} drop`,
    `else iptables -I INPUT -p tcp --dport ${port} -j DROP; fi`,
  ]),
  says: new RegExp(`\\b${port} silent`),
});

export const firewallDerivers = [
  from(outsideTcp, ({ open: allowed, closed }) => [
    ...allowed.map(shut),
    ...(closed[0] === undefined ? [] : [{ ...open, says: new RegExp(`\\b${closed[0]} answered`) }]),
  ]),
  from(answersPing, ({ answers }) => [
    answers
      ? {
          id: 'ping-ignored',
          title: 'the kernel leaves echo requests unanswered',
          fault: running(['echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all']),
          says: /^silent/,
        }
      : { ...open, says: /^answered/ },
  ]),
];
