import { type DefaultSite, option } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly, notProvable, notRealised } from '../service.ts';

const source = 'nixos/modules/config/users-groups.nix';
const realised = { source, verdict: 'provable' } as const;
const keys = 'nixos/modules/services/networking/ssh/sshd.nix';

/** The value of root's own account, else that of a person, else that of any user. */
const byKind =
  <Value>(root: Value, normal: (name: string) => Value, other: Value) =>
  (_config: unknown, { name, self }: DefaultSite): Value => {
    if (name === 'root') return root;
    return self.get<unknown>('isNormalUser') === true ? normal(name) : other;
  };

const user = types.submodule({
  isNormalUser: option({
    type: types.bool,
    default: false,
    description: 'Whether this is a person: with a home folder, the group users and a login shell.',
    ...realised,
  }),
  isSystemUser: option({
    type: types.bool,
    default: false,
    description: 'Whether this is the user of a service.',
    ...realised,
  }),
  uid: option({
    type: types.nullOr(types.int),
    default: null,
    example: 1000,
    description: 'The user id; null: chosen when the user is made.',
    ...realised,
  }),
  description: option({
    type: types.str,
    default: '',
    example: 'Alice Q. User',
    description: "The user's full name.",
    ...realised,
  }),
  group: option({
    type: types.str,
    default: byKind('root', () => 'users', ''),
    defaultText: 'users for a normal user, else none',
    description: "The user's first group.",
    ...realised,
  }),
  extraGroups: option({
    type: types.listOf(types.str),
    default: [],
    example: ['wheel'],
    description: 'Further groups of the user.',
    ...realised,
  }),
  home: option({
    type: types.str,
    default: byKind('/root', (name) => `/home/${name}`, '/var/empty'),
    defaultText: '/home/<name> for a normal user, else /var/empty',
    description: "The user's home folder.",
    ...realised,
  }),
  createHome: option({
    type: types.bool,
    default: byKind(false, () => true, false),
    defaultText: 'whether it is a normal user',
    description: 'Whether the home folder is made when it is missing.',
    ...realised,
  }),
  shell: option({
    type: types.nullOr(types.oneOf([types.package, types.str])),
    default: null,
    description: "The user's login shell; null: that of the machine.",
    ...realised,
  }),
  hashedPassword: option({
    type: types.nullOr(types.passwdEntry(types.str)),
    default: null,
    description: 'The hash of the password as mkpasswd prints it; null: no login by password.',
    ...realised,
  }),
  hashedPasswordFile: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'A file that holds the hash of the password.',
    source,
    verdict: notRealised('the file is on the installed machine alone'),
  }),
  initialHashedPassword: option({
    type: types.nullOr(types.passwdEntry(types.str)),
    default: null,
    description: 'The hash of the password that the user is made with; it may be changed later.',
    ...realised,
  }),
  packages: option({
    type: types.listOf(types.package),
    default: [],
    description: 'Packages for this user alone.',
    source,
    verdict: nixosOnly("the stand-in's packages are Debian's, which go by other names and are for all users"),
  }),
  openssh: {
    authorizedKeys: {
      keys: option({
        type: types.listOf(types.singleLineStr),
        default: [],
        description: 'Public keys that may log in as this user.',
        source: keys,
        verdict: 'provable',
      }),
      keyFiles: option({
        type: types.listOf(types.path),
        default: [],
        description: 'Files with public keys that may log in as this user.',
        source: keys,
        verdict: notRealised('the stand-in has the keys that are declared by their text alone'),
      }),
    },
  },
});

const group = types.submodule({
  gid: option({
    type: types.nullOr(types.int),
    default: null,
    description: 'The group id; null: chosen when the group is made.',
    ...realised,
  }),
  members: option({
    type: types.listOf(types.passwdEntry(types.str)),
    default: [],
    description: 'Members of the group, besides users who name it themselves.',
    ...realised,
  }),
});

/** Users and groups: `users.*`. */
export const userOptions = {
  mutableUsers: option({
    type: types.bool,
    default: true,
    description:
      'Whether users may be changed while the machine runs; if not, they are what is declared, always.',
    source,
    verdict: notProvable('it shows only when users are changed and the machine is then started again'),
  }),
  users: option({
    type: types.attrsOf(user),
    default: {},
    description: 'The users of the machine, by name.',
    ...realised,
  }),
  groups: option({
    type: types.attrsOf(group),
    default: {},
    description: 'The groups of the machine, by name.',
    ...realised,
  }),
};
