/** Users and groups on a Debian base: a script that makes them as they are declared, at every boot. */

import type { ResolvedOf } from '../../options/option.ts';
import { quote } from '../../probes/shell.ts';
import type { ImageFile } from '../recipe.ts';
import { type Realisation, textFile, wantedBy } from '../service.ts';
import type { userOptions } from './options.ts';
import { debianShell } from './shells.ts';

export type Accounts = ResolvedOf<typeof userOptions>;
export type User = Accounts['users'][string];

/** A user's groups besides the first, whichever side declares them. */
export function extraGroupsOf(name: string, { users, groups }: Accounts): string[] {
  const named = Object.entries(groups).flatMap(([group, { members }]) =>
    members.includes(name) ? [group] : [],
  );
  return [...new Set([...(users[name]?.extraGroups ?? []), ...named])];
}

/** The hash that a user is made with: what is set for good counts more than what is set at first. */
export const passwordOf = ({ hashedPassword, initialHashedPassword }: User): string | null =>
  hashedPassword ?? initialHashedPassword;

/** What of a declared value is known; a value that only Nix knows leaves a gap. */
const homeOf = (name: string, { home }: User): string => home ?? `/home/${name}`;
const groupOf = ({ group, isNormalUser }: User): string =>
  (group ?? '') === '' ? (isNormalUser ? 'users' : 'nogroup') : group;

/** NixOS gives people and root bash and others no shell, unless told. */
function shellOf(name: string, { shell, isNormalUser }: User): string {
  const byKind = isNormalUser || name === 'root' ? '/bin/bash' : '/usr/sbin/nologin';
  return shell === null ? byKind : (debianShell(shell)?.path ?? byKind);
}

/** The folder of keys that sshd reads besides those in homes: nixos/modules/services/networking/ssh/sshd.nix. */
export const keyFileOf = (name: string): string => `/etc/ssh/authorized_keys.d/${name}`;

const unitName = 'declared-users.service';
const script = '/usr/local/sbin/make-declared-users';

/**
 * The packages, the script and the unit that runs it before anything needs a user. Without a declared user or group,
 * nothing.
 *
 * @param more commands for after the users, such as a change of owner
 */
export function realiseAccounts(accounts: Accounts, more: readonly string[] = []): Realisation {
  const names = Object.keys(accounts.users);
  if (names.length + Object.keys(accounts.groups).length + more.length === 0) return {};
  const shells = Object.values(accounts.users).flatMap(({ shell }) => debianShell(shell)?.package ?? []);
  return {
    packages: ['passwd', ...new Set(shells)],
    files: [
      // It holds hashes of passwords, which are root's business alone.
      textFile(script, [...accountScript(accounts), ...more], 0o700),
      textFile(`/etc/systemd/system/${unitName}`, unitLines),
      wantedBy('sysinit.target', unitName, '/etc/systemd/system'),
      ...keyFiles(accounts),
    ],
  };
}

const unitLines = [
  '[Unit]',
  'Description=Declared users and groups',
  'DefaultDependencies=no',
  'Conflicts=shutdown.target',
  'After=local-fs.target systemd-sysusers.service',
  'Before=sysinit.target systemd-tmpfiles-setup.service shutdown.target',
  '',
  '[Service]',
  'Type=oneshot',
  'RemainAfterExit=yes',
  `ExecStart=${script}`,
];

const keyFiles = ({ users }: Accounts): ImageFile[] =>
  Object.entries(users).flatMap(([name, { openssh }]) => {
    const { keys } = openssh.authorizedKeys;
    return keys.length === 0 ? [] : [textFile(keyFileOf(name), keys, 0o444)];
  });

/** As NixOS does when it starts: what is missing is made, what is there is brought to what is declared. */
function accountScript(accounts: Accounts): string[] {
  const { users, groups } = accounts;
  const wanted = new Set([
    ...Object.values(users).map(groupOf),
    ...Object.keys(users).flatMap((name) => extraGroupsOf(name, accounts)),
    ...Object.keys(groups),
  ]);
  const guests = Object.entries(groups).flatMap(([group, { members }]) =>
    members.filter((member) => users[member] === undefined).map((member) => [group, member] as const),
  );
  return [
    '#!/bin/sh',
    'set -e',
    ...[...wanted].flatMap((name) => groupLines(name, groups[name]?.gid ?? null)),
    ...Object.keys(users).flatMap((name) => userLines(name, accounts)),
    // A member that is nobody's declaration is a package's user, or nobody at all.
    ...guests.map(
      ([group, member]) =>
        `if getent passwd ${quote(member)} >/dev/null; then usermod --append --groups ${quote(group)} ${quote(member)}; fi`,
    ),
  ];
}

function groupLines(name: string, gid: number | null): string[] {
  const word = quote(name);
  const present = `getent group ${word} >/dev/null`;
  if (gid === null) return [`${present} || groupadd --system ${word}`];
  return [
    // An id that one of Debian's own groups has may be shared, since files go by the id.
    `if ${present}; then groupmod --non-unique --gid ${gid} ${word}; else groupadd --non-unique --gid ${gid} ${word}; fi`,
  ];
}

function userLines(name: string, accounts: Accounts): string[] {
  const user = accounts.users[name];
  if (user === undefined) return [];
  const [word, home, group] = [quote(name), homeOf(name, user), groupOf(user)];
  const hash = passwordOf(user);
  const password = hash === null ? '' : ` --password ${quote(hash)}`;
  const common = [
    ...(user.uid === null ? [] : [`--non-unique --uid ${user.uid}`]),
    ...(name === 'root' && user.description === '' ? [] : [`--comment ${quote(user.description)}`]),
    `--gid ${quote(group)}`,
    `--groups ${quote(extraGroupsOf(name, accounts).join(','))}`,
    `--shell ${quote(shellOf(name, user))}`,
  ].join(' ');
  const kind = user.isNormalUser ? '' : ' --system';
  const create = `useradd --no-log-init --no-create-home${kind} ${common} --home-dir ${quote(home)}${password} ${word}`;
  // root is there from the start, and gets the declared password with the first boot all the same.
  const again = accounts.mutableUsers && name !== 'root' ? '' : password;
  const change = `usermod ${common} --home ${quote(home)}${again} ${word}`;
  return [
    name === 'root' ? change : `if getent passwd ${word} >/dev/null; then ${change}; else ${create}; fi`,
    ...(user.createHome ? [`install -d -m 0700 -o ${word} -g ${quote(group)} ${quote(home)}`] : []),
  ];
}
