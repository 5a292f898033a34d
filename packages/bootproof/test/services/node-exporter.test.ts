import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nodeExporter } from '../../src/services/node-exporter.ts';
import type { Service } from '../../src/services/service.ts';
import {
  faultOf,
  fileAt,
  guest,
  idsOf,
  isInSurface,
  linesAt,
  probeOf,
  probesOf,
  realisationOf,
} from './support.ts';

const service = nodeExporter as unknown as Service;
const node = (more: object = {}) =>
  ({ services: { prometheus: { exporters: { node: { enable: true, ...more } } } } }) as never;
const dropIn = '/etc/systemd/system/prometheus-node-exporter.service.d/declared.conf';
const startLine = (more: object = {}) => linesAt(realisationOf(service, node(more)), dropIn).at(-1);
const probes = (more: object = {}) => probesOf(service, node(more));

describe('the image', () => {
  it('has nothing of it when it is off', () => {
    expect([realisationOf(service, {}), probesOf(service, {})]).toEqual([{}, []]);
  });

  it('starts it on its port, without the collector that Debian adds', () => {
    const realised = realisationOf(service, node());
    expect(realised.packages).toEqual(['prometheus-node-exporter']);
    expect(startLine()).toBe(
      'ExecStart=/usr/bin/prometheus-node-exporter --no-collector.systemd --web.listen-address=0.0.0.0:9100',
    );
    expect(
      fileAt(realised, '/etc/systemd/system/multi-user.target.wants/prometheus-node-exporter.service'),
    ).toMatchObject({ target: '/lib/systemd/system/prometheus-node-exporter.service' });
  });

  it('starts it as declared, flags last', () => {
    expect(
      startLine({
        port: 9101,
        listenAddress: '[::1]',
        enabledCollectors: ['systemd', 'processes'],
        disabledCollectors: ['timex'],
        extraFlags: ['--log.level=warn'],
      }),
    ).toBe(
      'ExecStart=/usr/bin/prometheus-node-exporter --collector.systemd --collector.processes --no-collector.timex --web.listen-address=[::1]:9101 --log.level=warn',
    );
  });

  it('says once that a collector is off', () => {
    expect(startLine({ disabledCollectors: ['systemd'] })?.match(/systemd/g)).toHaveLength(1);
  });

  it('has D-Bus where a collector asks systemd', () => {
    expect(realisationOf(service, node({ enabledCollectors: ['systemd'] })).packages).toContain('dbus');
  });
});

describe('probes', () => {
  it('ask for the metrics of this machine where it listens', () => {
    expect(idsOf(probes())).toEqual(['nodeExporter/unit', 'nodeExporter/host-name', 'nodeExporter/listens']);
    expect(probeOf(probes({ port: 9101 }), 'nodeExporter/host-name').params).toEqual({
      address: '127.0.0.1',
      port: 9101,
      metric: 'node_uname_info',
      labels: ['nodename="box"'],
      value: 1,
    });
    expect(probeOf(probes({ listenAddress: '[::1]' }), 'nodeExporter/host-name').params).toMatchObject({
      address: '::1',
    });
  });

  it('know no host name that DHCP chooses', () => {
    const params = probeOf(
      probesOf(service, node(), { ...guest, hostName: '' }),
      'nodeExporter/host-name',
    ).params;
    expect(params).toMatchObject({ labels: [] });
  });

  it('tell one address from all of them, and leave a host name alone', () => {
    const output = (listenAddress: string) =>
      (probeOf(probes({ listenAddress }), 'nodeExporter/listens').params as { output: string }).output;
    expect([output('0.0.0.0'), output(''), output('127.0.0.1'), output('[::1]')]).toEqual([
      'every address',
      'every address',
      '127.0.0.1:9100',
      '[::1]:9100',
    ]);
    expect(idsOf(probes({ listenAddress: 'localhost' }))).not.toContain('nodeExporter/listens');
  });

  it('ask for each collector, and for each flag', () => {
    const made = probes({
      enabledCollectors: ['systemd', 'systemd'],
      disabledCollectors: ['timex'],
      extraFlags: ['--a=1 --b', '--c'],
    });
    expect(probeOf(made, 'nodeExporter/collector-systemd')).toMatchObject({
      params: { labels: ['collector="systemd"'], value: 'any' },
      proves: ['services.prometheus.exporters.node.enabledCollectors'],
    });
    expect(probeOf(made, 'nodeExporter/collector-timex')).toMatchObject({
      params: { labels: ['collector="timex"'], value: 'absent' },
      proves: ['services.prometheus.exporters.node.disabledCollectors'],
    });
    expect(probeOf(made, 'nodeExporter/flags').params).toMatchObject({ output: '--a=1\n--b\n--c' });
    expect(new Set(idsOf(made)).size).toBe(made.length);
    for (const path of made.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('ask for no flag that systemd would read otherwise', () => {
    expect(idsOf(probes({ extraFlags: ['--exclude=^lo$'] }))).not.toContain('nodeExporter/flags');
  });
});

describe('faults', () => {
  const made = probes({
    port: 9101,
    enabledCollectors: ['systemd'],
    disabledCollectors: ['timex'],
    extraFlags: ['--log.level=warn --web.max-requests=2'],
  });
  const line =
    '/bin/node --collector.systemd --no-collector.timex --web.listen-address=0.0.0.0:9101 --log.level=warn --web.max-requests=2 ';

  /** A command line after the sed of a fault. */
  const editedBy = (id: string, given = line): string => {
    const edit = faultOf(made, id).commands.find((command) => command.startsWith('edited='));
    const script = `line='${given}'; ${edit}; printf %s "$edited"`;
    return spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).stdout;
  };

  it.each([
    ['node-exporter-port', '0.0.0.0:9101', '0.0.0.0:9102'],
    ['node-exporter-address', '0.0.0.0:9101', '127.0.0.1:9101'],
    ['node-exporter-collector/systemd', '--collector.systemd', '--no-collector.systemd'],
    ['node-exporter-collector/timex', '--no-collector.timex', '--collector.timex'],
    ['node-exporter-flags', ' --web.max-requests=2', ''],
  ])('%s changes its word of the command line alone', (id, was, becomes) => {
    expect(editedBy(id)).toBe(line.replace(was, becomes));
    // NixOS gives the flag and its value as two words.
    const apart = line.replace('listen-address=', 'listen-address ');
    expect(editedBy(id, apart)).toBe(apart.replace(was, becomes));
  });

  it('of the port are seen by all who ask for metrics', () => {
    expect(Object.keys(faultOf(made, 'node-exporter-port').seen)).toEqual([
      'nodeExporter/host-name',
      'nodeExporter/listens',
      'nodeExporter/collector-systemd',
      'nodeExporter/collector-timex',
    ]);
  });

  it('of a flag show the words before it', () => {
    const seen = new RegExp(faultOf(made, 'node-exporter-flags').seen['nodeExporter/flags'] ?? '');
    expect(seen.test('--web.listen-address=0.0.0.0:9101\n--log.level=warn')).toBe(true);
    expect(seen.test('--log.level=warn\n--web.max-requests=2')).toBe(false);
  });

  it('listen everywhere where one address is declared', () => {
    const alone = probes({ listenAddress: '127.0.0.1' });
    expect(faultOf(alone, 'node-exporter-address')).toMatchObject({
      title: 'the node exporter listens on every address',
      seen: { 'nodeExporter/listens': '^every address$' },
    });
  });
});
