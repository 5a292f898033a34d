import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { groupLeft } from '../../probes/account-faults.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { fileLine } from '../../probes/kinds/file-line.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { type Realisation, textFile } from '../service.ts';

const realised = { source: 'nixos/modules/security/sudo.nix', verdict: 'provable' } as const;

/** Who may act as root: `security.sudo.*`. */
export const sudoOptions = {
  enable: option({
    type: types.bool,
    default: true,
    description: 'Whether sudo is there.',
    ...realised,
  }),
  wheelNeedsPassword: option({
    type: types.bool,
    default: true,
    description: 'Whether members of wheel must give their password.',
    ...realised,
  }),
  execWheelOnly: option({
    type: types.bool,
    default: false,
    description: 'Whether members of wheel alone may run sudo at all.',
    ...realised,
  }),
  extraConfig: option({
    type: types.lines,
    default: '',
    description: 'Lines put into sudoers as they are.',
    ...realised,
  }),
};

export type Sudo = ResolvedOf<typeof sudoOptions>;

/** sudoers(5) with NixOS's rules: root and wheel may do everything, Debian's own group sudo nothing. */
export function realiseSudo(sudo: Sudo): Realisation {
  const tag = sudo.wheelNeedsPassword ? 'SETENV: ALL' : 'NOPASSWD: SETENV: ALL';
  return {
    packages: ['sudo'],
    files: [
      textFile(
        '/etc/sudoers',
        [
          'Defaults env_keep+=SSH_AUTH_SOCK',
          // What a user runs has Debian's own folders of programs, as root's shell has.
          'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
          'root ALL=(ALL:ALL) SETENV: ALL',
          `%wheel ALL=(ALL:ALL) ${tag}`,
          sudo.extraConfig,
        ],
        0o440,
      ),
    ],
  };
}

/** Commands that make wheel, and close the program itself to all others where that was declared. */
export function sudoCommands({ execWheelOnly }: Sudo): string[] {
  return [
    'getent group wheel >/dev/null || groupadd --system wheel',
    ...(execWheelOnly ? ['chgrp wheel /usr/bin/sudo', 'chmod 4510 /usr/bin/sudo'] : []),
  ];
}

const root = 'security.sudo';
// NixOS's programs with other users' rights are in a folder of their own.
const withWrappers = 'PATH="/run/wrappers/bin:$PATH"';
const whereSudoIs = `${withWrappers} command -v sudo`;

/** A machine without it. */
export const noSudoProbe = (): Probe =>
  commandOutput.probe({
    id: 'sudo/absent',
    params: { command: `${whereSudoIs} || echo none`, output: 'none' },
    title: 'there is no sudo',
    proves: [`${root}.enable`],
    faults: [
      {
        id: 'sudo-there',
        title: 'there is a sudo',
        commands: ['mkdir -p /usr/local/bin', 'ln -s /bin/true /usr/local/bin/sudo'],
        seen: '/sudo$',
      },
    ],
  });

/**
 * That the rules are valid and say what was declared.
 *
 * @param person a member of wheel, who tries what the rule allows; undefined when there is none
 * @param stranger a user with a shell who is not in wheel
 */
export function sudoProbes(sudo: Sudo, person: string | undefined, stranger: string | undefined): Probe[] {
  const after = ['sudo/rules'];
  return [
    commandOutput.probe({
      id: 'sudo/rules',
      params: { command: 'PATH="$PATH:/usr/sbin" visudo -c >/dev/null && echo valid', output: 'valid' },
      title: 'the rules of sudo are valid',
      proves: [`${root}.enable`],
      faults: [
        {
          id: 'sudo-rules-broken',
          title: 'the rules of sudo have a line that is none',
          commands: ['echo mutation >> /etc/sudoers'],
          seen: '^exit status 1: .*syntax error',
        },
        {
          id: 'sudo-rules-open',
          title: 'everybody may change the rules of sudo',
          commands: ['chmod 666 /etc/sudoers'],
          seen: '^exit status 1: .*bad permissions',
        },
      ],
    }),
    ...(person === undefined ? [] : [wheelProbe(sudo, person)]),
    ...(person !== undefined && sudo.wheelNeedsPassword ? [ruleProbe(person)] : []),
    ...(sudo.execWheelOnly ? onlyWheelProbes(stranger) : []),
    ...linesOf(sudo.extraConfig).map((line, index) =>
      fileLine.probe({
        id: `sudo/extra-${index}`,
        params: { path: '/etc/sudoers', line },
        proves: [`${root}.extraConfig`],
        after,
      }),
    ),
  ];
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** A command as a user, by a shell that every machine has. */
const as = (user: string, command: string): string =>
  `${withWrappers} LC_ALL=C su -s /bin/sh ${quote(user)} -c ${quote(command)} 2>&1`;

/** A member of wheel becomes root, or is asked for a password that nobody is there to give. */
function wheelProbe({ wheelNeedsPassword }: Sudo, person: string): Probe {
  return commandOutput.probe({
    id: 'sudo/wheel',
    params: {
      command: `${as(person, 'sudo -n id -u')} | tail -n 1`,
      output: wheelNeedsPassword ? asked : '0',
    },
    title: wheelNeedsPassword
      ? `${person} is asked for a password by sudo`
      : `${person} becomes root by sudo without a password`,
    proves: [`${root}.enable`, `${root}.wheelNeedsPassword`],
    after: ['sudo/rules'],
    faults: wheelFaults(wheelNeedsPassword, person),
  });
}

/** Who is asked for a password may have no right at all, and so root asks what the rules say. */
const ruleProbe = (person: string): Probe =>
  commandOutput.probe({
    id: 'sudo/wheel-rule',
    params: {
      command: `${withWrappers} LC_ALL=C sudo -l -U ${quote(person)} | sed -n 's/^ *(/(/p'`,
      output: '(ALL : ALL) SETENV: ALL',
    },
    title: `${person} may do everything by sudo`,
    proves: [`${root}.enable`, `${root}.wheelNeedsPassword`],
    after: ['sudo/rules'],
    faults: [{ ...ruleMissing, seen: '^$' }],
  });

/** What sudo says, without a terminal, to whom it would ask for a password. */
const asked = 'sudo: a password is required';

/** A line of sudoers(5) changed where it stands: the file's mode counts. */
const edit = (script: string): string[] => [
  `sed ${quote(script)} /etc/sudoers > /run/mutation.copy`,
  'cat /run/mutation.copy > /etc/sudoers',
];

const rule = '^%wheel[[:space:]]';

const ruleMissing: Omit<ProbeFault, 'seen'> = {
  id: 'sudo-rule-missing',
  title: 'there is no rule for wheel',
  commands: edit(`/${rule}/d`),
};

function wheelFaults(needsPassword: boolean, person: string): ProbeFault[] {
  if (needsPassword) {
    return [
      {
        id: 'sudo-wider',
        title: 'wheel needs no password',
        commands: edit(`/${rule}/s/=(ALL:ALL) /=(ALL:ALL) NOPASSWD: /`),
        seen: '^0$',
      },
    ];
  }
  return [
    {
      id: 'sudo-password',
      title: 'wheel needs a password',
      commands: edit(`/${rule}/s/NOPASSWD: *//`),
      seen: `^${asked}$`,
    },
    { ...ruleMissing, seen: `^${asked}$` },
    { ...groupLeft(person, 'wheel'), seen: 'not found|[Pp]ermission denied|a password is required' },
  ];
}

/** The program's own mode, and that somebody outside wheel cannot even start it. */
function onlyWheelProbes(stranger: string | undefined): Probe[] {
  const proves = [`${root}.execWheelOnly`];
  const open: Omit<ProbeFault, 'seen'> = {
    id: 'sudo-for-all',
    title: 'everybody may run sudo',
    commands: [`chmod 4755 "$(${whereSudoIs})"`],
  };
  return [
    commandOutput.probe({
      id: 'sudo/wheel-only',
      params: { command: `stat -L -c '%a %U %G' "$(${whereSudoIs})"`, output: '4510 root wheel' },
      title: 'only wheel may run sudo',
      proves,
      faults: [{ ...open, seen: '^4755 root wheel$' }],
    }),
    ...(stranger === undefined
      ? []
      : [
          commandOutput.probe({
            id: 'sudo/stranger',
            params: {
              command: as(stranger, 'test -x "$(command -v sudo || echo /usr/bin/sudo)" || echo refused'),
              output: 'refused',
            },
            title: `${stranger} may not run sudo`,
            proves,
            faults: [{ ...open, seen: '^$' }],
          }),
        ]),
  ];
}
