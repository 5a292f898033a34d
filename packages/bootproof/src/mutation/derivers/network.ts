import { literally } from '../../probes/fault-commands.ts';
import { agentAddress, agentHostName, dhcpAddress, hostName } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** Whoever leases addresses, under NixOS's names for it: it would put right what is to stay wrong. */
export const stopClients =
  'systemctl stop systemd-networkd.socket systemd-networkd.service dhcpcd.service 2>/dev/null || true';

export const noLease = (nic: string): Omit<Sketch, 'says'> => ({
  id: `address-none/${nic}`,
  title: `${nic} has lost its address`,
  fault: running([stopClients, `ip -4 address flush dev ${quote(nic)}`]),
});

export const staticAddress = (nic: string): Sketch => ({
  id: `address-static/${nic}`,
  title: `${nic} has the same address, but not leased`,
  // What is leased goes with the one that leased it: it is read first.
  fault: running([
    `address=$(ip -4 -o address show dev ${quote(nic)} scope global | sed -n 's/.*inet \\([^ ]*\\).*/\\1/p' | head -n 1)`,
    `router=$(ip -4 route show default dev ${quote(nic)} | sed -n 's/.*via \\([^ ]*\\).*/\\1/p' | head -n 1)`,
    '[ -n "$address" ]; [ -n "$router" ]',
    stopClients,
    `ip -4 address flush dev ${quote(nic)}`,
    `ip address add "$address" dev ${quote(nic)}`,
    `ip route replace default via "$router" dev ${quote(nic)}`,
  ]),
  says: new RegExp(`\\b${literally(nic)} \\S+ \\(static\\)`),
});

const noRoute = (nic: string): Sketch => ({
  id: `route-none/${nic}`,
  title: `${nic} has its lease, but no default route`,
  fault: running([`ip -4 route del default dev ${quote(nic)}`]),
  // Other NICs may have routes of their own.
  says: new RegExp(
    `\\b${literally(nic)} \\S+ \\(leased\\).*; default routes: (?!.*dev ${literally(nic)} proto dhcp)`,
  ),
});

export const otherName = 'mutation';

export const kernelName: Omit<Sketch, 'says'> = {
  id: 'host-name/kernel',
  title: 'the kernel has another host name',
  fault: running([`echo ${otherName} > /proc/sys/kernel/hostname`]),
};

export const networkDerivers = [
  from(dhcpAddress, ({ nic }) => [
    staticAddress(nic),
    noRoute(nic),
    {
      ...noLease(nic),
      says: new RegExp(`^(?!.*\\b${literally(nic)} \\S+ \\(leased\\)).*; default routes: `),
    },
  ]),
  from(agentAddress, ({ nic }) => [{ ...noLease(nic), says: /no IPv4 address/ }]),
  from(hostName, () => [
    {
      id: 'host-name/static',
      title: 'the host name that is kept is another one',
      fault: running(['rm -f /etc/hostname', `echo ${otherName} > /etc/hostname`]),
      says: new RegExp(`^${otherName}, `),
    },
    { ...kernelName, says: new RegExp(`, ${otherName}$`) },
  ]),
  from(agentHostName, () => [{ ...kernelName, says: new RegExp(`^${otherName}$`) }]),
];
