import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** What of a user is looked at: an entry's own field, or what follows from it. */
export type AccountField = 'kind' | 'uid' | 'group' | 'extra groups' | 'home' | 'shell' | 'description';

export interface AccountParams {
  readonly [key: string]: string;
  readonly user: string;
  readonly field: AccountField;
  /** As declared. Of a shell, the program's own name: its folder differs between distributions. Of groups, a list with commas. */
  readonly value: string;
}

/** Users of people have ids from 1000 on, nobody aside: login.defs(5) of Debian, nixos/modules/config/update-users-groups.pl. */
const isPerson = (uid: number): boolean => uid >= 1000 && uid < 65_534;

const entries = (text = ''): string[][] => text.split('\n').map((line) => line.split(':'));

const fileName = (path = ''): string => path.split('/').at(-1) ?? path;

/** The value of a user's field, from passwd(5) and group(5); undefined when there is no such user. */
export function accountField(
  passwd: string | undefined,
  groups: string | undefined,
  { user, field }: Pick<AccountParams, 'user' | 'field'>,
): string | undefined {
  const entry = entries(passwd).find(([name]) => name === user);
  if (entry === undefined) return undefined;
  const [, , uid = '', gid = '', description = '', home = '', shell] = entry;
  const known = entries(groups);
  switch (field) {
    case 'kind':
      return isPerson(Number(uid)) ? 'normal user' : 'system user';
    case 'uid':
      return uid;
    case 'group':
      return known.find((each) => each[2] === gid)?.[0] ?? gid;
    case 'extra groups':
      return known
        .filter(([, , id, members = '']) => id === gid || members.split(',').includes(user))
        .map(([name = '']) => name)
        .join(',');
    case 'home':
      return home;
    case 'shell':
      return fileName(shell);
    case 'description':
      return description.split(',')[0] ?? '';
  }
}

function holds(seen: string, { field, value }: AccountParams): boolean {
  if (field !== 'extra groups') return seen === value;
  const groups = seen.split(',');
  return value.split(',').every((name) => groups.includes(name));
}

/** The words for a field, after the user's name. */
const wording: Readonly<Record<AccountField, (value: string) => string>> = {
  kind: (value) => `is a ${value}`,
  uid: (value) => `has the id ${value}`,
  group: (value) => `has ${value} as the first group`,
  'extra groups': (value) => `is in ${value.replaceAll(',', ', ')}`,
  home: (value) => `has the home ${value}`,
  shell: (value) => `has the shell ${value}`,
  description: (value) => `is described as ${value}`,
};

/** A user is there and is as declared, in one respect. The description is the first part of the GECOS field. */
export const account = defineProbeKind<'account', AccountParams>({
  kind: 'account',
  needs: ['shell'],
  // The reference asks with a stand-in for every parameter, which is no field.
  title: ({ user, field, value }) =>
    `${user} ${Object.hasOwn(wording, field) ? wording[field](value) : `has ${field} ${value}`}`,
  hint: ({ user }) => `In the machine: getent passwd ${user}; id ${user}`,
  async observe(target, params) {
    const [passwd, groups] = await Promise.all([
      target.readFile('/etc/passwd'),
      target.readFile('/etc/group'),
    ]);
    const seen = accountField(passwd, groups, params);
    const line = passwd?.split('\n').find((each) => each.startsWith(`${params.user}:`));
    // Users are made before there is a way in, so that what is seen stays.
    return settled(seen !== undefined && holds(seen, params), {
      expected: params.value,
      seen: seen ?? 'no such user',
      evidence: [{ source: '/etc/passwd', text: line ?? `no line for ${params.user}` }],
    });
  },
});
