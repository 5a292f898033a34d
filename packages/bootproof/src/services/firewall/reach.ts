import { peerValue } from '../peers.ts';
import type { Firewall, Ports } from './options.ts';

/** The ports that are open on this interface alone, as a list of one or none. */
export const ofInterface = ({ interfaces }: Firewall, nic: string): Ports[] => {
  const own = interfaces[nic];
  return own === undefined ? [] : [own];
};

/** Whether the firewall's own options let a port in over a NIC. */
export function isAllowed(firewall: Firewall, nic: string, protocol: 'TCP' | 'UDP', port: number): boolean {
  return [firewall, ...ofInterface(firewall, nic)].some(
    (set) =>
      set[`allowed${protocol}Ports`].includes(port) ||
      set[`allowed${protocol}PortRanges`].some(({ from = 0, to = 0 }) => from <= port && port <= to),
  );
}

/**
 * Whether a TCP port of the machine can be reached from outside: over its first NIC, past the firewall. For services
 * that would be looked at from there.
 */
export function isReachable(values: unknown, nic: string | undefined, port: number): boolean {
  const firewall = peerValue<Firewall>(values, 'networking.firewall');
  if (firewall === undefined || !firewall.enable) return true;
  if (nic === undefined) return false;
  return firewall.trustedInterfaces.includes(nic) || isAllowed(firewall, nic, 'TCP', port);
}
