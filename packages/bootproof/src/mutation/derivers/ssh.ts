import type { Test } from '../../plan/test.ts';
import { literally, overrideUnit, resolveUnit, rewrite } from '../../probes/fault-commands.ts';
import { listeningPort, sshAnswers, sshdSetting, sshMethods } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** The SSH server's unit by NixOS's name, which is an alias on Debian. */
const sshUnit = 'sshd.service';
const configFile = '/etc/ssh/sshd_config';

/** The server listens elsewhere, and its unit is well. */
const moved = (port: number): Omit<Sketch, 'says'> => ({
  id: `port-moved/${port}`,
  title: `the SSH server listens on port ${port + 2000} and not on ${port}`,
  fault: running([
    resolveUnit(sshUnit),
    'server=$(readlink "/proc/$(systemctl show -P MainPID "$unit")/exe")',
    ...overrideUnit(['ExecStart=', `ExecStart=$server -D -p ${port + 2000}`]),
    'systemctl restart "$unit"',
  ]),
});

/** Whoever listens on a port is stopped. */
const silenced = (port: number): Omit<Sketch, 'says'> => ({
  id: `port-closed/${port}`,
  title: `the unit that listens on TCP port ${port} is stopped`,
  fault: running([
    `pid=$(ss -ltnpH 'sport = :${port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | head -n 1)`,
    '[ -n "$pid" ]',
    'systemctl stop "$(sed -n \'s,.*/,,p\' "/proc/$pid/cgroup" | tail -n 1)"',
  ]),
});

/** The server with another setting. The first value that sshd_config(5) gives for a keyword counts. */
function setting(keyword: string, value: string): Omit<Sketch, 'says'> {
  // Interactive login goes through PAM, and is not offered without it.
  const pam = keyword === 'KbdInteractiveAuthentication' && value === 'yes' ? ['UsePAM yes'] : [];
  const lines = [...pam, `${keyword} ${value}`].map((line) => quote(line)).join(' ');
  return {
    id: `ssh-setting/${keyword}`,
    title: `the SSH server has ${keyword} ${value}`,
    fault: running([
      ...rewrite(configFile, (copy) => `{ printf '%s\\n' ${lines}; cat ${configFile}; } > ${copy}`),
      `systemctl restart ${sshUnit}`,
    ]),
  };
}

/** What in sshd_config(5) turns a method of RFC 4252 on and off. */
const keywords: ReadonlyMap<string, string> = new Map([
  ['password', 'PasswordAuthentication'],
  ['keyboard-interactive', 'KbdInteractiveAuthentication'],
  ['publickey', 'PubkeyAuthentication'],
]);

function methodChanged(method: string, to: 'yes' | 'no'): Sketch[] {
  const keyword = keywords.get(method);
  if (keyword === undefined) return [];
  return [
    {
      ...setting(keyword, to),
      says:
        to === 'yes'
          ? new RegExp(`(^offers |, )${method}(,|$)`)
          : new RegExp(`^offers (?!.*\\b${method}\\b)`),
    },
  ];
}

/** Another value that sshd takes for a setting; undefined where none is known for sure. */
function otherValue(keyword: string, words: readonly string[]): string | undefined {
  // Whoever is named in any line of these is let in or kept out: another line adds to them.
  if (/^(Allow|Deny)(Users|Groups)$/.test(keyword)) return 'mutation';
  const [word = '', ...more] = words;
  if (more.length > 0) return undefined;
  if (keyword === 'LogLevel') return word === 'DEBUG' ? 'QUIET' : 'DEBUG';
  if (keyword === 'PermitRootLogin') return word === 'yes' ? 'prohibit-password' : 'yes';
  if (word === 'yes' || word === 'no') return word === 'yes' ? 'no' : 'yes';
  return /^\d+$/.test(word) ? String(Number(word) + 1) : undefined;
}

/** As sshd prints it, by the older name of a kind of root login. */
const seenAs = (word: string): string => (word === 'prohibit-password' ? 'without-password' : word);

const isSshPort = (port: number, { probes }: Test): boolean =>
  probes.some(
    ({ kind, params }) => kind === sshAnswers.kind && (params as { readonly port: number }).port === port,
  );

export const sshDerivers = [
  from(listeningPort, ({ port }, test) => [
    {
      ...(isSshPort(port, test) ? moved(port) : silenced(port)),
      says: new RegExp(`^(no listener|listeners on (?!.*\\b${port}\\b))`),
    },
  ]),
  from(sshAnswers, ({ port }) => [{ ...moved(port), says: /nobody listens|SSH to answer/ }]),
  from(sshMethods, ({ refused, offered }) => [
    ...refused.flatMap((method) => methodChanged(method, 'yes')),
    ...offered.flatMap((method) => methodChanged(method, 'no')),
  ]),
  from(sshdSetting, ({ setting: keyword, words }) => {
    const other = otherValue(keyword, words);
    if (other === undefined) return [];
    return [{ ...setting(keyword, other), says: new RegExp(`^${keyword} ${literally(seenAs(other))}( |$)`) }];
  }),
];
