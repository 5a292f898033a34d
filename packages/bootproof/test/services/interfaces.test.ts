import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { inSubnet } from '../../src/services/interfaces/subnet.ts';
import { interfacesAndRoutes } from '../../src/services/interfaces.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, guest, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = interfacesAndRoutes as unknown as Service;
const two = { ...guest, nics: [...guest.nics, { name: 'enp6s19', driver: 'virtio_net' }] };
const file = (nic: string): string => `/etc/systemd/network/40-${nic}.network`;

const lan = {
  networking: {
    interfaces: {
      enp6s19: {
        ipv4: { addresses: [{ address: '192.168.77.5', prefixLength: 24 }] },
        ipv6: { addresses: [{ address: 'FD00:77::0005', prefixLength: 64 }] },
        mtu: 1400,
        macAddress: '02:00:00:00:77:0A',
      },
    },
  },
};

describe('an interface with addresses of its own', () => {
  it('has them from networkd, and no lease, as on NixOS', () => {
    expect(linesAt(realisationOf(service, lan, two), file('enp6s19'))).toEqual([
      '[Match]',
      'Name=enp6s19',
      '[Link]',
      'MACAddress=02:00:00:00:77:0A',
      'MTUBytes=1400',
      '[Network]',
      'DHCP=no',
      'IPv6PrivacyExtensions=kernel',
      'Address=192.168.77.5/24',
      'Address=FD00:77::0005/64',
    ]);
  });

  it('is found before the file that gives every other one a lease', () => {
    expect('40-enp6s19.network' < '99-ethernet-default-dhcp.network').toBe(true);
  });

  it('starts networkd, even where nothing uses DHCP', () => {
    const made = realisationOf(service, { networking: { ...lan.networking, useDHCP: false } }, two);
    expect(
      fileAt(made, '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service'),
    ).toBeDefined();
  });

  it('is proven, each of its options by a probe of its own', () => {
    const probes = probesOf(service, lan, two);
    expect(idsOf(probes)).toEqual([
      'interfaces/ipv4-enp6s19',
      'interfaces/ipv6-enp6s19',
      'interfaces/mtu-enp6s19',
      'interfaces/macAddress-enp6s19',
    ]);
    expect(probeOf(probes, 'interfaces/ipv4-enp6s19')).toMatchObject({
      params: { nic: 'enp6s19', addresses: ['192.168.77.5/24'], lease: null },
      proves: ['networking.interfaces.enp6s19.ipv4.addresses'],
    });
    expect(probeOf(probes, 'interfaces/macAddress-enp6s19').params).toMatchObject({
      output: '02:00:00:00:77:0a',
    });
    for (const path of probes.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('is not looked for where the hardware has none of its name', () => {
    expect(probesOf(service, lan)).toEqual([]);
  });
});

describe('DHCP on one interface', () => {
  const dhcpLine = (networking: object): string | undefined =>
    linesAt(realisationOf(service, { networking }, two), file('enp6s19')).find((line) =>
      line.startsWith('DHCP='),
    );
  const addresses = lan.networking.interfaces.enp6s19.ipv4.addresses;

  it.each([
    ['left to the machine, which uses it', { useDHCP: true, interfaces: { enp6s19: {} } }, 'DHCP=yes'],
    ['left to the machine, which does not', { useDHCP: false, interfaces: { enp6s19: {} } }, 'DHCP=no'],
    ['turned off', { interfaces: { enp6s19: { useDHCP: false } } }, 'DHCP=no'],
    ['turned on for it alone', { useDHCP: false, interfaces: { enp6s19: { useDHCP: true } } }, 'DHCP=yes'],
    [
      'turned on besides an address',
      { interfaces: { enp6s19: { useDHCP: true, ipv4: { addresses } } } },
      'DHCP=yes',
    ],
    ['without IPv6', { enableIPv6: false, interfaces: { enp6s19: { useDHCP: true } } }, 'DHCP=ipv4'],
  ])('%s', (_name, networking, line) => {
    expect(dhcpLine(networking)).toBe(line);
  });

  it.each([true, false])('is proven where it is declared: %s', (useDHCP) => {
    const probes = probesOf(service, { networking: { interfaces: { enp6s19: { useDHCP } } } }, two);
    expect(probeOf(probes, 'interfaces/dhcp-enp6s19')).toMatchObject({
      params: { addresses: [], lease: useDHCP },
      proves: ['networking.interfaces.enp6s19.useDHCP'],
    });
  });
});

describe('without IPv6', () => {
  const declared = { networking: { ...lan.networking, enableIPv6: false, defaultGateway6: 'fd00:77::1' } };

  it('an interface gets no address of it, and networkd leaves it off', () => {
    const lines = linesAt(realisationOf(service, declared, two), file('enp6s19'));
    expect(lines).toContain('LinkLocalAddressing=no');
    expect(lines).toContain('Address=192.168.77.5/24');
    expect(lines.join('\n')).not.toMatch(/fd00/i);
  });

  it('none is looked for', () => {
    const ids = idsOf(probesOf(service, declared, two));
    expect(ids).toContain('interfaces/ipv4-enp6s19');
    expect(ids.filter((id) => id.includes('ipv6'))).toEqual([]);
  });
});

describe('a gateway', () => {
  const linesWith = (defaultGateway: unknown, nic: string): string[] =>
    linesAt(
      realisationOf(service, { networking: { ...lan.networking, defaultGateway } } as never, two),
      file(nic),
    );

  it('is a route of the NIC in whose subnet it lies', () => {
    expect(linesWith('192.168.77.1', 'enp6s19').slice(-3)).toEqual([
      '[Route]',
      'Gateway=192.168.77.1',
      'GatewayOnLink=yes',
    ]);
  });

  it('is one of the NIC that is named, with its metric and source', () => {
    const gateway = { address: '192.168.77.1', interface: 'enp6s18', metric: 42, source: '10.0.2.15' };
    const lines = linesWith(gateway, 'enp6s18');
    expect(lines).toContain('DHCP=yes');
    expect(lines).toContain('Metric=42');
    expect(lines).toContain('PreferredSource=10.0.2.15');
    expect(linesWith(gateway, 'enp6s19').join()).not.toContain('Gateway');
  });

  it('is one of the first NIC where no subnet tells', () => {
    expect(linesWith('203.0.113.1', 'enp6s18')).toContain('Gateway=203.0.113.1');
  });

  it('goes before what a router advertises', () => {
    const networking = { ...lan.networking, defaultGateway6: 'fd00:77::1' };
    expect(linesAt(realisationOf(service, { networking }, two), file('enp6s19'))).toContain('Metric=1023');
  });

  it('is proven as it was declared, and no more', () => {
    const networking = {
      ...lan.networking,
      defaultGateway: '192.168.77.1',
      defaultGateway6: { address: 'fd00:77::1', interface: 'enp6s19' },
    };
    const probes = probesOf(service, { networking }, two);
    expect(probeOf(probes, 'interfaces/gateway-ipv4')).toMatchObject({
      params: { family: 'IPv4', gateway: '192.168.77.1', nic: null, metric: null, source: null },
      proves: ['networking.defaultGateway'],
    });
    expect(probeOf(probes, 'interfaces/gateway-ipv6')).toMatchObject({
      params: { nic: 'enp6s19' },
      proves: ['networking.defaultGateway6'],
    });
  });
});

describe('name servers', () => {
  const declared = {
    networking: { domain: 'home.arpa', nameservers: ['192.168.77.1', 'fd00::1'], search: ['a.lan', 'b.lan'] },
  };

  it('are in resolv.conf, as NixOS gives them to resolvconf', () => {
    expect(linesAt(realisationOf(service, declared), '/etc/resolv.conf')).toEqual([
      'domain home.arpa',
      'search a.lan b.lan',
      'nameserver 192.168.77.1',
      'nameserver fd00::1',
      'options edns0',
    ]);
  });

  it('leave resolv.conf alone where none is declared', () => {
    expect(fileAt(realisationOf(service, {}), '/etc/resolv.conf')).toBeUndefined();
    expect(probesOf(service, {})).toEqual([]);
  });

  it('are proven apart from the search domains', () => {
    const probes = probesOf(service, declared);
    expect(probeOf(probes, 'interfaces/name-servers')).toMatchObject({
      params: { servers: ['192.168.77.1', 'fd00::1'], search: [] },
      proves: ['networking.nameservers'],
    });
    expect(probeOf(probes, 'interfaces/search')).toMatchObject({
      params: { servers: [], search: ['a.lan', 'b.lan'] },
      proves: ['networking.search'],
    });
  });

  it('are asked for in the NixOS test, with the value that Nix knows', () => {
    const file = makeTestFile([service]);
    expect(file).toContain('the declared name servers are asked');
    expect(file).toContain('networking.nameservers');
  });
});

describe('inSubnet', () => {
  it.each([
    ['10.0.1.255', '10.0.0.0', 23, true],
    ['10.0.2.0', '10.0.0.0', 23, false],
    ['203.0.113.1', '10.0.0.1', 0, true],
    ['fd00:77:0::1', 'FD00:77::5', 64, true],
    ['fd00:77:0:1::1', 'fd00:77::5', 64, false],
    ['::ffff:10.0.0.1', '::ffff:a00:2', 120, true],
    ['10.0.0.1', 'fd00::1', 8, false],
    ['router', '10.0.0.1', 8, false],
    ['10.0.0', '10.0.0.1', 8, false],
    ['10.0.0.256', '10.0.0.1', 8, false],
  ])('%s in the subnet of %s/%i: %s', (address, of, prefixLength, answer) => {
    expect(inSubnet(address, { address: of, prefixLength })).toBe(answer);
  });
});
