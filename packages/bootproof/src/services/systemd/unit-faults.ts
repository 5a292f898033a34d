import {
  awaitSuccess,
  exactly,
  filtered,
  literally,
  overlay,
  overrideUnit,
  resolveUnit,
  unitFolder,
  withLine,
} from '../../probes/fault-commands.ts';
import type { ProbeFault, SharedFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';

/** A unit has a drop-in besides what is declared of it. */
const droppedIn = (
  unit: string,
  settings: readonly string[],
  section: 'Unit' | 'Service' | 'Timer',
): string[] => [resolveUnit(unit), ...overrideUnit(settings, section)];

/** A unit's own file is another one. */
const fileFiltered = (unit: string, filter: string): string[] => [
  resolveUnit(unit),
  'file=$(systemctl show -P FragmentPath "$unit")',
  `mkdir -p ${unitFolder}`,
  ...filtered('"$file"', `"${unitFolder}/$unit"`, filter),
  'systemctl daemon-reload',
];

/** A masked unit is there for all to start. */
export const unmasked = (unit: string): ProbeFault => ({
  id: `unit-unmasked/${unit}`,
  title: `${unit} is not masked`,
  commands: [
    `mkdir -p ${unitFolder}`,
    `printf '%s\\n' ${unit.endsWith('.timer') ? "'[Timer]' OnBootSec=99d" : "'[Service]' ExecStart=/bin/true"} > ${unitFolder}/${quote(unit)}`,
    'systemctl daemon-reload',
  ],
  seen: exactly('loaded'),
});

/** A unit cannot be started, since a mask hides it. */
export const hidden = (unit: string): ProbeFault => ({
  id: `unit-hidden/${unit}`,
  title: `${unit} is hidden by a mask`,
  commands: [
    `mkdir -p ${unitFolder}`,
    `ln -sfn /dev/null ${unitFolder}/${quote(unit)}`,
    'systemctl daemon-reload',
  ],
  seen: exactly('masked'),
});

export const otherDescription = (unit: string): ProbeFault => ({
  id: `unit-description/${unit}`,
  title: `${unit} is called otherwise`,
  commands: droppedIn(unit, ['Description=mutation'], 'Unit'),
  seen: exactly('mutation'),
});

/** What systemd adds to the relations of a service by itself: systemd.service(5), default dependencies. */
const implied = new Set(['basic.target', 'multi-user.target', 'shutdown.target', 'sysinit.target']);

/** A unit lacks the last of its declared relations of a kind; the probe sees the others. */
export function unrelated(
  unit: string,
  property: 'After' | 'Before' | 'Requires' | 'Wants',
  others: readonly string[],
): ProbeFault {
  const last = others.at(-1) ?? '';
  const scripts = [
    `/^${property}=/s/([= ])${literally(last)}( |$)/\\1\\2/`,
    ...(implied.has(last) ? ['s/^\\[Unit\\]$/&\\nDefaultDependencies=no/'] : []),
  ];
  return {
    id: `unit-relation/${unit}/${property}`,
    title: `${unit} lacks ${property}=${last}`,
    commands: fileFiltered(unit, `sed -E ${scripts.map((each) => `-e ${quote(each)}`).join(' ')}`),
    seen: exactly(...others.slice(0, -1)),
  };
}

/** The last of the targets that are to want a unit does not. An empty link of this name hides the one that is there. */
export function unwanted(unit: string, targets: readonly string[]): ProbeFault {
  const last = targets.at(-1) ?? '';
  const folder = `${unitFolder}/${last}.wants`;
  return {
    id: `unit-unwanted/${unit}`,
    title: `${last} does not want ${unit}`,
    commands: [
      `mkdir -p ${quote(folder)}`,
      `ln -sfn /dev/null ${quote(`${folder}/${unit}`)}`,
      'systemctl daemon-reload',
    ],
    seen: exactly(...targets.slice(0, -1)),
  };
}

/** The unit is started anew, where it goes on running. A condition tells when its process is the new program. */
const restarted = (running: boolean, condition: string): string[] =>
  running ? ['systemctl restart "$unit"', awaitSuccess(condition)] : [];

const mainProcess = '/proc/$(systemctl show -P MainPID "$unit")';

/** A user that is another one than this: by number where it is one. */
export const userBeside = (user: string): string =>
  /^\d+$/.test(user) ? (user === '0' ? '65534' : '0') : user === 'root' ? 'nobody' : 'root';

export const otherUser = (unit: string, user: string, running: boolean): SharedFault => {
  const other = userBeside(user);
  const shown = /^\d+$/.test(user) ? '%u' : '%U';
  return {
    id: `unit-user/${unit}`,
    title: `${unit} runs as ${other} and not as ${user}`,
    commands: [
      ...droppedIn(unit, [`User=${other}`], 'Service'),
      ...restarted(running, `[ "$(stat -c ${shown} ${mainProcess})" = ${other} ]`),
    ],
  };
};

/** The last of the declared variables has another value; the probe sees the others. */
export function otherVariable(unit: string, words: readonly string[], running: boolean): ProbeFault {
  const last = words.at(-1) ?? '';
  const [name = '', value = ''] = last.split(/=(.*)/s);
  // A program may end at once when a number is none, and then has no environment to look at.
  const other = `${name}=${/^\d+$/.test(value) ? String(Number(value) + 1) : 'mutation'}`;
  return {
    id: `unit-environment/${unit}`,
    title: `${unit} has another ${name} in its environment`,
    commands: [
      ...droppedIn(unit, [`Environment=${other}`], 'Service'),
      ...restarted(running, `tr '\\0' '\\n' < ${mainProcess}/environ | grep -qx ${other}`),
    ],
    seen: exactly(...words.slice(0, -1).sort()),
  };
}

/** A unit starts another program than its script. */
export const otherProgram = (unit: string): ProbeFault => ({
  id: `unit-other-program/${unit}`,
  title: `${unit} starts another program than its script`,
  commands: droppedIn(unit, ['ExecStart=', 'ExecStart=/bin/sleep 99d'], 'Service'),
  seen: '^starts .*/sleep$',
});

/** A unit's script ends before it does anything. */
export const emptyScript = (unit: string): ProbeFault => ({
  id: `unit-empty-script/${unit}`,
  title: `the script of ${unit} ends before its first command`,
  commands: [
    `file=$(systemctl show -P ExecStart ${quote(unit)} | sed -n 's/^{ path=\\([^;]*\\) ; .*/\\1/p')`,
    ...overlay('"$file"', "sed '2a exit 0'"),
  ],
  seen: '^set -e\\nexit 0\\n',
});

/** A unit's file lacks a line; the probe sees the others. */
export const lineMissing = (unit: string, line: string, lines: readonly string[]): ProbeFault => ({
  id: `unit-line-missing/${unit}`,
  title: `${unit} lacks ${line}`,
  commands: fileFiltered(unit, `sed -E ${quote(`/^${literally(line)}$/d`)}`),
  seen: exactly(...lines.filter((each) => each !== line)),
});

/** What was declared to add to a unit of the distribution is not there. */
export const additionsMissing = (unit: string): ProbeFault => ({
  id: `unit-additions-missing/${unit}`,
  title: `${unit} is as the distribution has it`,
  commands: [
    `mkdir -p ${quote(`${unitFolder}/${unit}.d`)}`,
    `ln -sfn /dev/null ${quote(`${unitFolder}/${unit}.d/overrides.conf`)}`,
    'systemctl daemon-reload',
  ],
  seen: exactly(''),
});

/** A drop-in says otherwise than a declared line. */
export const overridden = (
  unit: string,
  section: 'Service' | 'Timer',
  lines: readonly string[],
): ProbeFault => ({
  id: `unit-overridden/${unit}`,
  title: `a drop-in gives ${unit} ${lines.at(-1)}`,
  commands: droppedIn(unit, lines, section),
  seen: withLine(lines.at(-1) ?? ''),
});

/** A timer with these calendars in the place of all its times: an empty one resets them, systemd.timer(5). */
const calendars = (unit: string, times: readonly string[]): string[] => [
  ...droppedIn(unit, ['OnCalendar=', ...times.map((time) => `OnCalendar=${time}`)], 'Timer'),
  'systemctl try-restart "$unit"',
];

const past = '2000-01-01';

/** A timer has no time but one that is past. */
export const neverElapses = (unit: string): SharedFault => ({
  id: `timer-never/${unit}`,
  title: `${unit} goes off in the past alone`,
  commands: calendars(unit, [past]),
});

/** What a settings probe, and a calendar's, see of a timer that is past. */
export const seenOfPast = {
  settings: withLine(`OnCalendar=${past}`),
  calendar: `OnCalendar=${past} 00:00:00 ;`,
} as const;

const leapDay = '*-02-29';

/** One of a timer's calendars is another. */
export const otherCalendar = (unit: string, all: readonly string[], index: number): SharedFault => ({
  id: `timer-calendar/${unit}/${index}`,
  title: `${unit} goes off at ${leapDay} and not at ${all[index]}`,
  commands: calendars(
    unit,
    all.map((calendar, at) => (at === index ? leapDay : calendar)),
  ),
});

export const seenOfOtherCalendar = {
  settings: withLine(`OnCalendar=${leapDay}`),
  calendar: `OnCalendar=${literally(leapDay)} 00:00:00 ;`,
} as const;
