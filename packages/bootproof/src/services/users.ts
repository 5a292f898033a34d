import { nix, text } from '../nix/expression.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { imageClean } from '../probes/kinds/image-clean.ts';
import { eachString } from './nixos-test.ts';
import { defineService, notRealised } from './service.ts';

const users = 'nixos/modules/config/users-groups.nix';
const sudo = 'nixos/modules/security/sudo.nix';
const noUsers = notRealised('the stand-in has root and the users of its packages alone');
const noSudo = notRealised('the stand-in has no sudo');

const user = types.submodule({
  isNormalUser: option({
    type: types.bool,
    default: false,
    description: 'Whether this is a person: with a home folder, the group users and a login shell.',
    source: users,
    verdict: noUsers,
  }),
  isSystemUser: option({
    type: types.bool,
    default: false,
    description: 'Whether this is the user of a service.',
    source: users,
    verdict: noUsers,
  }),
  uid: option({
    type: types.nullOr(types.int),
    default: null,
    example: 1000,
    description: 'The user id; null: chosen when the user is made.',
    source: users,
    verdict: noUsers,
  }),
  description: option({
    type: types.str,
    default: '',
    example: 'Alice Q. User',
    description: "The user's full name.",
    source: users,
    verdict: noUsers,
  }),
  group: option({
    type: types.str,
    default: '',
    description: "The user's first group.",
    source: users,
    verdict: noUsers,
  }),
  extraGroups: option({
    type: types.listOf(types.str),
    default: [],
    example: ['wheel'],
    description: 'Further groups of the user.',
    source: users,
    verdict: noUsers,
  }),
  home: option({
    type: types.str,
    default: '/var/empty',
    description: "The user's home folder.",
    source: users,
    verdict: noUsers,
  }),
  createHome: option({
    type: types.bool,
    default: false,
    description: 'Whether the home folder is made when it is missing.',
    source: users,
    verdict: noUsers,
  }),
  shell: option({
    type: types.nullOr(types.oneOf([types.package, types.str])),
    default: null,
    description: "The user's login shell; null: that of the machine.",
    source: users,
    verdict: noUsers,
  }),
  hashedPassword: option({
    type: types.nullOr(types.passwdEntry(types.str)),
    default: null,
    description: 'The hash of the password as mkpasswd prints it; null: no login by password.',
    source: users,
    verdict: noUsers,
  }),
  hashedPasswordFile: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'A file that holds the hash of the password.',
    source: users,
    verdict: noUsers,
  }),
  initialHashedPassword: option({
    type: types.nullOr(types.passwdEntry(types.str)),
    default: null,
    description: 'The hash of the password that the user is made with; it may be changed later.',
    source: users,
    verdict: noUsers,
  }),
  packages: option({
    type: types.listOf(types.package),
    default: [],
    description: 'Packages for this user alone.',
    source: users,
    verdict: noUsers,
  }),
  openssh: {
    authorizedKeys: {
      keys: option({
        type: types.listOf(types.singleLineStr),
        default: [],
        description: 'Public keys that may log in as this user.',
        source: 'nixos/modules/services/networking/ssh/sshd.nix',
        verdict: noUsers,
      }),
      keyFiles: option({
        type: types.listOf(types.path),
        default: [],
        description: 'Files with public keys that may log in as this user.',
        source: 'nixos/modules/services/networking/ssh/sshd.nix',
        verdict: noUsers,
      }),
    },
  },
});

const group = types.submodule({
  gid: option({
    type: types.nullOr(types.int),
    default: null,
    description: 'The group id; null: chosen when the group is made.',
    source: users,
    verdict: noUsers,
  }),
  members: option({
    type: types.listOf(types.passwdEntry(types.str)),
    default: [],
    description: 'Members of the group, besides users who name it themselves.',
    source: users,
    verdict: noUsers,
  }),
});

const options = {
  users: {
    mutableUsers: option({
      type: types.bool,
      default: true,
      description:
        'Whether users may be changed while the machine runs; if not, they are what is declared, always.',
      source: users,
      verdict: noUsers,
    }),
    users: option({
      type: types.attrsOf(user),
      default: {},
      description: 'The users of the machine, by name.',
      source: users,
      verdict: noUsers,
    }),
    groups: option({
      type: types.attrsOf(group),
      default: {},
      description: 'The groups of the machine, by name.',
      source: users,
      verdict: noUsers,
    }),
  },
  security: {
    sudo: {
      enable: option({
        type: types.bool,
        default: true,
        description: 'Whether sudo is there.',
        source: sudo,
        verdict: noSudo,
      }),
      wheelNeedsPassword: option({
        type: types.bool,
        default: true,
        description: 'Whether members of wheel must give their password.',
        source: sudo,
        verdict: noSudo,
      }),
      execWheelOnly: option({
        type: types.bool,
        default: false,
        description: 'Whether members of wheel alone may run sudo at all.',
        source: sudo,
        verdict: noSudo,
      }),
      extraConfig: option({
        type: types.lines,
        default: '',
        description: 'Lines put into sudoers as they are.',
        source: sudo,
        verdict: noSudo,
      }),
    },
  },
};

/** Who may use the machine. */
export const usersAndGroups = defineService({
  name: 'users',
  description: 'Users, groups and sudo.',
  options,

  probes({ users: { users: declared } }) {
    const everyone = Object.values(declared);
    const hasKeys = everyone.some(
      ({ openssh: { authorizedKeys } }) => authorizedKeys.keys.length + authorizedKeys.keyFiles.length > 0,
    );
    const hasPasswords = everyone.some(
      (each) => each.hashedPassword !== null || each.initialHashedPassword !== null,
    );
    const proves = ['users.users'];
    return [
      ...(hasKeys
        ? []
        : [
            imageClean.probe({
              id: 'users/no-authorized-key',
              params: { check: 'no authorized key' },
              proves,
            }),
          ]),
      ...(hasPasswords
        ? []
        : [
            imageClean.probe({
              id: 'users/no-login-password',
              params: { check: 'no login password' },
              proves,
            }),
          ]),
    ];
  },

  nixosTest: ({ users }) => ({
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
    ],
  }),
});
