import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openssh } from '../../src/services/openssh.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, linesAt, probeOf, probesOf, realisationOf, type valuesOf } from './support.ts';

type Ssh =
  NonNullable<
    Extract<Parameters<typeof valuesOf>[0], { readonly services?: unknown }>['services']
  > extends infer Services
    ? Extract<Services, { readonly openssh?: unknown }>['openssh']
    : never;

const service = openssh as unknown as Service;
const withSsh = (more: object = {}) => ({ services: { openssh: { enable: true, ...more } as Ssh } }) as never;
const realised = (more: object = {}) => realisationOf(service, withSsh(more));
const config = (more: object = {}) => linesAt(realised(more), '/etc/ssh/sshd_config');
const keygen = (more: object = {}) => linesAt(realised(more), '/etc/systemd/system/sshd-keygen.service');
const probes = (more: object = {}) => probesOf(service, withSsh(more));

describe('off', () => {
  it('realises nothing and has no probe', () => {
    expect(realisationOf(service, {})).toEqual({});
    expect(probesOf(service, {})).toEqual([]);
  });
});

describe('sshd_config', () => {
  it('has the settings that NixOS has when nothing is said', () => {
    const lines = config();
    expect(lines).toEqual(
      expect.arrayContaining([
        'Port 22',
        'PasswordAuthentication yes',
        'KbdInteractiveAuthentication yes',
        'PermitRootLogin prohibit-password',
        'X11Forwarding no',
        'UsePAM yes',
        'LogLevel INFO',
        'Subsystem sftp internal-sftp',
        'AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u',
        'HostKey /etc/ssh/ssh_host_rsa_key',
        'HostKey /etc/ssh/ssh_host_ed25519_key',
      ]),
    );
    expect(lines.filter((line) => /^(Allow|Deny)/.test(line))).toEqual([]);
  });

  it.each([
    ['a boolean that is on', { UsePAM: true }, 'UsePAM yes'],
    ['a boolean that is off', { PasswordAuthentication: false }, 'PasswordAuthentication no'],
    ['a list of words', { AllowUsers: ['alice', 'bob'] }, 'AllowUsers alice bob'],
    ['a list that sshd wants with commas', { Ciphers: ['a@x', 'b@x'] }, 'Ciphers a@x,b@x'],
    ['a list of message codes', { Macs: ['m1', 'm2'] }, 'Macs m1,m2'],
    ['a number outside the typed settings', { MaxAuthTries: 3 }, 'MaxAuthTries 3'],
    ['a text', { PermitRootLogin: 'no' }, 'PermitRootLogin no'],
  ])('has %s', (_name, settings, line) => {
    const name = line.split(' ')[0] ?? '';
    expect(config({ settings }).filter((each) => each.startsWith(`${name} `))).toEqual([line]);
  });

  it('leaves a setting that is null to sshd', () => {
    expect(config({ settings: { LogLevel: null } }).filter((line) => line.startsWith('LogLevel'))).toEqual(
      [],
    );
  });

  it('has every port once, and addresses with and without one', () => {
    const lines = config({
      ports: [22, 2222, 22],
      listenAddresses: [{ addr: '10.0.0.1', port: 2022 }, { addr: '10.0.0.2' }],
    });
    expect(lines.filter((line) => line.startsWith('Port'))).toEqual(['Port 22', 'Port 2222']);
    expect(lines.filter((line) => line.startsWith('Listen'))).toEqual([
      'ListenAddress 10.0.0.1:2022',
      'ListenAddress 10.0.0.2',
    ]);
  });

  it('offers no SFTP when that is off, and ends with what is extra', () => {
    const lines = config({ allowSFTP: false, extraConfig: 'Match User git\n  PermitTTY no' });
    expect(lines.some((line) => line.startsWith('Subsystem'))).toBe(false);
    expect(lines.slice(-2)).toEqual(['Match User git', '  PermitTTY no']);
  });

  it('reads further files of keys besides the usual one', () => {
    expect(config({ authorizedKeysFiles: ['/etc/ssh/keys/%u'] })).toContain(
      'AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u /etc/ssh/keys/%u',
    );
  });
});

describe('the image', () => {
  it('runs the server under the name that NixOS has for it', () => {
    const made = realised();
    expect(made.packages).toEqual(['openssh-server']);
    expect(fileAt(made, '/etc/systemd/system/sshd.service')).toEqual({
      type: 'symlink',
      path: '/etc/systemd/system/sshd.service',
      target: '/lib/systemd/system/ssh.service',
    });
    expect(fileAt(made, '/etc/systemd/system/multi-user.target.wants/ssh.service')).toMatchObject({
      type: 'symlink',
    });
  });

  it('has no host key, and makes each declared one at boot before sshd starts', () => {
    const made = realised({
      hostKeys: [
        { type: 'rsa', bits: 3072, path: '/etc/ssh/r' },
        { type: 'ed25519', path: '/etc/ssh/e' },
      ],
    });
    expect(made.files?.some(({ path }) => ['/etc/ssh/r', '/etc/ssh/e'].includes(path))).toBe(false);
    const unit = linesAt(made, '/etc/systemd/system/sshd-keygen.service');
    expect(unit).toContain('Before=ssh.service');
    // The unit is left out only when every key is there: conditions with | are joined by or.
    expect(unit.filter((line) => line.startsWith('Condition'))).toEqual([
      'ConditionFileNotEmpty=|!/etc/ssh/r',
      'ConditionFileNotEmpty=|!/etc/ssh/e',
    ]);
    expect(unit.filter((line) => line.startsWith('ExecStart'))).toEqual([
      `ExecStart=/bin/sh -c "test -s /etc/ssh/r || ssh-keygen -q -t rsa -b 3072 -N '' -f /etc/ssh/r"`,
      `ExecStart=/bin/sh -c "test -s /etc/ssh/e || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/e"`,
    ]);
    expect(fileAt(made, '/etc/systemd/system/multi-user.target.wants/sshd-keygen.service')).toMatchObject({
      target: '/etc/systemd/system/sshd-keygen.service',
    });
  });

  it('has no unit for keys when none is declared: systemd refuses a service that does nothing', () => {
    expect(keygen({ hostKeys: [] })).toEqual([]);
    expect(
      fileAt(realised({ hostKeys: [] }), '/etc/systemd/system/multi-user.target.wants/sshd-keygen.service'),
    ).toBeUndefined();
  });
});

describe('probes', () => {
  it('ask for the unit, each port from inside and outside, the ways to log in, and a clean image', () => {
    expect(idsOf(probes({ ports: [22, 2222] })).filter((id) => !id.includes('/setting-'))).toEqual([
      'openssh/unit',
      'openssh/listens-22',
      'openssh/answers-22',
      'openssh/listens-2222',
      'openssh/answers-2222',
      'openssh/login-methods',
      'openssh/host-key-0',
      'openssh/host-key-0-mode',
      'openssh/host-key-1',
      'openssh/host-key-1-mode',
      'openssh/no-host-key',
    ]);
  });

  it('hold a private key to the mode without which sshd does not take it', () => {
    expect(probeOf(probes({}), 'openssh/host-key-0-mode')).toMatchObject({
      params: { path: '/etc/ssh/ssh_host_rsa_key', type: 'file', mode: '600', user: 'root', group: 'root' },
      proves: ['services.openssh.hostKeys'],
      after: ['openssh/host-key-0'],
    });
  });

  it('ask for a port once, however often it is declared', () => {
    expect(idsOf(probes({ ports: [22, 22] })).filter((id) => id.includes('-22'))).toEqual([
      'openssh/listens-22',
      'openssh/answers-22',
    ]);
  });

  it("ask on sshd's own port when none is declared", () => {
    expect(probeOf(probes({ ports: [] }), 'openssh/listens-22').params).toEqual({ port: 22 });
  });

  it.each<[string, object, object, boolean]>([
    ['opened by the service', {}, {}, true],
    ['not opened', { openFirewall: false }, {}, false],
    ['not opened, for no port is declared', { ports: [] }, {}, false],
    ['opened by the machine', { openFirewall: false }, { allowedTCPPorts: [22] }, true],
    ['on a trusted interface', { openFirewall: false }, { trustedInterfaces: ['enp6s18'] }, true],
    ['without a firewall', { openFirewall: false }, { enable: false }, true],
  ])('look from outside only at a port that is reached from there: %s', (_name, own, firewall, seen) => {
    const ids = idsOf(
      probesOf(service, {
        services: { openssh: { enable: true, ...own } },
        networking: { firewall },
      }),
    );
    expect(ids).toContain('openssh/listens-22');
    expect(ids.includes('openssh/answers-22')).toBe(seen);
    expect(ids.includes('openssh/login-methods')).toBe(seen);
  });

  it('log in on the first port, after it has answered', () => {
    const login = probeOf(probes({ ports: [2222, 22] }), 'openssh/login-methods');
    expect(login.params).toMatchObject({ port: 2222 });
    expect(login.after).toEqual(['openssh/answers-2222']);
  });

  it.each([
    [false, false, ['password', 'keyboard-interactive'], ['publickey']],
    [true, false, ['keyboard-interactive'], ['publickey', 'password']],
    [false, true, ['password'], ['publickey', 'keyboard-interactive']],
    [true, true, [], ['publickey', 'password', 'keyboard-interactive']],
    [null, null, [], ['publickey']],
  ])('expect what the settings say: password %s, keyboard %s', (password, keyboard, refused, offered) => {
    const settings = { PasswordAuthentication: password, KbdInteractiveAuthentication: keyboard };
    const login = probeOf(probes({ settings }), 'openssh/login-methods');
    expect(login.params).toEqual({ port: 22, refused, offered });
    expect(login.proves).toEqual([
      'services.openssh.settings.PasswordAuthentication',
      'services.openssh.settings.KbdInteractiveAuthentication',
    ]);
  });

  it('ask sshd for each setting that is not left to it, each by its own option', () => {
    const settings = { LogLevel: null, AllowUsers: ['alice', 'bob'], MaxAuthTries: 3 };
    const all = probes({ settings });
    expect(idsOf(all)).not.toContain('openssh/setting-LogLevel');
    expect(idsOf(all)).not.toContain('openssh/setting-DenyUsers');
    expect(probeOf(all, 'openssh/setting-AllowUsers')).toMatchObject({
      params: { setting: 'AllowUsers', words: ['alice', 'bob'] },
      proves: ['services.openssh.settings.AllowUsers'],
      after: ['openssh/unit'],
    });
    expect(probeOf(all, 'openssh/setting-MaxAuthTries').params).toMatchObject({ words: ['3'] });
    expect(probeOf(all, 'openssh/setting-UsePAM').params).toMatchObject({ words: ['yes'] });
  });

  it('ask sshd for further files of keys only where there are any', () => {
    expect(idsOf(probes())).not.toContain('openssh/setting-AuthorizedKeysFile');
    const more = probes({ authorizedKeysFiles: ['/etc/ssh/keys/%u'] });
    expect(probeOf(more, 'openssh/setting-AuthorizedKeysFile')).toMatchObject({
      params: { words: ['%h/.ssh/authorized_keys', '/etc/ssh/authorized_keys.d/%u', '/etc/ssh/keys/%u'] },
      proves: ['services.openssh.authorizedKeysFiles'],
    });
  });

  it.each([
    [{ type: 'ed25519' }, '256 SHA256:abc/+ root@box (ED25519)', true],
    [{ type: 'ed25519' }, '3072 SHA256:abc root@box (RSA)', false],
    [{ type: 'rsa', bits: 4096 }, '4096 SHA256:abc no comment (RSA)', true],
    [{ type: 'rsa', bits: 4096 }, '3072 SHA256:abc root@box (RSA)', false],
    [{ type: 'ed25519' }, '', false],
  ])('take a key of %o from the line %j: %s', (key, line, holds) => {
    const probe = probeOf(probes({ hostKeys: [{ ...key, path: '/k' }] }), 'openssh/host-key-0');
    expect(probe.proves).toEqual(['services.openssh.hostKeys']);
    const { command, output } = probe.params as { readonly command: string; readonly output: string };
    const here = command.replace('ssh-keygen -l -f /k', `printf '%s' '${line}'`);
    expect(execFileSync('/bin/sh', ['-c', here], { encoding: 'utf8' }).trim() === output).toBe(holds);
  });

  it('claim no key by a clean image, and no server by a listener alone', () => {
    expect(probeOf(probes(), 'openssh/no-host-key').proves).toEqual([]);
    expect(probeOf(probes(), 'openssh/listens-22').proves).toEqual(['services.openssh.ports']);
  });

  it('say what is offered where nothing is refused', () => {
    expect(probeOf(probes(), 'openssh/login-methods').title).toBe(
      'SSH offers login by publickey and by password and by keyboard-interactive',
    );
    const settings = { PasswordAuthentication: false };
    expect(probeOf(probes({ settings }), 'openssh/login-methods').title).toBe(
      'SSH refuses login by password',
    );
  });
});
