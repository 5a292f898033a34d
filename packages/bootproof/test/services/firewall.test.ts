import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { networkFirewall } from '../../src/services/firewall.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, guest, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = networkFirewall as unknown as Service;
const rules = (declared: Parameters<typeof realisationOf>[1]): string[] =>
  linesAt(realisationOf(service, declared), '/etc/nftables.conf').map((line) => line.trim());
const tcp = (declared: Parameters<typeof probesOf>[1]) =>
  probeOf(probesOf(service, declared), 'firewall/tcp');
const ssh = (openFirewall: boolean) => ({ services: { openssh: { enable: true, openFirewall } } });

describe('the rules', () => {
  it('drop by default, and let in the answers and the loopback', () => {
    const lines = rules({});
    expect(lines).toContain('type filter hook input priority filter; policy drop;');
    expect(lines).toContain('iifname { "lo" } accept');
    expect(lines).toContain('ct state established,related accept');
    expect(lines.filter((line) => line.includes('dport {'))).toEqual([]);
  });

  it('are loaded before the network is up', () => {
    const made = realisationOf(service, {});
    expect(made.packages).toContain('nftables');
    expect(fileAt(made, '/etc/systemd/system/sysinit.target.wants/nftables.service')).toBeDefined();
  });

  it('let in ports and ranges, everywhere and on single interfaces', () => {
    const lines = rules({
      networking: {
        firewall: {
          allowedTCPPorts: [443, 80],
          allowedTCPPortRanges: [{ from: 9000, to: 9003 }],
          allowedUDPPortRanges: [{ from: 60000, to: 60010 }],
          interfaces: { enp6s19: { allowedUDPPorts: [53] } },
          trustedInterfaces: ['wg0'],
        },
      },
    });
    expect(lines).toContain('tcp dport { 80, 443, 9000-9003 } accept');
    expect(lines).toContain('udp dport { 60000-60010 } accept');
    expect(lines).toContain('iifname "enp6s19" udp dport { 53 } accept');
    expect(lines).toContain('iifname { "lo", "wg0" } accept');
  });

  it.each([
    [true, 'tcp dport { 22 } accept'],
    [false, undefined],
  ])("let SSH's port in as services.openssh.openFirewall says: %s", (open, line) => {
    expect(rules(ssh(open)).find((each) => each.startsWith('tcp dport'))).toBe(line);
  });

  it('answer ping only where it is allowed', () => {
    const ping = 'icmp type echo-request accept';
    expect(rules({})).toContain(ping);
    expect(rules({ networking: { firewall: { allowPing: false } } })).not.toContain(ping);
  });

  it('are none where the firewall is off', () => {
    expect(realisationOf(service, { networking: { firewall: { enable: false } } })).toEqual({});
  });
});

describe('TCP from outside', () => {
  it("looks at SSH's port and at one that nobody speaks of, where nothing is declared", () => {
    expect(tcp(ssh(true))).toMatchObject({
      params: { open: [22], closed: [8008] },
      proves: ['networking.firewall.enable', 'services.openssh.openFirewall'],
    });
  });

  it("has SSH's port closed where it is not to be opened", () => {
    expect(tcp(ssh(false))).toMatchObject({ params: { open: [], closed: [22, 8008] } });
    expect(tcp(ssh(false)).proves).toContain('services.openssh.openFirewall');
  });

  it("claims nothing of SSH's wish where the port is open anyway", () => {
    const declared = { ...ssh(false), networking: { firewall: { allowedTCPPorts: [22] } } };
    expect(tcp(declared)).toMatchObject({ params: { open: [22], closed: [8008] } });
    expect(tcp(declared).proves).not.toContain('services.openssh.openFirewall');
  });

  it('looks at both ends of a range, and beside them', () => {
    const firewall = { allowedTCPPorts: [8008, 9004], allowedTCPPortRanges: [{ from: 9000, to: 9003 }] };
    expect(tcp({ networking: { firewall } })).toMatchObject({
      params: { open: [8008, 9000, 9003, 9004], closed: [8009, 8999] },
      proves: [
        'networking.firewall.enable',
        'networking.firewall.allowedTCPPorts',
        'networking.firewall.allowedTCPPortRanges',
      ],
    });
  });

  it("proves the first NIC's own ports; those of another are closed on it", () => {
    const interfaces = { enp6s18: { allowedTCPPorts: [7070] }, enp6s19: { allowedTCPPorts: [7071] } };
    expect(tcp({ networking: { firewall: { interfaces } } })).toMatchObject({
      params: { open: [7070], closed: [7071, 8008] },
      proves: ['networking.firewall.enable', 'networking.firewall.interfaces.enp6s18.allowedTCPPorts'],
    });
  });

  it('finds everything open on a trusted NIC, and where the firewall is off', () => {
    const trusted = tcp({ networking: { firewall: { trustedInterfaces: ['enp6s18'] } } });
    expect(trusted.params).toEqual({ nic: 'enp6s18', open: [8008], closed: [] });
    expect(trusted.proves).toContain('networking.firewall.trustedInterfaces');
    const off = tcp({ networking: { firewall: { enable: false, allowedTCPPorts: [80] } } });
    expect(off).toMatchObject({
      params: { open: [80, 8008], closed: [] },
      proves: ['networking.firewall.enable'],
    });
  });
});

describe('the probes', () => {
  it('look at UDP only where a port of it is declared', () => {
    expect(idsOf(probesOf(service, {}))).toEqual(['firewall/tcp', 'firewall/ping']);
    const firewall = { allowedUDPPorts: [53], allowedUDPPortRanges: [{ from: 60000, to: 60010 }] };
    expect(probeOf(probesOf(service, { networking: { firewall } }), 'firewall/udp')).toMatchObject({
      params: { open: [53, 60000, 60010], closed: [8008, 59999, 60011] },
      proves: ['networking.firewall.allowedUDPPorts', 'networking.firewall.allowedUDPPortRanges'],
    });
  });

  it('ask for ping as it is declared, and not at all where the firewall is off', () => {
    const ping = (firewall: object) =>
      probesOf(service, { networking: { firewall } }).find(({ id }) => id === 'firewall/ping')?.params;
    expect(ping({ allowPing: false })).toEqual({ answers: false });
    expect(ping({})).toEqual({ answers: true });
    expect(ping({ enable: false })).toBeUndefined();
  });

  it('are none on a machine without a NIC', () => {
    expect(probesOf(service, {}, { ...guest, nics: [] })).toEqual([]);
  });

  it('name options that exist', () => {
    const firewall = { allowedUDPPorts: [53], interfaces: { enp6s18: { allowedTCPPorts: [1] } } };
    const paths = probesOf(service, { networking: { firewall } }).flatMap(({ proves }) => proves);
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect(isInSurface(path), path).toBe(true);
  });

  it('have their part of the NixOS test', () => {
    const file = makeTestFile([service]);
    expect(file).toContain('the firewall has its rules');
    expect(file).toContain('networking.firewall.allowedTCPPorts');
  });
});
