import type { Firewall, Ports } from './options.ts';

/** TCP ports that a service opens for itself, and the option that says so. */
export interface OpenedPorts {
  readonly option: string;
  readonly open: boolean;
  readonly tcp: readonly number[];
}

const quoted = (name: string): string => `"${name}"`;

/** Ports and ranges as a set of nftables; undefined when there are none. */
function portSet(ports: readonly number[], ranges: Ports['allowedTCPPortRanges']): string | undefined {
  const parts = [...ports.map(String), ...ranges.map(({ from, to }) => `${from}-${to}`)];
  return parts.length === 0 ? undefined : `{ ${parts.join(', ')} }`;
}

function portRules(ports: Ports, match = ''): string[] {
  const rule = (protocol: string, set: string | undefined): string[] =>
    set === undefined ? [] : [`${match}${protocol} dport ${set} accept`];
  return [
    ...rule('tcp', portSet(ports.allowedTCPPorts, ports.allowedTCPPortRanges)),
    ...rule('udp', portSet(ports.allowedUDPPorts, ports.allowedUDPPortRanges)),
  ];
}

/**
 * The rules of nftables that let in what NixOS's firewall lets in, and drop the rest. Facts: firewall-iptables.nix and
 * firewall-nftables.nix of NixOS 25.11, whose options that are not declared here stand at their defaults.
 */
export function rulesOf(firewall: Firewall, services: readonly OpenedPorts[]): string[] {
  const opened = services.filter(({ open }) => open).flatMap(({ tcp }) => tcp);
  const everywhere = { ...firewall, allowedTCPPorts: unique([...firewall.allowedTCPPorts, ...opened]) };
  const trusted = [...new Set(['lo', ...firewall.trustedInterfaces])].map(quoted).join(', ');
  return [
    'flush ruleset',
    'table inet firewall {',
    ...indented([
      'chain reverse-path {',
      ...indented([
        'type filter hook prerouting priority mangle + 10; policy drop;',
        // A DHCP server may answer from an address that nothing leads to yet.
        'meta nfproto ipv4 udp sport 67 udp dport 68 accept',
        'meta nfproto ipv4 udp sport 68 udp dport 67 accept',
        'fib saddr . mark . iif oif exists accept',
      ]),
      '}',
      'chain input {',
      ...indented([
        'type filter hook input priority filter; policy drop;',
        `iifname { ${trusted} } accept`,
        'ct state established,related accept',
        'ct state invalid drop',
        ...portRules(everywhere),
        ...Object.entries(firewall.interfaces).flatMap(([name, ports]) =>
          portRules(ports, `iifname ${quoted(name)} `),
        ),
        ...(firewall.allowPing ? ['icmp type echo-request accept'] : []),
        // All of ICMPv6 but redirects and node information queries: RFC 4890, section 4.4.
        'icmpv6 type != { nd-redirect, 139 } accept',
        'ip6 daddr fe80::/64 udp dport 546 accept',
      ]),
      '}',
    ]),
    '}',
  ];
}

/** Ports, each once, the lowest first. */
export const unique = (ports: readonly number[]): number[] => [...new Set(ports)].sort((a, b) => a - b);

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
