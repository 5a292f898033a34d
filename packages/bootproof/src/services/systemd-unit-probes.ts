import { attrPathText } from '../nix/show.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unitRun } from '../probes/kinds/unit-run.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import {
  type DeclaredService,
  environmentWords,
  hasCommand,
  type Settings,
  settingLines,
} from './systemd-unit-files.ts';

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
    ...descriptionProbe(subject, service.description),
    ...(['wantedBy', 'after', 'before', 'requires', 'wants'] as const).flatMap((relation) =>
      relationProbe(subject, relation, service[relation]),
    ),
    ...environmentProbe(subject, service, atBoot),
    ...settingsProbe(subject, 'serviceConfig', service.serviceConfig, hasCommand(service)),
  ];
}

export const maskedProbe = ({ unit: name, option }: Subject): Probe =>
  commandOutput.probe({
    id: `systemd/${name}-masked`,
    params: { command: show('LoadState', name), output: 'masked' },
    title: `${name} is masked`,
    proves: [`${option}.enable`],
    after,
  });

export const loadedProbe = ({ unit: name, option }: Subject): Probe =>
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

export function descriptionProbe({ unit: name, option }: Subject, description: string): Probe[] {
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

/**
 * The unit that systemd uses has each setting as it was declared. In a unit that is the owner's as a whole, no drop-in
 * says otherwise: there is no further line of the same name.
 */
export function settingsProbe(
  { unit: name, option }: Subject,
  section: 'serviceConfig' | 'timerConfig',
  settings: Settings,
  whole: boolean,
): Probe[] {
  const wanted = [...new Set(settingLines(settings))].sort();
  if (wanted.length === 0) return [];
  const pattern = whole
    ? `-E ${quote(`^(${Object.keys(settings).join('|')})=`)}`
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
    }),
  ];
}
