import { attrPathText } from '../nix/show.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import { unitRun } from '../probes/kinds/unit-run.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import {
  type DeclaredService,
  environmentWords,
  hasCommand,
  type PlannedTimer,
  settingLines,
} from './systemd-unit-files.ts';

const after = ['boot/multi-user'];
const show = (property: string, name: string): string =>
  `systemctl show -p ${property} --value -- ${quote(name)}`;

/** Targets that every boot reaches: what they want is started without anybody's doing. */
const bootTargets = new Set([
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

interface Subject {
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
    ...descriptionProbe(subject, service.description),
    ...(['wantedBy', 'after', 'before', 'requires', 'wants'] as const).flatMap((relation) =>
      relationProbe(subject, relation, service[relation]),
    ),
    ...environmentProbe(subject, service, atBoot),
    ...settingsProbe(subject, 'serviceConfig', settingLines(service.serviceConfig)),
  ];
}

const maskedProbe = ({ unit: name, option }: Subject): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-masked`,
    params: { command: show('LoadState', name), output: 'masked' },
    title: `${name} is masked`,
    proves: [`${option}.enable`],
    after,
  });

const loadedProbe = ({ unit: name, option }: Subject): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-loaded`,
    params: { command: show('LoadState', name), output: 'loaded' },
    title: `systemd has ${name}`,
    proves: [`${option}.enable`],
    after,
  });

/** It runs, or has run; and as the declared user. */
function runProbes(subject: Subject, { serviceConfig }: DeclaredService): Probe[] {
  const { unit: name, option } = subject;
  const once = serviceConfig['Type'] === 'oneshot';
  const run = unitRun.probe({
    id: `systemd/${name}-runs`,
    params: { unit: name, runs: once ? 'once' : 'on' },
    proves: [`${option}.enable`, `${option}.script`],
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
    }),
  ];
}

function descriptionProbe({ unit: name, option }: Subject, description: string): Probe[] {
  if (description === '') return [];
  return [
    commandOutput.probe({
      id: `systemd/${name}-description`,
      params: { command: show('Description', name), output: description },
      title: `${name} is called ${description}`,
      proves: [`${option}.description`],
      after,
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

/** systemd knows a relation to each of these units. An alias counts as the unit that it stands for. */
function relationProbe(
  { unit: name, option }: Subject,
  relation: keyof typeof words,
  others: readonly string[],
): Probe[] {
  const wanted = [...new Set(others)];
  if (wanted.length === 0) return [];
  const property = `${relation.charAt(0).toUpperCase()}${relation.slice(1)}`;
  const loop = `for other in ${wanted.map(quote).join(' ')}; do id=$(systemctl show -p Id --value -- "$other"); case " $(${show(property, name)}) " in *" $id "*) echo "$other";; esac; done`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-${relation}`,
      params: { command: loop, output: wanted.join('\n') },
      title: `${name} ${words[relation]} ${wanted.join(', ')}`,
      proves: [`${option}.${relation}`],
      after,
    }),
  ];
}

/** The variables, in the process itself where it goes on running, else as systemd gave them to it. */
function environmentProbe(
  { unit: name, option }: Subject,
  { environment, serviceConfig }: DeclaredService,
  atBoot: boolean,
): Probe[] {
  const wanted = environmentWords(environment);
  if (wanted.length === 0) return [];
  const running = atBoot && serviceConfig['Type'] !== 'oneshot';
  const patterns = wanted.map(
    (word) => `-e ${quote(running ? word : `Environment=${JSON.stringify(word)}`)}`,
  );
  const from = running
    ? `tr '\\0' '\\n' < "/proc/$(${show('MainPID', name)})/environ"`
    : `systemctl cat -- ${quote(name)}`;
  return [
    commandOutput.probe({
      id: `systemd/${name}-environment`,
      params: { command: `${from} | grep -Fxc ${patterns.join(' ')}`, output: String(wanted.length) },
      title: `${name} has ${wanted.join(', ')} in its environment`,
      proves: [`${option}.environment`],
      after: running ? [`systemd/${name}-runs`] : after,
    }),
  ];
}

/** The unit that systemd uses has each setting as it was declared. */
function settingsProbe(
  { unit: name, option }: Subject,
  section: 'serviceConfig' | 'timerConfig',
  lines: readonly string[],
): Probe[] {
  const wanted = [...new Set(lines)].sort();
  if (wanted.length === 0) return [];
  const patterns = wanted.map((each) => `-e ${quote(each)}`).join(' ');
  return [
    commandOutput.probe({
      id: `systemd/${name}-settings`,
      params: {
        command: `systemctl cat -- ${quote(name)} | grep -Fx ${patterns} | LC_ALL=C sort -u`,
        output: wanted.join('\n'),
      },
      title: `${name} has ${wanted.join(', ')}`,
      proves: [`${option}.${section}`],
      after,
    }),
  ];
}

const monotonic = /^On(Active|Boot|Startup|UnitActive|UnitInactive)Sec$/;

/** A timer is up, has a next time, and its calendar is the declared one as systemd understands it. */
export function timerProbes({ name, timer, declared, startAt }: PlannedTimer): Probe[] {
  const subject = { unit: `${name}.timer`, option: attrPathText(['systemd', 'timers', name]) };
  const service = attrPathText(['systemd', 'services', name]);
  if (!timer.enable) return [maskedProbe(subject)];
  const options = (...names: readonly string[]): string[] => [
    ...(declared ? names.map((each) => `${subject.option}.${each}`) : []),
    ...(startAt ? [`${service}.startAt`] : []),
  ];
  const isWanted = timer.wantedBy.some((target) => target === 'timers.target' || bootTargets.has(target));
  const calendars = [timer.timerConfig['OnCalendar'] ?? []].flat().map(String);
  const timed = calendars.length > 0 || Object.keys(timer.timerConfig).some((key) => monotonic.test(key));
  return [
    ...(isWanted
      ? [
          unit.probe({
            id: `systemd/${subject.unit}`,
            params: { unit: subject.unit },
            proves: options('enable', 'wantedBy'),
            after,
          }),
          ...(timed ? [nextElapse(subject, options('timerConfig'))] : []),
        ]
      : [{ ...loadedProbe(subject), proves: options('enable') }]),
    ...calendars.map((calendar, index) => calendarProbe(subject, calendar, index, options('timerConfig'))),
    ...(declared
      ? [
          ...descriptionProbe(subject, timer.description),
          ...settingsProbe(subject, 'timerConfig', settingLines(timer.timerConfig)),
        ]
      : []),
  ];
}

/** A timer that went off and does not repeat has no next time, but a last one. */
const nextElapse = ({ unit: name }: Subject, proves: readonly string[]): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-elapses`,
    params: {
      command: `systemctl show -p NextElapseUSecRealtime -p NextElapseUSecMonotonic -p LastTriggerUSec --value -- ${quote(name)} | grep -Eqv '^(n/a|infinity|0|)$' && echo scheduled`,
      output: 'scheduled',
    },
    title: `${name} has a time at which it goes off`,
    proves,
    after: [`systemd/${name}`],
  });

/** systemd keeps a calendar in its normal form, which systemd-analyze gives for the declared one: systemd.time(7). */
const calendarProbe = (
  { unit: name }: Subject,
  calendar: string,
  index: number,
  proves: readonly string[],
): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-calendar-${index}`,
    params: {
      command: `form=$(systemd-analyze calendar -- ${quote(calendar)} | sed -n 's/^ *Normalized form: //p'); test -n "$form" && ${show('TimersCalendar', name)} | grep -qF -- "OnCalendar=$form ;" && echo ${quote(calendar)}`,
      output: calendar,
    },
    title: `${name} goes off at ${calendar}`,
    proves,
    after,
  });
