import { messageOf } from '../../base/errors.ts';
import { awaited, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { globalAddresses } from './dhcp-address.ts';

const hint = () =>
  'In the machine: systemctl status qemu-guest-agent; ls -l /dev/virtio-ports. On Proxmox: qm agent <vmid> ping';

/**
 * How long Proxmox itself waits for the answer to `guest-ping` before it takes the agent for one that does not run.
 * Source: qemu-server, src/PVE/QemuServer/Agent.pm, `qga_check_running`. Milliseconds.
 */
const proxmoxWaitsMs = 3000;

/** The host's own `guest-ping` over the channel is answered, and in the time that Proxmox gives it. */
export const agentPing = defineProbeKind<'agent-ping', Record<string, never>>({
  kind: 'agent-ping',
  needs: ['hardware'],
  title: () => 'the guest agent answers a ping from the host',
  hint,
  async observe(target) {
    const expected = `an answer to guest-ping within ${proxmoxWaitsMs / 1000} s`;
    const askedMs = target.now();
    try {
      await target.agent.ping();
      const tookMs = target.now() - askedMs;
      const inTime = tookMs <= proxmoxWaitsMs;
      return awaited(inTime, {
        expected,
        seen: inTime ? 'answered' : `answered after ${(tookMs / 1000).toFixed(1)} s`,
        evidence: [{ source: 'guest-ping', text: '{"return": {}}' }],
      });
    } catch (error) {
      return awaited(false, { expected, seen: messageOf(error) });
    }
  },
});

/** The host name that Proxmox would be told by the agent. */
export const agentHostName = defineProbeKind<'agent-host-name', { readonly hostName: string }>({
  kind: 'agent-host-name',
  needs: ['agent'],
  title: ({ hostName }) => `the guest agent reports the host name ${hostName}`,
  hint,
  async observe(target, { hostName }) {
    const reported = await target.agent.hostName();
    return settled(reported === hostName, {
      expected: hostName,
      seen: reported,
      evidence: [{ source: 'guest-get-host-name', text: reported }],
    });
  },
});

/** The addresses that Proxmox would show for the VM are those that its NIC has, by DHCP or otherwise. */
export const agentAddress = defineProbeKind<'agent-address', { readonly nic: string }>({
  kind: 'agent-address',
  needs: ['agent', 'shell'],
  title: ({ nic }) => `the guest agent reports the address of ${nic}`,
  hint,
  async observe(target, { nic }) {
    const command = 'ip -j -4 address show';
    const [interfaces, { stdout }] = await Promise.all([
      target.agent.networkInterfaces(),
      target.execute(command),
    ]);
    const actual = globalAddresses(JSON.parse(stdout), nic);
    const reported = (interfaces.find((candidate) => candidate.name === nic)?.addresses ?? [])
      .filter((address) => address.family === 'ipv4')
      .map((address) => address.address);
    const same =
      actual.length === reported.length && actual.every(({ local = '' }) => reported.includes(local));
    return awaited(actual.length > 0 && same, {
      expected: `${nic} ${actual.map(({ local, dynamic }) => `${local}${dynamic ? ' (leased)' : ''}`).join(', ') || 'with an address'}`,
      seen: reported.length > 0 ? `${nic} ${reported.join(', ')}` : `no IPv4 address of ${nic}`,
      evidence: [
        { source: 'guest-network-get-interfaces', text: JSON.stringify(interfaces, null, 1) },
        { source: command, text: stdout.trim() },
      ],
    });
  },
});
