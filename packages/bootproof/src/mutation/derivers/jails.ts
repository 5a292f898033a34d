import { literally } from '../../probes/fault-commands.ts';
import { fail2banJails } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import { running } from '../shell.ts';

/** No test has a jail of this name. */
const other = 'mutation';

export const jailDerivers = [
  from(fail2banJails, ({ jails }) => [
    ...jails.map((jail) => ({
      id: `jail-off/${jail}`,
      title: `the jail ${jail} is off`,
      fault: running([`fail2ban-client stop ${quote(jail)}`]),
      says: new RegExp(jails.length === 1 ? '^no jail$' : `^(?!no jail$|(?:.*, )?${literally(jail)}(?:,|$))`),
    })),
    {
      id: 'jail-added',
      title: 'fail2ban has a jail that nobody declared',
      fault: running([`fail2ban-client add ${other} polling`, `fail2ban-client start ${other}`]),
      says: new RegExp(`(?:^|, )${other}(?:,|$)`),
    },
  ]),
];
