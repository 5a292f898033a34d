import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/services/service.ts';
import { system } from '../../src/services/system.ts';
import { idsOf, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = system as unknown as Service;

describe('the time zone', () => {
  it('is a link to its rules, with the package that brings them', () => {
    expect(realisationOf(service, { time: { timeZone: 'Europe/Berlin' } })).toEqual({
      packages: ['tzdata'],
      files: [{ type: 'symlink', path: '/etc/localtime', target: '/usr/share/zoneinfo/Europe/Berlin' }],
    });
  });

  it('is proven by the name that the link itself has: UTC is a link to Etc/UTC in turn', () => {
    const { params, proves } = probeOf(probesOf(service, { time: { timeZone: 'UTC' } }), 'system/time-zone');
    expect(params).toEqual({ command: "readlink /etc/localtime | sed 's#.*/zoneinfo/##'", output: 'UTC' });
    expect(proves).toEqual(['time.timeZone']);
  });

  it('is left alone when it is null', () => {
    expect(realisationOf(service, {})).toEqual({ packages: [], files: [] });
    expect(idsOf(probesOf(service, {}))).toEqual(['system/no-machine-id', 'system/clock']);
  });

  it('is another one in its fault, whichever is declared', () => {
    const seen = (timeZone: string) =>
      probeOf(probesOf(service, { time: { timeZone } }), 'system/time-zone').faults?.map((each) => each.seen);
    expect(seen('Europe/Berlin')).toEqual(['^Asia/Tokyo$']);
    expect(seen('Asia/Tokyo')).toEqual(['^Europe/Paris$']);
  });
});

describe('the clock', () => {
  it.each([
    ['UTC in both clocks', {}, []],
    ['local time in the hardware', { hardwareClockInLocalTime: true }, []],
    [
      'local time in the hardware, in a zone',
      { hardwareClockInLocalTime: true, timeZone: 'Europe/Berlin' },
      ['time.hardwareClockInLocalTime'],
    ],
  ])('is looked at on every host; with %s', (_, time, proves) => {
    expect(probeOf(probesOf(service, { time }), 'system/clock').proves).toEqual(proves);
  });
});

describe('the hardware clock', () => {
  const definitions = { time: { hardwareClockInLocalTime: true } };

  it('keeps local time where systemd is told so', () => {
    expect(linesAt(realisationOf(service, definitions), '/etc/adjtime')).toEqual(['0.0 0 0.0', '0', 'LOCAL']);
    expect(probeOf(probesOf(service, definitions), 'system/hardware-clock')).toMatchObject({
      params: { output: 'LOCAL' },
      proves: ['time.hardwareClockInLocalTime'],
    });
  });

  it('keeps UTC otherwise, and nothing is written', () => {
    expect(linesAt(realisationOf(service, {}), '/etc/adjtime')).toEqual([]);
  });
});

describe('the release', () => {
  const { check } = system.options.system.stateVersion.type;

  it.each(['13.10', '14.04', '14.12', '15.09', '16.03', '20.09', '21.05', '25.11'])('takes %s', (release) => {
    expect(check(release)).toBeUndefined();
  });

  it.each(['25.12', '25.6', '12.04', '2025.11', '25.11.1', 'unstable', '25.09', '22.03'])(
    'refuses %s',
    (text) => {
      expect(check(text)).toBeDefined();
    },
  );
});
