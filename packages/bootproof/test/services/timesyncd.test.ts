import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/services/service.ts';
import { timesyncd } from '../../src/services/timesyncd.ts';
import { faultOf, fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = timesyncd as unknown as Service;
const declared = (more: object, timeServers?: readonly string[]) =>
  ({
    services: { timesyncd: more },
    ...(timeServers === undefined ? {} : { networking: { timeServers } }),
  }) as never;
const file = '/etc/systemd/timesyncd.conf';
const lines = (more: object, timeServers?: readonly string[]) =>
  linesAt(realisationOf(service, declared(more, timeServers)), file);
const probes = (more: object, timeServers?: readonly string[]) =>
  probesOf(service, declared(more, timeServers));
const pool = [0, 1, 2, 3].map((number) => `${number}.nixos.pool.ntp.org`).join(' ');

describe('the image', () => {
  it.each([
    ['nothing is said', {}],
    ['it is on, as NixOS has it', { enable: true }],
    ['it is off', { enable: false, servers: ['10.0.0.1'] }],
  ])('has nothing of it when %s', (_when, more) => {
    expect(realisationOf(service, declared(more))).toEqual({});
  });

  it('has the servers that are declared, NixOS’s own to fall back on, and the service at work', () => {
    const realised = realisationOf(service, declared({ servers: ['10.0.0.1', 'ntp.lan'] }));
    expect(realised.packages).toEqual(['systemd-timesyncd', 'dbus']);
    expect(linesAt(realised, file)).toEqual(['[Time]', 'NTP=10.0.0.1 ntp.lan', `FallbackNTP=${pool}`]);
    expect(
      fileAt(realised, '/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service'),
    ).toBeDefined();
    expect(fileAt(realised, '/etc/systemd/system/dbus-org.freedesktop.timesync1.service')).toMatchObject({
      target: '/lib/systemd/system/systemd-timesyncd.service',
    });
  });

  it('tells an empty list from none', () => {
    expect(lines({ servers: [] })).toContain('NTP=');
    expect(lines({ fallbackServers: null })).toEqual(['[Time]']);
    expect(lines({ fallbackServers: [] })).toEqual(['[Time]', 'FallbackNTP=']);
  });

  it('falls back on the servers of the network, and ends with what is extra', () => {
    expect(lines({ extraConfig: 'PollIntervalMaxSec=180' }, ['ntp.lan'])).toEqual([
      '[Time]',
      'FallbackNTP=ntp.lan',
      'PollIntervalMaxSec=180',
    ]);
  });
});

describe('probes', () => {
  it('are none where the stand-in is left as it is', () => {
    expect(probes({})).toEqual([]);
  });

  it('see that it does not run when it is off', () => {
    expect(probes({ enable: false })).toMatchObject([
      { id: 'timesyncd/off', params: { output: 'inactive' }, proves: ['services.timesyncd.enable'] },
    ]);
  });

  it('ask the service for its servers', () => {
    const made = probes({ servers: ['10.0.0.1', 'ntp.lan'], extraConfig: '# why\nA=1\n\nB=2' }, ['f.lan']);
    expect(idsOf(made)).toEqual([
      'timesyncd/unit',
      'timesyncd/servers',
      'timesyncd/fallback-servers',
      'timesyncd/extra-config-1',
      'timesyncd/extra-config-2',
    ]);
    expect(probeOf(made, 'timesyncd/servers').params).toEqual({
      command: 'timedatectl show-timesync --value -p SystemNTPServers',
      output: '10.0.0.1 ntp.lan',
    });
    expect(probeOf(made, 'timesyncd/fallback-servers')).toMatchObject({
      params: { output: 'f.lan' },
      proves: ['services.timesyncd.fallbackServers', 'networking.timeServers'],
    });
    for (const path of made.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('claim nothing of the network’s servers where others are taken in their place', () => {
    const made = probes({ fallbackServers: ['own.lan'] }, ['f.lan']);
    expect(probeOf(made, 'timesyncd/fallback-servers').proves).toEqual([
      'services.timesyncd.fallbackServers',
    ]);
  });
});

describe('faults', () => {
  it('give timesyncd another server, or one less', () => {
    const made = probes({ servers: ['10.0.0.1', 'ntp.lan'] });
    const dropIn = '/run/systemd/timesyncd.conf.d/mutation.conf';
    expect(faultOf(made, 'timesyncd-NTP/one-server-less')).toMatchObject({
      commands: expect.arrayContaining([`printf '%s\\n' '[Time]' NTP= NTP=10.0.0.1 > ${dropIn}`]),
      seen: { 'timesyncd/servers': String.raw`^10\.0\.0\.1$` },
    });
    expect(faultOf(made, 'timesyncd-FallbackNTP/another-server').seen).toEqual({
      'timesyncd/fallback-servers': String.raw`^192\.0\.2\.123$`,
    });
  });

  it('take nothing from a single server', () => {
    expect(() => faultOf(probes({ servers: ['ntp.lan'] }), 'timesyncd-NTP/one-server-less')).toThrow(
      'no probe',
    );
  });

  it('start what is to be off, installed or not', () => {
    expect(faultOf(probes({ enable: false }), 'timesyncd-on')).toMatchObject({
      commands: [expect.stringContaining('systemd-run --unit=systemd-timesyncd.service')],
      seen: { 'timesyncd/off': '^active$' },
    });
  });
});
