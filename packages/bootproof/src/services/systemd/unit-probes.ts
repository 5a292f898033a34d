import { attrPathText } from '../../nix/show.ts';
import { exactly, withLine } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unitRun } from '../../probes/kinds/unit-run.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import {
  additionsMissing,
  emptyScript,
  hidden,
  lineMissing,
  otherDescription,
  otherProgram,
  otherUser,
  otherVariable,
  overridden,
  unmasked,
  unrelated,
  unwanted,
  userBeside,
} from './unit-faults.ts';
import {
  type DeclaredService,
  environmentWords,
  hasCommand,
  type Settings,
  settingLines,
} from './unit-files.ts';

/** Units are asked once the boot is over. */
export const after = ['boot/multi-user'];
/** The command that prints one property of a unit. */
export const show = (property: string, name: string): string =>
  `systemctl show -p ${property} --value -- ${quote(name)}`;

/** Targets that every boot reaches: what they want is started without anybody's doing. */
export const bootTargets = new Set([
  'basic.target',
  'default.target',
  'local-fs.target',
  'multi-user.target',
  'sysinit.target',
]);

const isTemplate = (name: string): boolean => name.endsWith('@');

/** Whether the boot itself starts it. */
const startsAtBoot = (name: string, service: DeclaredService): boolean =>
  !isTemplate(name) && hasCommand(service) && service.wantedBy.some((target) => bootTargets.has(target));

/** A unit and the option that declares it. */
export interface Subject {
  /** `copy.service` */
  readonly unit: string;
  /** The path of its option: `systemd.services.copy`. */
  readonly option: string;
}

/** What a service makes observable, by what systemd itself knows of it. */
export function serviceProbes(name: string, service: DeclaredService): Probe[] {
  const subject = { unit: `${name}.service`, option: attrPathText(['systemd', 'services', name]) };
  if (!service.enable) return [maskedProbe(subject)];
  // Only instances of a template are units.
  if (isTemplate(name)) return [];
  const atBoot = startsAtBoot(name, service);
  return [
    ...(atBoot ? runProbes(subject, service) : [loadedProbe(subject)]),
    ...scriptProbe(subject, service.script),
    ...descriptionProbe(subject, service.description),
    ...(['wantedBy', 'after', 'before', 'requires', 'wants'] as const).flatMap((relation) =>
      relationProbe(subject, relation, service[relation]),
    ),
    ...environmentProbe(subject, service, atBoot),
    ...settingsProbe(subject, 'serviceConfig', service.serviceConfig, {
      whole: hasCommand(service),
      faults: atBoot ? userFaults(subject, service, (other) => withLine(`User=${other}`)) : [],
    }),
  ];
}

export const maskedProbe = ({ unit: name, option }: Subject): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-masked`,
    params: { command: show('LoadState', name), output: 'masked' },
    title: `${name} is masked`,
    proves: [`${option}.enable`],
    after,
    faults: [unmasked(name)],
  });

export const loadedProbe = ({ unit: name, option }: Subject): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-loaded`,
    params: { command: show('LoadState', name), output: 'loaded' },
    title: `systemd has ${name}`,
    proves: [`${option}.enable`],
    after,
    faults: [hidden(name)],
  });

const endsByItself = ({ serviceConfig }: DeclaredService): boolean => serviceConfig['Type'] === 'oneshot';

/** Of a service that the boot starts: it runs as another user than the declared one. */
function userFaults({ unit: name }: Subject, service: DeclaredService, seen: (other: string) => string) {
  const user = service.serviceConfig['User'];
  if (user === undefined) return [];
  const fault = otherUser(name, String(user), !endsByItself(service));
  return [{ ...fault, seen: seen(userBeside(String(user))) }];
}

/** It runs, or has run; and as the declared user. */
function runProbes(subject: Subject, service: DeclaredService): Probe[] {
  const { unit: name, option } = subject;
  const { serviceConfig } = service;
  const once = endsByItself(service);
  const run = unitRun.probe({
    id: `systemd/${name}-runs`,
    params: { unit: name, runs: once ? 'once' : 'on' },
    proves: [`${option}.enable`],
    after,
  });
  const user = serviceConfig['User'];
  if (user === undefined) return [run];
  const number = /^\d+$/.test(String(user));
  return [
    run,
    commandOutput.probe({
      id: `systemd/${name}-user`,
      params: {
        // What has ended left no process to look at: systemd says as whom it was started.
        command: once
          ? show('User', name)
          : `stat -c ${number ? '%u' : '%U'} "/proc/$(${show('MainPID', name)})"`,
        output: String(user),
      },
      title: `${name} ${once ? 'was run' : 'runs'} as ${String(user)}`,
      proves: [`${option}.serviceConfig`],
      after: [run.id],
      faults: userFaults(subject, service, exactly),
    }),
  ];
}

/**
 * The file that the unit starts has the declared commands, after what NixOS has before every script: which shell it is for,
 * and `set -e`. Space before a command means nothing.
 */
function scriptProbe({ unit: name, option }: Subject, script: string): Probe[] {
  const lines = script.split('\n').map((line) => line.replace(/^[ \t]+/, ''));
  const commands = lines.filter((line) => line !== '');
  if (commands.length === 0) return [];
  const text = `sed -e 1d -e 's/^[[:blank:]]*//' -e '/^$/d' "$file"`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-script`,
      params: {
        command: `file=$(${show('ExecStart', name)} | sed -n 's/^{ path=\\([^;]*\\) ; .*/\\1/p'); case $(head -c 2 "$file") in '#!') ${text};; *) echo "starts $file";; esac`,
        output: ['set -e', ...commands].join('\n').trimEnd(),
      },
      title: `${name} starts the declared script`,
      proves: [`${option}.script`],
      after,
      faults: [otherProgram(name), emptyScript(name)],
    }),
  ];
}

export function descriptionProbe({ unit: name, option }: Subject, description: string): Probe[] {
  if (description === '') return [];
  return [
    commandOutput.probe({
      id: `systemd/${name}-description`,
      params: { command: show('Description', name), output: description },
      title: `${name} is called ${description}`,
      proves: [`${option}.description`],
      after,
      faults: [otherDescription(name)],
    }),
  ];
}

const words = {
  wantedBy: 'is wanted by',
  after: 'is ordered after',
  before: 'is ordered before',
  requires: 'requires',
  wants: 'wants',
} as const;

/** By systemd's own names: systemd.unit(5). */
const properties = {
  wantedBy: 'WantedBy',
  after: 'After',
  before: 'Before',
  requires: 'Requires',
  wants: 'Wants',
} as const;

/** systemd knows a relation to each of these units. An alias counts as the unit that it stands for. */
function relationProbe(
  { unit: name, option }: Subject,
  relation: keyof typeof words,
  others: readonly string[],
): Probe[] {
  const wanted = [...new Set(others)];
  if (wanted.length === 0) return [];
  const property = properties[relation];
  const loop = `for other in ${wanted.map(quote).join(' ')}; do id=$(systemctl show -p Id --value -- "$other"); case " $(${show(property, name)}) " in *" $id "*) echo "$other";; esac; done`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-${relation}`,
      params: { command: loop, output: wanted.join('\n') },
      title: `${name} ${words[relation]} ${wanted.join(', ')}`,
      proves: [`${option}.${relation}`],
      after,
      faults: [property === 'WantedBy' ? unwanted(name, wanted) : unrelated(name, property, wanted)],
    }),
  ];
}

/** The variables, in the process itself where it goes on running, else as systemd is going to give them to it. */
function environmentProbe(
  { unit: name, option }: Subject,
  service: DeclaredService,
  atBoot: boolean,
): Probe[] {
  const wanted = environmentWords(service.environment).sort();
  if (wanted.length === 0) return [];
  const running = atBoot && !endsByItself(service);
  const from = running
    ? `tr '\\0' '\\n' < "/proc/$(${show('MainPID', name)})/environ"`
    : // systemd prints them as words of a shell.
      `eval "printf '%s\\n' $(${show('Environment', name)})"`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-environment`,
      params: {
        command: `${from} | grep -Fx ${wanted.map((word) => `-e ${quote(word)}`).join(' ')} | LC_ALL=C sort -u`,
        output: wanted.join('\n'),
      },
      title: `${name} has ${wanted.join(', ')} in its environment`,
      proves: [`${option}.environment`],
      after: running ? [`systemd/${name}-runs`] : after,
      faults: [otherVariable(name, wanted, running)],
    }),
  ];
}

/**
 * The unit that systemd uses has each setting as it was declared. In a unit that is the owner's as a whole, no drop-in
 * says otherwise: there is no further line of the same name. All times of a timer are of one name, since each resets all.
 */
export function settingsProbe(
  { unit: name, option }: Subject,
  section: 'serviceConfig' | 'timerConfig',
  settings: Settings,
  { whole, faults = [] }: { readonly whole: boolean; readonly faults?: readonly ProbeFault[] },
): Probe[] {
  const wanted = [...new Set(settingLines(settings))].sort();
  if (wanted.length === 0) return [];
  const names = Object.keys(settings).filter((key) => section === 'serviceConfig' || !times.test(key));
  const pattern = whole
    ? `-E ${quote(`^(${[...names, ...(section === 'timerConfig' ? ['On[A-Z][A-Za-z]*'] : [])].join('|')})=`)}`
    : `-Fx ${wanted.map((each) => `-e ${quote(each)}`).join(' ')}`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-settings`,
      params: {
        command: `systemctl cat -- ${quote(name)} | grep ${pattern} | LC_ALL=C sort -u`,
        output: wanted.join('\n'),
      },
      title: `${name} has ${wanted.join(', ')}`,
      proves: [`${option}.${section}`],
      after,
      faults: [
        ...faults,
        ...(whole ? settingFaults(name, section, settings, wanted) : [additionsMissing(name)]),
      ],
    }),
  ];
}

/** Settings of when a timer goes off. */
const times = /^On[A-Z]/;

/** One line is missing, and a drop-in says otherwise: of switches and commands it is known how. */
function settingFaults(
  name: string,
  section: 'serviceConfig' | 'timerConfig',
  settings: Settings,
  wanted: readonly string[],
): ProbeFault[] {
  // Without its command, or its only time, a unit is none.
  const spare = wanted.find((line) => !/^(Exec|On)/.test(line));
  const turned = Object.entries(settings).find(([, value]) => typeof value === 'boolean');
  const timed = Object.keys(settings).find((key) => times.test(key) && key !== 'OnCalendar');
  const otherwise =
    timed !== undefined
      ? [`${timed}=`, `${timed}=99d`]
      : turned !== undefined
        ? [`${turned[0]}=${String(!turned[1])}`]
        : 'ExecStart' in settings
          ? ['ExecStart=', 'ExecStart=/bin/true']
          : undefined;
  return [
    ...(spare === undefined ? [] : [lineMissing(name, spare, wanted)]),
    ...(otherwise === undefined
      ? []
      : [overridden(name, section === 'timerConfig' ? 'Timer' : 'Service', otherwise)]),
  ];
}
