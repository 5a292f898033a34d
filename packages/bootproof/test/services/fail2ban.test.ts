import { describe, expect, it } from 'vitest';
import { fail2ban, secondsOf } from '../../src/services/fail2ban.ts';
import type { Service } from '../../src/services/service.ts';
import { faultOf, fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = fail2ban as unknown as Service;
const declared = (more: object = {}, openssh: object = {}) =>
  ({ services: { fail2ban: { enable: true, ...more }, openssh } }) as never;
const file = '/etc/fail2ban/jail.local';
const lines = (more: object = {}, openssh: object = {}) =>
  linesAt(realisationOf(service, declared(more, openssh)), file);
const probes = (more: object = {}, openssh: object = {}) => probesOf(service, declared(more, openssh));
const ssh = { enable: true, ports: [22, 2222] };

describe('the image', () => {
  it('has nothing of it when it is off', () => {
    expect([realisationOf(service, {}), probesOf(service, {})]).toEqual([{}, []]);
  });

  it('has NixOS’s limits, and none of Debian’s own jails', () => {
    const realised = realisationOf(service, declared());
    expect(realised.packages).toEqual(['fail2ban', 'python3-systemd', 'iptables']);
    expect(linesAt(realised, file)).toEqual([
      '[DEFAULT]',
      'banaction = iptables-multiport',
      'banaction_allports = iptables-allports',
      'maxretry = 3',
      'bantime = 10m',
      'ignoreip = 127.0.0.1/8 ::1',
      'backend = systemd',
    ]);
    expect(fileAt(realised, '/etc/fail2ban/jail.d/defaults-debian.conf')).toMatchObject({ type: 'absent' });
  });

  it('has a jail for SSH where SSH is on, which reads the journal under Debian’s name of the unit', () => {
    const made = lines({}, ssh);
    expect(made.slice(made.indexOf('[sshd]'))).toEqual([
      '[sshd]',
      'enabled = true',
      'journalmatch = _SYSTEMD_UNIT=ssh.service + _COMM=sshd',
      'port = 22,2222',
    ]);
  });

  it('has what is declared for all jails and for one', () => {
    const made = lines({
      maxretry: 5,
      ignoreIP: ['10.0.0.0/8'],
      jails: {
        DEFAULT: { settings: { maxretry: 7, findtime: 60 } },
        web: { settings: { filter: 'nginx-http-auth' } },
        off: { enabled: false },
      },
    });
    expect(made).toEqual(
      expect.arrayContaining(['maxretry = 7', 'findtime = 60', 'ignoreip = 127.0.0.1/8 ::1 10.0.0.0/8']),
    );
    expect(made.slice(made.indexOf('[web]'))).toEqual([
      '[web]',
      'enabled = true',
      'filter = nginx-http-auth',
      '[off]',
      'enabled = false',
    ]);
  });
});

describe('probes', () => {
  it('ask for exactly the jails that are declared to be up', () => {
    const made = probes({ jails: { web: {}, off: { enabled: false }, DEFAULT: {} } }, ssh);
    expect(probeOf(made, 'fail2ban/jails')).toMatchObject({
      params: { jails: ['sshd', 'web'] },
      proves: [
        'services.fail2ban.enable',
        'services.fail2ban.jails.web.enabled',
        'services.fail2ban.jails.off.enabled',
      ],
    });
    expect(idsOf(made).filter((id) => id.startsWith('fail2ban/off'))).toEqual([]);
  });

  it('ask each jail for its limits, and name the option that each comes from', () => {
    const made = probes({
      bantime: '1h',
      ignoreIP: ['10.0.0.0/8', '192.168.3.7'],
      jails: { DEFAULT: { settings: { findtime: '5m' } }, web: { settings: { maxretry: 2, port: 'http' } } },
    });
    const seen = made
      .slice(2)
      .map(({ id, params, proves }) => [id, (params as { output: string }).output, ...proves]);
    expect(seen).toEqual([
      ['fail2ban/web-maxretry', '2', 'services.fail2ban.jails.web.settings.maxretry'],
      ['fail2ban/web-bantime', '3600', 'services.fail2ban.bantime'],
      ['fail2ban/web-findtime', '300', 'services.fail2ban.jails.DEFAULT.settings.findtime'],
      ['fail2ban/web-ignoreip', '10.0.0.0/8\n192.168.3.7', 'services.fail2ban.ignoreIP'],
      ['fail2ban/web-port', 'http', 'services.fail2ban.jails.web.settings.port'],
    ]);
  });

  it('claim options that exist', () => {
    for (const path of probes({}, ssh).flatMap(({ proves }) => proves)) {
      // Settings of a jail are free.
      expect(isInSurface(path.replace(/\.settings\..*/, '.settings')), path).toBe(true);
    }
  });
});

it.each([
  [600, 600],
  ['600', 600],
  ['10m', 600],
  ['1 h', 3600],
  ['2d', 172_800],
  ['1w', 604_800],
  ['1h 30m', undefined],
  ['-1', undefined],
])('the time %j is %s seconds', (time, seconds) => {
  expect(secondsOf(time)).toBe(seconds);
});

describe('faults', () => {
  const made = probes({ bantime: '1h', ignoreIP: ['10.0.0.0/8', '10.1.0.0/16'] }, ssh);

  it.each([
    ['fail2ban-setting/sshd/bantime-3660', 'bantime', '3660'],
    ['fail2ban-setting/sshd/maxretry-63', 'maxretry', '63'],
    ['fail2ban-setting/sshd/ignoreip-10.1.0.0/16', 'ignoreip', '10.1.0.0/16'],
    [
      'fail2ban-setting/sshd/ignoreip-10.0.0.0/8,10.1.0.0/16,198.51.100.0/24',
      'ignoreip',
      '10.0.0.0/8\n10.1.0.0/16\n198.51.100.0/24',
    ],
    ['fail2ban-setting/sshd/port-2022', 'port', '2022'],
  ])('%s shows in the probe of %s', (id, key, shown) => {
    const { commands, seen } = faultOf(made, id);
    expect(commands.at(-1)).toBe('fail2ban-client reload');
    expect(new RegExp(seen[`fail2ban/sshd-${key}`] ?? 'nothing').test(shown)).toBe(true);
  });

  it('leave a jail that ignores one address alone with none', () => {
    const one = probes({ ignoreIP: ['10.0.0.0/8'] }, ssh);
    expect(faultOf(one, 'fail2ban-setting/sshd/ignoreip-::1').seen).toEqual({
      'fail2ban/sshd-ignoreip': '^$',
    });
  });
});
