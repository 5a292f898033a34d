import { describe, expect, it } from 'vitest';
import { networking } from '../../src/services/networking.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, guest, idsOf, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = networking as unknown as Service;
const network = '/etc/systemd/network/99-ethernet-default-dhcp.network';

/** The bytes of /etc/hostid. */
function hostIdBytes(hostId: string): number[] {
  const file = fileAt(realisationOf(service, { networking: { hostId } }), '/etc/hostid');
  if (file?.type !== 'file' || file.encoding !== 'base64') throw new Error('no file of bytes');
  return [...Buffer.from(file.text, 'base64')];
}

describe('names', () => {
  it('are in /etc/hostname and /etc/hosts, as NixOS has them', () => {
    const made = realisationOf(service, {
      networking: { hostName: 'hl02', hosts: { '192.168.0.2': ['files.lan', 'files'] } },
    });
    expect(fileAt(made, '/etc/hostname')).toMatchObject({ text: 'hl02\n', mode: 0o644 });
    expect(linesAt(made, '/etc/hosts')).toEqual([
      '127.0.0.1 localhost',
      '::1 localhost',
      '127.0.0.2 hl02',
      '192.168.0.2 files.lan files',
    ]);
  });

  it('have the domain, the whole name first', () => {
    const made = realisationOf(service, { networking: { hostName: 'hl02', domain: 'home.arpa' } });
    expect(linesAt(made, '/etc/hosts')).toContain('127.0.0.2 hl02.home.arpa hl02');
  });

  it('are left to DHCP when the name is empty: no line, no probe', () => {
    const declared = { networking: { hostName: '', domain: 'home.arpa' } };
    expect(linesAt(realisationOf(service, declared), '/etc/hosts')).toHaveLength(2);
    expect(idsOf(probesOf(service, declared))).not.toContain('networking/host-name');
  });

  it('are proven', () => {
    const probes = probesOf(service, { networking: { hostName: 'hl02' } });
    expect(probeOf(probes, 'networking/host-name')).toMatchObject({
      params: { hostName: 'hl02' },
      proves: ['networking.hostName'],
    });
  });
});

describe('the host id', () => {
  it('lies in /etc/hostid with its lowest byte first', () => {
    expect(hostIdBytes('92bbb1e6')).toEqual([0xe6, 0xb1, 0xbb, 0x92]);
    expect(hostIdBytes('0000000A')).toEqual([0x0a, 0, 0, 0]);
  });

  it('is what a program of this byte order reads back as the number', () => {
    const bytes = Buffer.from(hostIdBytes('92BBB1E6'));
    expect(bytes.readUInt32LE().toString(16)).toBe('92bbb1e6');
  });

  it('is proven in the spelling that hostid prints, however it was written', () => {
    const probes = probesOf(service, { networking: { hostId: '92BBB1E6' } });
    expect(probeOf(probes, 'networking/host-id').params).toEqual({ command: 'hostid', output: '92bbb1e6' });
  });

  it('has neither file nor probe when it is null', () => {
    expect(fileAt(realisationOf(service, {}), '/etc/hostid')).toBeUndefined();
    expect(idsOf(probesOf(service, {}))).not.toContain('networking/host-id');
  });
});

describe('addresses', () => {
  it('come by DHCP from networkd', () => {
    const made = realisationOf(service, { networking: { useDHCP: true } });
    expect(linesAt(made, network)).toEqual([
      '[Match]',
      'Type=ether',
      'Kind=!*',
      '[Network]',
      'DHCP=yes',
      'IPv6PrivacyExtensions=kernel',
    ]);
    expect(
      fileAt(made, '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service'),
    ).toMatchObject({
      target: '/lib/systemd/system/systemd-networkd.service',
    });
  });

  it('are proven on the first NIC, the drivers on every one', () => {
    const nics = [
      { name: 'enp6s18', driver: 'virtio_net' },
      { name: 'enp6s19', driver: 'e1000' },
    ];
    const probes = probesOf(service, { networking: { useDHCP: true } }, { ...guest, nics });
    expect(idsOf(probes).filter((id) => !id.includes('host'))).toEqual([
      'networking/driver-enp6s18',
      'networking/driver-enp6s19',
      'networking/dhcp-enp6s18',
    ]);
    expect(probeOf(probes, 'networking/driver-enp6s19').params).toMatchObject({ driver: 'e1000' });
    expect(probeOf(probes, 'networking/dhcp-enp6s18').proves).toEqual(['networking.useDHCP']);
  });

  it('are not asked for when DHCP is off, which is proven by their absence', () => {
    const declared = { networking: { useDHCP: false } };
    expect(fileAt(realisationOf(service, declared), network)).toBeUndefined();
    const probes = probesOf(service, declared);
    expect(idsOf(probes).filter((id) => id.includes('dhcp'))).toEqual(['networking/no-dhcp-enp6s18']);
    expect(probeOf(probes, 'networking/no-dhcp-enp6s18')).toMatchObject({
      params: { nic: 'enp6s18', addresses: [], lease: false },
      proves: ['networking.useDHCP'],
    });
  });

  it('may be asked for by one interface alone', () => {
    const declared = { networking: { useDHCP: false, interfaces: { enp6s18: { useDHCP: true } } } };
    expect(idsOf(probesOf(service, declared)).filter((id) => id.includes('dhcp'))).toEqual([]);
  });
});

describe('the full name', () => {
  it('is proven where there is a domain, and a name that is known', () => {
    const probes = probesOf(service, { networking: { hostName: 'hl02', domain: 'home.arpa' } });
    expect(probeOf(probes, 'networking/full-name')).toMatchObject({
      params: { command: 'hostname --fqdn', output: 'hl02.home.arpa' },
      proves: ['networking.domain'],
    });
    for (const declared of [{ hostName: 'hl02' }, { hostName: '', domain: 'home.arpa' }]) {
      expect(idsOf(probesOf(service, { networking: declared }))).not.toContain('networking/full-name');
    }
  });
});

describe('declared lines of /etc/hosts', () => {
  const hosts = { '192.168.0.2': ['files.lan'], 'FD00:0::2': ["it's"] };
  const command = (networking: object) =>
    (probeOf(probesOf(service, { networking }), 'networking/hosts').params as { command: string }).command;

  it('are proven by what each name resolves to, in the spelling of the system', () => {
    expect(command({ hosts })).toContain(
      "getent -s hosts:files ahosts files.lan | cut -d' ' -f1 | grep -Fqx 192.168.0.2",
    );
    expect(command({ hosts })).toContain('grep -Fqx fd00::2');
  });

  it('quote what the shell would take as its own', () => {
    expect(command({ hosts })).toContain(`getent -s hosts:files ahosts 'it'\\''s'`);
  });

  it('are not asked for addresses of IPv6 where that is off, nor where there are none', () => {
    expect(command({ hosts, enableIPv6: false })).not.toContain('fd00');
    expect(idsOf(probesOf(service, {}))).not.toContain('networking/hosts');
  });
});

describe('without IPv6', () => {
  const declared = { networking: { enableIPv6: false } };

  it('the kernel and networkd leave it off', () => {
    const made = realisationOf(service, declared);
    expect(linesAt(made, '/etc/sysctl.d/60-no-ipv6.conf')).toEqual([
      'net.ipv6.conf.all.disable_ipv6 = 1',
      'net.ipv6.conf.default.disable_ipv6 = 1',
    ]);
    expect(linesAt(made, network)).toContain('DHCP=ipv4');
    expect(linesAt(made, network)).toContain('LinkLocalAddressing=no');
    expect(fileAt(realisationOf(service, {}), '/etc/sysctl.d/60-no-ipv6.conf')).toBeUndefined();
  });

  it('is proven', () => {
    expect(probeOf(probesOf(service, declared), 'networking/no-ipv6')).toMatchObject({
      params: { output: '0' },
      proves: ['networking.enableIPv6'],
    });
    expect(idsOf(probesOf(service, {}))).not.toContain('networking/no-ipv6');
  });
});
