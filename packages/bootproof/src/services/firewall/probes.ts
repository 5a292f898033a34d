import { attrPathText } from '../../nix/show.ts';
import { outsideTcp } from '../../probes/kinds/outside-tcp.ts';
import { outsideUdp } from '../../probes/kinds/outside-udp.ts';
import type { Probe } from '../../probes/probe.ts';
import type { Firewall, Ports } from './options.ts';
import { isAllowed, ofInterface } from './reach.ts';
import { type OpenedPorts, unique } from './rules.ts';

/** The ports that stand for all that are let in over a NIC: each single one, and the ends of each range. */
function samples(firewall: Firewall, nic: string, protocol: 'TCP' | 'UDP'): number[] {
  const sets: readonly Ports[] = [firewall, ...ofInterface(firewall, nic)];
  return sets.flatMap((set) => [
    ...set[`allowed${protocol}Ports`],
    ...set[`allowed${protocol}PortRanges`].flatMap(({ from = 0, to = 0 }) => [from, to]),
  ]);
}

/** Free for whoever wants it, and used by few. */
const somePort = 8008;

/**
 * Ports that must stay closed: those beside the ranges, those that are open on other interfaces alone, and one that
 * nobody speaks of. A few are enough, each costs a look.
 */
function closedSamples(
  firewall: Firewall,
  nic: string,
  protocol: 'TCP' | 'UDP',
  allowed: (port: number) => boolean,
): number[] {
  const ranges = [firewall, ...ofInterface(firewall, nic)].flatMap(
    (set) => set[`allowed${protocol}PortRanges`],
  );
  const others = Object.keys(firewall.interfaces).filter((name) => name !== nic);
  let free = somePort;
  while (allowed(free)) free += 1;
  const candidates = [
    free,
    ...others.flatMap((name) => firewall.interfaces[name]?.[`allowed${protocol}Ports`] ?? []),
    ...ranges.flatMap(({ from = 0, to = 0 }) => [from - 1, to + 1]),
  ];
  return unique(candidates.filter((port) => port > 0 && port < 65_536 && !allowed(port))).slice(0, 4);
}

/** Which TCP ports answer from outside. */
export function tcpProbe(firewall: Firewall, services: readonly OpenedPorts[], nic: string): Probe[] {
  const opened = services.filter(({ open }) => open).flatMap(({ tcp }) => tcp);
  const all = !firewall.enable || firewall.trustedInterfaces.includes(nic);
  const allowed = (port: number): boolean => isAllowed(firewall, nic, 'TCP', port) || opened.includes(port);
  const shut = services.filter(({ open }) => !open).flatMap(({ tcp }) => tcp);
  const closed = unique([
    ...shut.filter((port) => !allowed(port)),
    ...closedSamples(firewall, nic, 'TCP', allowed),
  ]);
  const open = unique([...samples(firewall, nic, 'TCP'), ...opened]);
  const proves = [
    'networking.firewall.enable',
    ...(firewall.trustedInterfaces.includes(nic) && firewall.enable
      ? ['networking.firewall.trustedInterfaces']
      : provenPorts(firewall, nic, 'TCP')),
    // A port that the firewall lets in anyway says nothing on the service's own wish.
    ...services
      .filter(
        ({ tcp }) => firewall.enable && !all && tcp.every((port) => !isAllowed(firewall, nic, 'TCP', port)),
      )
      .map(({ option: path }) => path),
  ];
  return [
    outsideTcp.probe({
      id: 'firewall/tcp',
      params: all ? { nic, open: unique([...open, ...closed]), closed: [] } : { nic, open, closed },
      proves,
      after: ['boot/multi-user'],
      deadlineSeconds: 120,
    }),
  ];
}

/** Which UDP ports let datagrams in. Looked at only where one is declared: the rules that drop are those of TCP. */
export function udpProbe(firewall: Firewall, nic: string): Probe[] {
  const open = unique(samples(firewall, nic, 'UDP'));
  if (!firewall.enable || firewall.trustedInterfaces.includes(nic) || open.length === 0) return [];
  const closed = closedSamples(firewall, nic, 'UDP', (port) => isAllowed(firewall, nic, 'UDP', port));
  return [
    outsideUdp.probe({
      id: 'firewall/udp',
      params: { open, closed },
      proves: provenPorts(firewall, nic, 'UDP'),
      after: ['boot/multi-user'],
      deadlineSeconds: 120,
    }),
  ];
}

/** The options whose ports are among those looked at. */
function provenPorts(firewall: Firewall, nic: string, protocol: 'TCP' | 'UDP'): string[] {
  if (!firewall.enable) return [];
  const names = [`allowed${protocol}Ports`, `allowed${protocol}PortRanges`] as const;
  return [
    ...names.filter((name) => firewall[name].length > 0).map((name) => `networking.firewall.${name}`),
    ...names
      .filter((name) => (firewall.interfaces[nic]?.[name].length ?? 0) > 0)
      .map((name) => attrPathText(['networking', 'firewall', 'interfaces', nic, name])),
  ];
}
