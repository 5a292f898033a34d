import { describe, expect, it } from 'vitest';
import type { Service } from '../../../src/services/service.ts';
import { usersAndGroups } from '../../../src/services/users.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from '../support.ts';

type Definitions = Parameters<typeof probesOf>[1];

const service = usersAndGroups as unknown as Service;
const users = {
  alice: { isNormalUser: true, extraGroups: ['wheel'] },
  bob: { isNormalUser: true },
};
const declared = (sudo: object, people: object = users): Definitions =>
  ({ users: { users: people }, security: { sudo } }) as never;
const sudoIds = (definitions: Definitions) =>
  idsOf(probesOf(service, definitions)).filter((id) => id.startsWith('sudo/'));

describe('sudo on the stand-in', () => {
  it('comes with the first person, and with the first rule', () => {
    expect(realisationOf(service, {}).packages).toBeUndefined();
    expect(realisationOf(service, declared({}, {})).packages).toBeUndefined();
    expect(realisationOf(service, declared({})).packages).toContain('sudo');
    expect(realisationOf(service, declared({ wheelNeedsPassword: false }, {})).packages).toContain('sudo');
  });

  it('has the rules of NixOS, for root to read alone', () => {
    const realisation = realisationOf(service, declared({ extraConfig: 'Defaults:alice !lecture' }));
    expect(fileAt(realisation, '/etc/sudoers')).toMatchObject({ mode: 0o440 });
    expect(linesAt(realisation, '/etc/sudoers')).toEqual([
      'Defaults env_keep+=SSH_AUTH_SOCK',
      'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
      'root ALL=(ALL:ALL) SETENV: ALL',
      '%wheel ALL=(ALL:ALL) SETENV: ALL',
      'Defaults:alice !lecture',
    ]);
    const free = realisationOf(service, declared({ wheelNeedsPassword: false }));
    expect(linesAt(free, '/etc/sudoers')).toContain('%wheel ALL=(ALL:ALL) NOPASSWD: SETENV: ALL');
  });

  it('is closed to all but wheel where that is declared', () => {
    const lines = (sudo: object) =>
      linesAt(realisationOf(service, declared(sudo)), '/usr/local/sbin/make-declared-users');
    expect(lines({ execWheelOnly: true }).slice(-2)).toEqual([
      'chgrp wheel /usr/bin/sudo',
      'chmod 4510 /usr/bin/sudo',
    ]);
    expect(lines({}).join('\n')).not.toContain('chmod');
  });

  it('is not there when it is turned off, and that is looked at', () => {
    expect(realisationOf(service, declared({ enable: false })).packages).not.toContain('sudo');
    expect(sudoIds(declared({ enable: false }))).toEqual(['sudo/absent']);
  });
});

describe('probes of sudo', () => {
  it('let a member of wheel try', () => {
    const probe = (needsPassword: boolean) =>
      probeOf(probesOf(service, declared({ wheelNeedsPassword: needsPassword })), 'sudo/wheel');
    expect(probe(true).params).toMatchObject({ output: 'sudo: a password is required' });
    expect(probe(false).params).toMatchObject({
      command: expect.stringContaining("su -s /bin/sh alice -c 'sudo -n id -u'"),
      output: '0',
    });
    expect(probe(false).proves).toEqual(['security.sudo.enable', 'security.sudo.wheelNeedsPassword']);
  });

  it('ask root for the rule where a member is asked for a password, as one without a rule is too', () => {
    const probe = probeOf(probesOf(service, declared({ wheelNeedsPassword: true })), 'sudo/wheel-rule');
    expect(probe.params).toEqual({
      command: `PATH="/run/wrappers/bin:$PATH" LC_ALL=C sudo -l -U alice | sed -n 's/^ *(/(/p'`,
      output: '(ALL : ALL) SETENV: ALL',
    });
    expect(sudoIds(declared({ wheelNeedsPassword: false }))).not.toContain('sudo/wheel-rule');
  });

  it('claim nothing of wheel when nobody is in it', () => {
    const claims = probesOf(service, declared({}, { bob: { isNormalUser: true } })).flatMap(
      ({ proves }) => proves,
    );
    expect(claims).toContain('security.sudo.enable');
    expect(claims).not.toContain('security.sudo.wheelNeedsPassword');
  });

  it('let somebody outside wheel try where only wheel may', () => {
    const probes = probesOf(service, declared({ execWheelOnly: true }));
    expect(probeOf(probes, 'sudo/stranger').title).toBe('bob may not run sudo');
    expect(probeOf(probes, 'sudo/wheel-only').params).toMatchObject({ output: '4510 root wheel' });
  });

  it('look for each line of extraConfig, and name options that exist', () => {
    const probes = probesOf(service, declared({ extraConfig: 'Defaults !lecture\n\nDefaults insults' }));
    expect(probeOf(probes, 'sudo/extra-1').params).toEqual({
      path: '/etc/sudoers',
      line: 'Defaults insults',
    });
    for (const path of probes.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });
});
