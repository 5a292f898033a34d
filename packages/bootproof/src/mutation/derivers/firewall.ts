import { answersPing, outsideTcp, outsideUdp } from '../../probes/makers.ts';
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
const shut = (protocol: 'TCP' | 'UDP', port: number, says: RegExp): Sketch => ({
  id: protocol === 'TCP' ? `firewall-shut/${port}` : `firewall-shut/udp-${port}`,
  title: `the firewall drops what comes to ${protocol} port ${port}`,
  fault: running([
    'if command -v nft >/dev/null; then',
    '  nft add table inet mutation',
    "  nft add chain inet mutation input '{ type filter hook input priority -300; }'",
    `  nft add rule inet mutation input ${protocol.toLowerCase()} dport ${port} drop`,
    `else iptables -I INPUT -p ${protocol.toLowerCase()} --dport ${port} -j DROP; fi`,
  ]),
  says,
});

export const firewallDerivers = [
  from(outsideTcp, ({ open: allowed, closed }) => [
    ...allowed.map((port) => shut('TCP', port, new RegExp(`\\b${port} silent`))),
    ...(closed[0] === undefined ? [] : [{ ...open, says: new RegExp(`\\b${closed[0]} answered`) }]),
  ]),
  from(outsideUdp, ({ open: allowed, closed }) => [
    // Of the datagrams that were sent, of which some other may be one: fewer than ten of them, or ten and more.
    ...allowed.map((port) => shut('UDP', port, new RegExp(`(^|, )${port}: \\d of`))),
    ...(closed[0] === undefined ? [] : [{ ...open, says: new RegExp(`(^|, )${closed[0]}: \\d\\d of`) }]),
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
