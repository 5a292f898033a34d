/** What may be wrong with a user or a group: for the probes of accounts, and for those of what follows from them. */

import { dropLine, literally, setField } from './fault-commands.ts';
import type { ProbeFault } from './probe.ts';
import { quote } from './shell.ts';

/** A fault; what is seen of it is the probe's own to say. */
export type AccountFault = Omit<ProbeFault, 'seen'>;

const [users, groups] = ['/etc/passwd', '/etc/group'];

/** A field of a user's line in passwd(5), counted from 1. */
const fields = { uid: 3, gid: 4, description: 5, home: 6, shell: 7 } as const;

/** A user whose line says something else in one field. */
export const userChanged = (
  user: string,
  field: keyof typeof fields,
  value: string,
  { id, title }: Pick<AccountFault, 'id' | 'title'>,
): AccountFault => ({ id, title, commands: setField(users, user, fields[field], value) });

export const userMissing = (user: string): AccountFault => ({
  id: `user-missing/${user}`,
  title: `there is no user ${user}`,
  commands: dropLine(users, user),
});

/** A home that is nowhere. */
export const noHome = '/nonexistent';

export const otherHome = (user: string): AccountFault =>
  userChanged(user, 'home', noHome, { id: `user-home/${user}`, title: `${user} has the home ${noHome}` });

/** The shell that turns people away, or where that is the declared one, one that does not. */
export function otherShell(user: string, declared: string): AccountFault {
  const shell = declared === 'nologin' ? '/bin/sh' : '/usr/sbin/nologin';
  return userChanged(user, 'shell', shell, {
    id: `user-shell/${user}`,
    title: `${user} has the shell ${shell}`,
  });
}

/** A user who is a group's member no more; the group's other members stay. */
export const groupLeft = (user: string, group: string): AccountFault => {
  const [name, member] = [literally(group), literally(user)];
  const edit = [`s/^(${name}:[^:]*:[^:]*:)(.*,)?${member}(,|$)/\\1\\2/`, `s/^(${name}:.*),$/\\1/`];
  return {
    id: `group-left/${user}/${group}`,
    title: `${user} is not in the group ${group}`,
    commands: [
      `grep -qE ${quote(`^${name}:.*[:,]${member}(,|$)`)} ${groups}`,
      `sed -i -E ${edit.map((each) => `-e ${quote(each)}`).join(' ')} ${groups}`,
    ],
  };
};

export const groupMissing = (group: string): AccountFault => ({
  id: `group-missing/${group}`,
  title: `there is no group ${group}`,
  commands: dropLine(groups, group),
});

export const otherGroupId = (group: string, gid: number): AccountFault => ({
  id: `group-id/${group}`,
  title: `the group ${group} has the id ${gid}`,
  commands: setField(groups, group, 3, String(gid)),
});
