import {
  type AccountFault,
  groupLeft,
  groupMissing,
  noHome,
  otherGroupId,
  otherHome,
  otherShell,
  userChanged,
  userMissing,
} from '../../probes/account-faults.ts';
import { literally, nobody } from '../../probes/fault-commands.ts';
import type { AccountParams } from '../../probes/kinds/account.ts';
import { account, group } from '../../probes/makers.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

const sketch = ({ id, title, commands, via }: AccountFault, says: RegExp): Sketch => ({
  id,
  title,
  fault: running(commands, via),
  says,
});

/** A field of passwd(5), and what it says instead. */
type Change = readonly [part: Parameters<typeof userChanged>[1], to: string];

/** A list with commas that lacks a name. */
const without = (name: string): string => `(?!(?:[^:]*,)?${literally(name)}(?:,|$))`;

/** The user's field, as somebody else would have left it. */
function otherField({ user, field, value }: AccountParams): Sketch[] {
  const changed = (id: string, says: string, [part, to]: Change, words: string): Sketch =>
    sketch(
      userChanged(user, part, to, { id: `${id}/${user}`, title: `${user} ${words}` }),
      new RegExp(`^${literally(says)}$`),
    );
  switch (field) {
    case 'kind': {
      const [uid, kind] = value === 'normal user' ? ['501', 'system user'] : ['1501', 'normal user'];
      return [changed('user-kind', kind, ['uid', uid], `is a ${kind}`)];
    }
    case 'uid': {
      const other = String(Number(value) + 1);
      return [changed('user-uid', other, ['uid', other], `has the id ${other}`)];
    }
    case 'group': {
      const [gid, name] = value === 'root' ? ['65534', nobody.group] : ['0', 'root'];
      return [changed('user-group', name, ['gid', gid], `has ${name} as the first group`)];
    }
    case 'extra groups':
      return value.split(',').map((name) => sketch(groupLeft(user, name), new RegExp(`^${without(name)}`)));
    case 'home':
      return [sketch(otherHome(user), new RegExp(`^${noHome}$`))];
    case 'shell':
      return [sketch(otherShell(user, value), value === 'nologin' ? /^sh$/ : /^nologin$/)];
    case 'description':
      return [
        changed('user-description', 'mutation', ['description', 'mutation'], 'is described as mutation'),
      ];
  }
}

export const accountDerivers = [
  from(account, (params) => [
    // A machine without root is none that could be asked.
    ...(params.user === 'root' ? [] : [sketch(userMissing(params.user), /^no such user$/)]),
    ...otherField(params),
  ]),
  from(group, ({ group: name, gid, members }) => {
    const line = `^${literally(name)}:[^:]*:`;
    return [
      sketch(groupMissing(name), /^no such group$/),
      ...(gid === null ? [] : [sketch(otherGroupId(name, gid + 1), new RegExp(`${line}${gid + 1}:`))]),
      ...members.map((member) =>
        sketch(
          groupLeft(member, name),
          new RegExp(`${line}${gid === null ? '\\d+' : gid}:${without(member)}`),
        ),
      ),
    ];
  }),
];
