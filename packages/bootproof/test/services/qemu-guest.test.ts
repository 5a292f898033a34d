import { describe, expect, it } from 'vitest';
import { agentPortName } from '../../src/hardware/devices.ts';
import { agentPort, qemuGuest } from '../../src/services/qemu-guest.ts';
import type { Service } from '../../src/services/service.ts';
import { guest, idsOf, probeOf, probesOf, realisationOf } from './support.ts';

const service = qemuGuest as unknown as Service;
const on = { services: { qemuGuest: { enable: true } } };

describe('the guest agent', () => {
  it('is Debian’s package when it is on, and nothing otherwise', () => {
    expect(realisationOf(service, on)).toEqual({ packages: ['qemu-guest-agent'] });
    expect(realisationOf(service, {})).toEqual({});
  });

  it('has no probe when it is off', () => {
    expect(probesOf(service, {})).toEqual([]);
  });

  it('has a channel of the name that the hardware gives it', () => {
    expect(agentPort).toBe(agentPortName);
    expect(probeOf(probesOf(service, on), 'qemuGuest/channel').params).toEqual({
      path: '/dev/virtio-ports/org.qemu.guest_agent.0',
      type: 'character',
    });
  });

  it('is waited for in the order in which it comes: device, unit, ping, and what it tells', () => {
    const probes = probesOf(service, on);
    expect(Object.fromEntries(probes.map(({ id, after }) => [id, after]))).toEqual({
      'qemuGuest/channel': [],
      'qemuGuest/driver': ['qemuGuest/channel'],
      'qemuGuest/unit': ['qemuGuest/channel'],
      'qemuGuest/ping': ['qemuGuest/unit'],
      'qemuGuest/host-name': ['qemuGuest/ping'],
      'qemuGuest/address': ['qemuGuest/ping'],
    });
    for (const probe of probes) expect(probe.proves).toContain('services.qemuGuest.enable');
  });

  it('tells the host name and the address of the first NIC', () => {
    const probes = probesOf(service, on);
    expect(probeOf(probes, 'qemuGuest/host-name').params).toEqual({ hostName: 'box' });
    expect(probeOf(probes, 'qemuGuest/address').params).toEqual({ nic: 'enp6s18' });
  });

  it('is not asked for an address on a machine without NICs, nor for a name that DHCP chooses', () => {
    expect(idsOf(probesOf(service, on, { ...guest, nics: [] }))).not.toContain('qemuGuest/address');
    expect(idsOf(probesOf(service, on, { ...guest, hostName: '' }))).not.toContain('qemuGuest/host-name');
  });
});
