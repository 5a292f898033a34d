import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/services/service.ts';
import { wireguard } from '../../src/services/wireguard.ts';
import { faultOf, fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = wireguard as unknown as Service;
const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const on = {
  networking: {
    wireguard: {
      interfaces: {
        wg0: {
          ips: ['10.100.0.1/24', 'fd00:100::1/64'],
          listenPort: 51820,
          mtu: 1380,
          privateKeyFile: '/var/lib/wireguard/wg0.key',
          generatePrivateKeyFile: true,
          peers: [
            {
              publicKey: key,
              allowedIPs: ['10.100.0.3/32', '10.100.0.2/32'],
              endpoint: '203.0.113.7:51820',
              persistentKeepalive: 25,
              presharedKeyFile: '/var/lib/wireguard/psk',
            },
          ],
        },
      },
    },
  },
};
const unit = '/etc/systemd/system/wireguard-wg0.service';
const withInterface = (more: object) => ({
  networking: { wireguard: { interfaces: { wg0: { ...on.networking.wireguard.interfaces.wg0, ...more } } } },
});

describe('WireGuard', () => {
  it('is nothing without an interface, or when it is off', () => {
    expect([realisationOf(service, {}), probesOf(service, {})]).toEqual([{}, []]);
    const off = { networking: { wireguard: { ...on.networking.wireguard, enable: false } } };
    expect([realisationOf(service, off), probesOf(service, off)]).toEqual([{}, []]);
  });

  it('sets the interface up in an order in which each step finds what it needs', () => {
    const start = linesAt(realisationOf(service, on), unit).filter((line) => line.startsWith('ExecStart='));
    expect(start).toEqual([
      'ExecStart=ip link add dev wg0 type wireguard',
      'ExecStart=ip link set dev wg0 mtu 1380',
      'ExecStart=ip -4 address add 10.100.0.1/24 dev wg0',
      'ExecStart=ip -6 address add fd00:100::1/64 dev wg0',
      'ExecStart=wg set wg0 private-key /var/lib/wireguard/wg0.key listen-port 51820',
      'ExecStart=ip link set up dev wg0',
      `ExecStart=wg set wg0 peer ${key} preshared-key /var/lib/wireguard/psk endpoint 203.0.113.7:51820 persistent-keepalive 25 allowed-ips 10.100.0.3/32,10.100.0.2/32`,
      'ExecStart=ip -4 route replace 10.100.0.3/32 dev wg0',
      'ExecStart=ip -4 route replace 10.100.0.2/32 dev wg0',
    ]);
  });

  it('makes a key at the first boot only where that is declared; none is in the image', () => {
    const realised = realisationOf(service, on);
    expect(linesAt(realised, '/etc/systemd/system/wireguard-wg0-key.service')).toContain(
      "ExecStart=/bin/sh -c 'test -f /var/lib/wireguard/wg0.key || wg genkey > /var/lib/wireguard/wg0.key'",
    );
    expect(linesAt(realised, unit)).toContain('Requires=wireguard-wg0-key.service');
    expect(fileAt(realised, '/var/lib/wireguard/wg0.key')).toBeUndefined();
    const given = realisationOf(service, withInterface({ generatePrivateKeyFile: false }));
    expect(fileAt(given, '/etc/systemd/system/wireguard-wg0-key.service')).toBeUndefined();
    expect(linesAt(given, unit).join()).not.toContain('Requires=');
  });

  it('is asked for everything that was declared, by options that exist', () => {
    const probes = probesOf(service, on);
    expect(idsOf(probes)).toEqual([
      'wireguard/wg0-unit',
      'wireguard/wg0-addresses',
      'wireguard/wg0-key',
      'wireguard/wg0-port',
      'wireguard/wg0-mtu',
      'wireguard/wg0-peers',
      'wireguard/wg0-peer-1-allowed',
      'wireguard/wg0-peer-1-endpoint',
      'wireguard/wg0-peer-1-keepalive',
      'wireguard/wg0-route-10.100.0.3/32',
      'wireguard/wg0-route-10.100.0.2/32',
    ]);
    for (const path of probes.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
    expect(probeOf(probes, 'wireguard/wg0-peer-1-allowed').params).toMatchObject({
      output: '10.100.0.2/32\n10.100.0.3/32',
    });
    // A full length is left out by `ip route`.
    expect(probeOf(probes, 'wireguard/wg0-route-10.100.0.2/32').params).toMatchObject({
      output: '10.100.0.2',
    });
  });

  it('without routes is asked to have none', () => {
    const without = withInterface({ allowedIPsAsRoutes: false });
    expect(linesAt(realisationOf(service, without), unit).join()).not.toContain('route');
    expect(probeOf(probesOf(service, without), 'wireguard/wg0-route-10.100.0.2/32')).toMatchObject({
      title: '10.100.0.2/32 is not routed to wg0',
      params: { output: 'no route' },
    });
  });
});

describe('the faults of a tunnel', () => {
  const probes = probesOf(service, on);

  it.each([
    ['wireguard-address-other/wg0-10.100.0.1/24', 'addresses', '192.0.2.77/24\nfd00:100::1/64'],
    ['wireguard-address-other/wg0-fd00:100::1/64', 'addresses', '10.100.0.1/24\n2001:db8::77/64'],
    ['wireguard-address-added/wg0', 'addresses', '10.100.0.1/24\n192.0.2.77/24\nfd00:100::1/64'],
    ['wireguard-key-other/wg0', 'key', `another: ${key}`],
    ['wireguard-key-none/wg0', 'key', 'another: (none)'],
    [
      'wireguard-key-file-gone/wg0',
      'key',
      'exit status 2: /bin/sh: 1: cannot open /var/lib/wireguard/wg0.key: No such file',
    ],
    ['wireguard-port/wg0', 'port', '51821'],
    ['wireguard-mtu/wg0', 'mtu', '1400'],
    ['wireguard-peer-added/wg0', 'peers', `mutationmutationmutationmutationmutationmus=\n${key}`],
    [`wireguard-peer-wider/wg0-${key}`, 'peer-1-allowed', '10.100.0.2/32\n10.100.0.3/32\n198.51.100.0/24'],
    [`wireguard-peer-endpoint/wg0-${key}`, 'peer-1-endpoint', '192.0.2.79:51900'],
    [`wireguard-peer-keepalive/wg0-${key}`, 'peer-1-keepalive', '85'],
    ['wireguard-route-gone/wg0-10.100.0.2/32', 'route-10.100.0.2/32', 'no route'],
  ])('%s shows in the probe %s', (id, probe, shown) => {
    const { seen } = faultOf(probes, id);
    expect(new RegExp(seen[`wireguard/wg0-${probe}`] ?? 'nothing').test(shown)).toBe(true);
  });

  it('take a peer from all probes that are about it', () => {
    expect(faultOf(probes, `wireguard-peer-gone/wg0-${key}`)).toMatchObject({
      commands: [`wg set wg0 peer ${key} remove`],
      seen: {
        'wireguard/wg0-peers': '^$',
        'wireguard/wg0-peer-1-allowed': '^$',
        'wireguard/wg0-peer-1-endpoint': '^$',
        'wireguard/wg0-peer-1-keepalive': '^$',
      },
    });
  });

  it('are routes where none are declared', () => {
    const without = probesOf(service, withInterface({ allowedIPsAsRoutes: false }));
    expect(faultOf(without, 'wireguard-route-added/wg0-10.100.0.2/32')).toMatchObject({
      commands: ['ip -4 route replace 10.100.0.2/32 dev wg0'],
      seen: { 'wireguard/wg0-route-10.100.0.2/32': String.raw`^10\.100\.0\.2$` },
    });
  });

  it('keep to the ports that there are', () => {
    const last = probesOf(service, withInterface({ listenPort: 65_535 }));
    expect(faultOf(last, 'wireguard-port/wg0').commands).toEqual(['wg set wg0 listen-port 65534']);
  });
});
