import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { pkgs } from '../../src/nix/reference.ts';
import type { Service } from '../../src/services/service.ts';
import { usersAndGroups } from '../../src/services/users.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

type Definitions = Parameters<typeof probesOf>[1];

const service = usersAndGroups as unknown as Service;
const script = '/usr/local/sbin/make-declared-users';
const people = (users: object, groups: object = {}): Definitions => ({ users: { users, groups } }) as never;
const alice = (definitions: object = {}) => people({ alice: { isNormalUser: true, ...definitions } });
const ids = (definitions: Definitions) => idsOf(probesOf(service, definitions));
const commands = (definitions: Definitions) => linesAt(realisationOf(service, definitions), script);
const clean = ['users/no-authorized-key', 'users/no-login-password'];

describe('the image', () => {
  it('is proven to carry neither key nor password when none is declared', () => {
    expect(ids({})).toEqual(clean);
    expect(ids(alice())).toEqual(expect.arrayContaining(clean));
  });

  it('may carry a key that was declared, and no other', () => {
    for (const keys of [{ keys: ['ssh-ed25519 AAAA alice'] }, { keyFiles: ['/etc/keys/alice'] }]) {
      const probes = probesOf(service, alice({ openssh: { authorizedKeys: keys } }));
      expect(probeOf(probes, 'users/no-authorized-key').params).toEqual({
        check: 'no authorized key',
        declared: ['/etc/ssh/authorized_keys.d/alice'],
      });
    }
  });

  it.each(['hashedPassword', 'initialHashedPassword'])('may carry a password by %s, and no other', (name) => {
    const probes = probesOf(service, alice({ [name]: '$y$j9T$salt$hash' }));
    expect(probeOf(probes, 'users/no-login-password').params).toEqual({
      check: 'no login password',
      declared: ['alice'],
    });
  });

  it('carries no password that lies in a file on the machine', () => {
    expect(ids(alice({ hashedPasswordFile: '/run/secrets/alice' }))).toEqual(expect.arrayContaining(clean));
  });

  it('is left as its packages make it when nobody is declared', () => {
    expect(realisationOf(service, {})).toEqual({});
  });
});

describe('the script that makes users', () => {
  it('makes a person as NixOS does: in the group users, with a home and bash', () => {
    const lines = commands(alice());
    const user = lines.find((line) => line.includes('useradd'));
    expect(user).toContain(
      "useradd --no-log-init --no-create-home --comment '' --gid users --groups '' --shell /bin/bash --home-dir /home/alice alice",
    );
    expect(lines).toContain('install -d -m 0700 -o alice -g users /home/alice');
  });

  it('makes the user of a service without a home or a shell', () => {
    const lines = commands(people({ indexer: { isSystemUser: true, group: 'media' } })).join('\n');
    expect(lines).toMatch(
      /useradd .* --system .*--gid media .*--shell \/usr\/sbin\/nologin --home-dir \/var\/empty/,
    );
    expect(lines).not.toContain('install -d');
  });

  it('makes groups before users, those that only a user names too', () => {
    const lines = commands(
      people(
        { alice: { isNormalUser: true, extraGroups: ['lab'] } },
        { media: { gid: 2000, members: ['alice'] } },
      ),
    );
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    expect(at('groupadd --system lab')).toBeGreaterThan(0);
    expect(at('groupadd --non-unique --gid 2000 media')).toBeGreaterThan(0);
    expect(at('--groups lab,media')).toBeGreaterThan(Math.max(at('groupadd --system lab'), at('2000 media')));
  });

  it("puts a package's user into a declared group, if there is one", () => {
    expect(commands(people({}, { media: { members: ['www-data'] } })).at(-1)).toBe(
      'if getent passwd www-data >/dev/null; then usermod --append --groups media www-data; fi',
    );
  });

  it('sets a password once where users may change theirs, and always where not', () => {
    const times = (mutableUsers: boolean) =>
      commands({
        users: { mutableUsers, users: { alice: { isNormalUser: true, hashedPassword: '$6$s$h' } } },
      })
        .join('\n')
        .split("--password '$6$s$h'").length - 1;
    expect(times(true)).toBe(1);
    expect(times(false)).toBe(2);
  });

  it('lets root keep shell, home and description unless they are declared', () => {
    const line = commands(people({ root: { hashedPassword: '$6$s$h' } })).find((each) =>
      each.includes('usermod'),
    );
    expect(line).toBe(
      "usermod --gid root --groups '' --shell /bin/bash --home /root --password '$6$s$h' root",
    );
  });

  it('is one that a shell can read, whatever a user is called', () => {
    const lines = commands(alice({ description: "Alice O'Hara; $(reboot)" }));
    expect(lines.join('\n')).toContain(`--comment 'Alice O'\\''Hara; $(reboot)'`);
    execFileSync('/bin/sh', ['-n'], { input: lines.join('\n') });
  });

  it('is readable by root alone, and runs before anything needs a user', () => {
    const realisation = realisationOf(service, alice());
    expect(fileAt(realisation, script)).toMatchObject({ mode: 0o700 });
    expect(linesAt(realisation, '/etc/systemd/system/declared-users.service')).toContain(
      'Before=sysinit.target systemd-tmpfiles-setup.service shutdown.target',
    );
    expect(
      fileAt(realisation, '/etc/systemd/system/sysinit.target.wants/declared-users.service'),
    ).toMatchObject({ target: '/etc/systemd/system/declared-users.service' });
  });
});

describe('shells', () => {
  it.each([
    [pkgs['zsh'], '/usr/bin/zsh', 'zsh'],
    [pkgs['fish'], '/usr/bin/fish', 'fish'],
    [pkgs['bashInteractive'], '/bin/bash', undefined],
    ['/run/current-system/sw/bin/zsh', '/usr/bin/zsh', 'zsh'],
    ['/bin/dash', '/bin/dash', undefined],
  ])('%# are those of Debian', (shell, path, brought) => {
    const realisation = realisationOf(service, alice({ shell }));
    expect(linesAt(realisation, script).join('\n')).toContain(`--shell ${path} `);
    expect(realisation.packages).toEqual(['passwd', ...(brought === undefined ? [] : [brought]), 'sudo']);
    expect(probeOf(probesOf(service, alice({ shell })), 'users/alice-shell')).toMatchObject({
      params: { field: 'shell', value: path.split('/').at(-1) },
      proves: ['users.users.alice.shell'],
    });
  });

  it('that Debian does not have stay unproven', () => {
    const probes = probesOf(service, alice({ shell: pkgs['nushell'] }));
    expect(probes.flatMap(({ proves }) => proves)).not.toContain('users.users.alice.shell');
  });

  it('that let nobody in are not tried', () => {
    expect(ids(alice({ shell: pkgs['shadow'] }))).not.toContain('users/alice-login');
  });
});

describe('keys', () => {
  const withKeys = alice({
    openssh: { authorizedKeys: { keys: ['ssh-ed25519 AAAA a', 'ssh-ed25519 BBBB b'] } },
  });

  it('are in the file that NixOS has them in', () => {
    const realisation = realisationOf(service, withKeys);
    expect(fileAt(realisation, '/etc/ssh/authorized_keys.d/alice')).toMatchObject({
      mode: 0o444,
      text: 'ssh-ed25519 AAAA a\nssh-ed25519 BBBB b\n',
    });
  });

  it('are looked at with their mode', () => {
    const probes = probesOf(service, withKeys);
    expect(probeOf(probes, 'users/alice-keys').params).toEqual({
      command: "grep -v '^$' /etc/ssh/authorized_keys.d/alice",
      output: 'ssh-ed25519 AAAA a\nssh-ed25519 BBBB b',
    });
    expect(probeOf(probes, 'users/alice-keys-mode').params).toMatchObject({ mode: '444', user: 'root' });
  });

  it('that come from files too are known to Nix alone', () => {
    const both = { keys: ['ssh-ed25519 AAAA a'], keyFiles: ['/etc/keys/alice'] };
    expect(ids(alice({ openssh: { authorizedKeys: both } }))).not.toContain('users/alice-keys');
  });
});

describe('probes of a user', () => {
  it('name one option each, and nothing that was not declared', () => {
    const claims = probesOf(service, alice({ uid: 1100, description: 'Alice', extraGroups: ['lab'] })).map(
      ({ id, proves }) => [id, proves] as const,
    );
    const of = (...names: string[]) => names.map((name) => `users.users.alice.${name}`);
    expect(Object.fromEntries(claims)).toMatchObject({
      'users/alice-kind': of('isNormalUser'),
      'users/alice-uid': of('uid'),
      'users/alice-description': of('description'),
      'users/alice-group': of('group'),
      'users/alice-extra-groups': of('extraGroups'),
      'users/alice-home': of('home'),
      'users/alice-home-folder': of('createHome'),
      'users/alice-login': of('isNormalUser', 'home'),
    });
    expect(idsOf(probesOf(service, alice()))).not.toContain('users/alice-uid');
    for (const path of claims.flatMap(([, proves]) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('tell a password by a hash of its hash, and never show it', () => {
    const probe = probeOf(
      probesOf(service, alice({ hashedPassword: '$6$salt$secret' })),
      'users/alice-password',
    );
    expect(JSON.stringify(probe)).not.toContain('secret');
    const { output } = probe.params as { output: string };
    const printed = execFileSync('/bin/sh', ['-c', "printf '%s' '$6$salt$secret' | sha256sum | cut -c1-64"]);
    expect(String(printed).trim()).toBe(output);
    expect(probe.proves).toEqual(['users.users.alice.hashedPassword']);
  });

  it('look at groups with ids and members', () => {
    const probes = probesOf(service, people({}, { media: { gid: 2000, members: ['www-data'] } }));
    expect(probeOf(probes, 'users/group-media')).toMatchObject({
      params: { group: 'media', gid: 2000, members: ['www-data'] },
      proves: expect.arrayContaining(['users.groups.media.gid', 'users.groups.media.members']),
    });
  });
});

it('has a part in the NixOS test', () => {
  const text = makeTestFile([service]);
  expect(text).toContain('every declared user is there');
  expect(text).toContain('machine.succeed("visudo -c")');
});
