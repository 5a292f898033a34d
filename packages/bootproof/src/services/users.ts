import { nix, text } from '../nix/expression.ts';
import { imageClean } from '../probes/kinds/image-clean.ts';
import type { Probe } from '../probes/probe.ts';
import { eachString } from './nixos-test.ts';
import { defineService } from './service.ts';
import { accountProbes } from './users/account-probes.ts';
import { type Accounts, extraGroupsOf, keyFileOf, passwordOf, realiseAccounts } from './users/accounts.ts';
import { userOptions } from './users/options.ts';
import { noSudoProbe, realiseSudo, type Sudo, sudoCommands, sudoOptions, sudoProbes } from './users/sudo.ts';

/** Who may use the machine. */
export const usersAndGroups = defineService({
  name: 'users',
  description: 'Users, groups and sudo.',
  options: { users: userOptions, security: { sudo: sudoOptions } },

  realise({ users, security: { sudo } }) {
    if (!hasSudo(users, sudo)) return realiseAccounts(users);
    const rights = realiseSudo(sudo);
    const accounts = realiseAccounts(users, sudoCommands(sudo));
    return {
      packages: [...(accounts.packages ?? []), ...(rights.packages ?? [])],
      files: [...(accounts.files ?? []), ...(rights.files ?? [])],
    };
  },

  probes({ users, security: { sudo } }) {
    const { person, stranger } = peopleOf(users);
    return [
      ...cleanProbes(users),
      ...accountProbes(users),
      ...(hasSudo(users, sudo) ? sudoProbes(sudo, person, stranger) : []),
      ...(sudo.enable ? [] : [noSudoProbe()]),
    ];
  },

  nixosTest: ({ users, security: { sudo } }) => ({
    steps: [
      {
        title: 'every declared user is there',
        lines: [
          eachString(
            'user',
            nix`map (user: user.name) (
              lib.filter (user: user.isNormalUser && user.enable or true) (lib.attrValues ${users.users})
            )`,
            (user) => text`machine.succeed("id " + ${user})`,
          ),
        ],
      },
      {
        title: 'the rules of sudo are valid',
        when: sudo.enable,
        lines: ['machine.succeed("visudo -c")'],
      },
    ],
  }),
});

/** sudo is on by default, and of no use where root is the only user: it comes with the first rule or the first person. */
function hasSudo(users: Accounts, sudo: Sudo): boolean {
  const isOwn = !sudo.wheelNeedsPassword || sudo.execWheelOnly || sudo.extraConfig !== '';
  const others = Object.keys(users.users).some((name) => name !== 'root');
  return sudo.enable && (isOwn || others);
}

/** Who tries sudo: a person in wheel, and one outside of it. */
function peopleOf(users: Accounts): { person: string | undefined; stranger: string | undefined } {
  const people = Object.keys(users.users).filter((name) => users.users[name]?.isNormalUser);
  const isInWheel = (name: string): boolean => extraGroupsOf(name, users).includes('wheel');
  return { person: people.find(isInWheel), stranger: people.find((name) => !isInWheel(name)) };
}

/** What no image carries unless it was declared: a key or a password for somebody. */
function cleanProbes({ users }: Accounts): Probe[] {
  const namesOf = (has: (user: Accounts['users'][string]) => boolean): string[] =>
    Object.entries(users).flatMap(([name, user]) => (has(user) ? [name] : []));
  const withKeys = namesOf(
    ({ openssh: { authorizedKeys } }) => authorizedKeys.keys.length + authorizedKeys.keyFiles.length > 0,
  );
  const withPasswords = namesOf((user) => passwordOf(user) !== null);
  const clean = (
    id: string,
    check: Parameters<typeof imageClean.title>[0]['check'],
    declared: readonly string[],
  ): Probe =>
    imageClean.probe({
      id,
      params: declared.length === 0 ? { check } : { check, declared },
      // That nobody else got one: no option declares it.
      proves: [],
    });
  return [
    clean('users/no-authorized-key', 'no authorized key', withKeys.map(keyFileOf)),
    clean('users/no-login-password', 'no login password', withPasswords),
  ];
}
