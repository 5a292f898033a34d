/** What of declared users and groups is looked at, and which option each look is about. */

import { createHash } from 'node:crypto';
import { attrNameText } from '../../nix/show.ts';
import { otherHome, otherShell, userMissing } from '../../probes/account-faults.ts';
import { literally, ownCopy, setField } from '../../probes/fault-commands.ts';
import { type AccountField, account } from '../../probes/kinds/account.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { fileStatus } from '../../probes/kinds/file.ts';
import { group } from '../../probes/kinds/group.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { type Accounts, keyFileOf, passwordOf, type User } from './accounts.ts';
import { debianShell } from './shells.ts';

/** The probes of every declared user and group. */
export const accountProbes = (accounts: Accounts): Probe[] => [
  ...Object.entries(accounts.users).flatMap(([name, user]) => userProbes(name, user)),
  ...Object.entries(accounts.groups).map(([name, { gid, members }]) =>
    group.probe({
      id: `users/group-${name}`,
      params: { group: name, gid, members },
      proves: [
        `users.groups.${attrNameText(name)}`,
        ...['gid', 'members'].map((each) => `users.groups.${attrNameText(name)}.${each}`),
      ],
    }),
  ),
];

const optionOf = (name: string, option: string): string => `users.users.${attrNameText(name)}.${option}`;

function userProbes(name: string, user: User): Probe[] {
  // An empty or absent value was not declared, or is known to Nix alone.
  const field = (what: AccountField, option: string, value: string | number | null): Probe[] =>
    value === null || value === ''
      ? []
      : [
          account.probe({
            id: `users/${name}-${what.replace(' ', '-')}`,
            params: { user: name, field: what, value: String(value) },
            proves: [optionOf(name, option)],
          }),
        ];
  const kind = user.isNormalUser ? 'isNormalUser' : 'isSystemUser';
  return [
    ...field('kind', kind, user.isNormalUser ? 'normal user' : 'system user'),
    ...field('uid', 'uid', user.uid),
    ...field('description', 'description', user.description),
    ...field('group', 'group', user.group),
    ...field('extra groups', 'extraGroups', user.extraGroups.join(',')),
    ...field('home', 'home', user.home),
    ...field('shell', 'shell', shellName(user)),
    ...homeProbes(name, user),
    ...keyProbes(name, user),
    ...passwordProbes(name, user),
  ];
}

/** The program's name, which is the same on NixOS and on Debian; null where it is not known. */
function shellName({ shell }: User): string | null {
  const path = shell === null ? undefined : debianShell(shell)?.path;
  return path?.split('/').at(-1) ?? null;
}

/** NixOS's own mode of a home is 700: nixos/modules/config/users-groups.nix, homeMode. */
function homeProbes(name: string, user: User): Probe[] {
  const { createHome, home, group: first, isNormalUser } = user;
  if (!createHome || home === null || (first ?? '') === '') return [];
  const folder = fileStatus.probe({
    id: `users/${name}-home-folder`,
    params: { path: home, type: 'folder', mode: '700', user: name, group: first },
    proves: [optionOf(name, 'createHome')],
  });
  const shell = shellName(user);
  if (!isNormalUser || shell === 'nologin' || shell === 'false') return [folder];
  const login = commandOutput.probe({
    id: `users/${name}-login`,
    params: { command: `PATH="/run/wrappers/bin:$PATH" su -l ${quote(name)} -c pwd`, output: home },
    title: `the login shell of ${name} starts in ${home}`,
    proves: ['isNormalUser', 'home', ...(shell === null ? [] : ['shell'])].map((each) =>
      optionOf(name, each),
    ),
    after: [`users/${name}-kind`],
    faults: loginFaults(name, shell ?? ''),
  });
  return [folder, login];
}

/** What makes a login another one: the same faults as those of the fields that it follows from. */
const loginFaults = (name: string, shell: string): ProbeFault[] => [
  ...(name === 'root' ? [] : [{ ...userMissing(name), seen: `user ${literally(name)} does not exist` }]),
  // The shell starts where su was.
  { ...otherHome(name), seen: '^/(root)?$' },
  { ...otherShell(name, shell), seen: 'account is currently not available' },
];

/** sshd refuses keys in a file that others may write. NixOS's own file is a link into its store, of mode 444. */
function keyProbes(name: string, { openssh: { authorizedKeys } }: User): Probe[] {
  const { keys, keyFiles } = authorizedKeys;
  // Where there are files of keys too, the whole text is known to Nix alone.
  if (keys.length === 0 || keyFiles.length > 0) return [];
  const path = keyFileOf(name);
  const proves = [optionOf(name, 'openssh.authorizedKeys.keys')];
  return [
    commandOutput.probe({
      id: `users/${name}-keys`,
      // NixOS leaves an empty line after the keys.
      params: { command: `grep -v '^$' ${quote(path)}`, output: keys.join('\n').trimEnd() },
      title: `the keys of ${name} are the declared ones`,
      proves,
      faults: keyFaults(name, path),
    }),
    fileStatus.probe({
      id: `users/${name}-keys-mode`,
      params: { path, type: 'file', mode: '444', user: 'root', group: 'root' },
      proves,
    }),
  ];
}

/** A key of somebody else, in the place of the declared ones and beside them; and none. */
function keyFaults(name: string, path: string): ProbeFault[] {
  const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} mutation`;
  const place = quote(path);
  return [
    {
      id: `key-other/${name}`,
      title: `another key logs in as ${name}`,
      commands: [ownCopy(path), `echo ${quote(key)} > ${place}`],
      seen: `^${literally(key)}$`,
    },
    {
      id: `key-added/${name}`,
      title: `one key more logs in as ${name}`,
      commands: [ownCopy(path), `echo ${quote(key)} >> ${place}`],
      seen: `\\n${literally(key)}$`,
    },
    {
      id: `key-missing/${name}`,
      title: `no key logs in as ${name}`,
      commands: [ownCopy(path), `: > ${place}`],
      // grep found no line.
      seen: '^exit status 1: $',
    },
  ];
}

/** Told by a hash of the hash, so that no report carries what passwords can be guessed from. */
function passwordProbes(name: string, user: User): Probe[] {
  const hash = passwordOf(user);
  if (hash === null) return [];
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const none = '*';
  return [
    commandOutput.probe({
      id: `users/${name}-password`,
      params: {
        command: `getent shadow ${quote(name)} | cut -d: -f2 | tr -d '\\n' | sha256sum | cut -c1-64`,
        output: digest(hash),
      },
      title: `the password of ${name} is the declared one`,
      proves: [optionOf(name, user.hashedPassword === null ? 'initialHashedPassword' : 'hashedPassword')],
      faults: [
        {
          id: `password-none/${name}`,
          title: `${name} has no password`,
          commands: setField('/etc/shadow', name, 2, none),
          seen: `^${digest(none)}$`,
        },
      ],
    }),
  ];
}
