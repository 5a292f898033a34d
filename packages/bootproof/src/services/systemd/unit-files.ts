import type { ResolvedOf } from '../../options/option.ts';
import type { ImageFile } from '../recipe.ts';
import { textFile, wantedBy } from '../service.ts';
import type { systemdOptions } from './options.ts';

export type Systemd = ResolvedOf<typeof systemdOptions>['systemd'];
export type DeclaredService = Systemd['services'][string];
export type DeclaredTimer = Systemd['timers'][string];
export type Settings = DeclaredService['serviceConfig'];

const folder = '/etc/systemd/system';

/** Where the script of a service is on the stand-in. */
export const scriptPath = (name: string): string => `/usr/local/libexec/${name}-start`;

/** Lines of a section, as NixOS writes them: a list is a line for each item. Facts: nixos/lib/systemd-lib.nix. */
export function settingLines(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => `${name}=${String(item)}`),
  );
}

/** `NAME=value`, for each variable that is not left out. */
export function environmentWords(environment: DeclaredService['environment']): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${String(value)}`],
  );
}

/** Whether it says what to start. What does not, adds to a unit that is there anyway. */
export const hasCommand = ({ script, serviceConfig }: DeclaredService): boolean =>
  script !== '' || 'ExecStart' in serviceConfig;

const line = (name: string, words: readonly string[]): string[] =>
  words.length === 0 ? [] : [`${name}=${words.join(' ')}`];

function serviceLines(name: string, service: DeclaredService): string[] {
  const { description, after, before, requires, wants, environment, script, serviceConfig } = service;
  return [
    '[Unit]',
    ...line('Description', description === '' ? [] : [description]),
    ...line('After', after),
    ...line('Before', before),
    ...line('Requires', requires),
    ...line('Wants', wants),
    '',
    '[Service]',
    // Both know a text in double quotes with backslashes.
    ...environmentWords(environment).map((word) => `Environment=${JSON.stringify(word)}`),
    ...(script === '' ? [] : [`ExecStart=${scriptPath(name)}`]),
    ...settingLines(serviceConfig),
  ];
}

function timerLines({ description, timerConfig }: DeclaredTimer): string[] {
  return [
    '[Unit]',
    ...line('Description', description === '' ? [] : [description]),
    '',
    '[Timer]',
    ...settingLines(timerConfig),
  ];
}

const masked = (unit: string): ImageFile => ({
  type: 'symlink',
  path: `${folder}/${unit}`,
  target: '/dev/null',
});

/** The files of a service: its unit, or a drop-in for one that is there; its script, and the links that have it started. */
export function serviceFiles(name: string, service: DeclaredService): ImageFile[] {
  const unit = `${name}.service`;
  if (!service.enable) return [masked(unit)];
  const whole = hasCommand(service);
  return [
    textFile(`${folder}/${unit}${whole ? '' : '.d/overrides.conf'}`, serviceLines(name, service)),
    // As NixOS has it: bash, and the first command that fails ends the script.
    ...(service.script === ''
      ? []
      : [textFile(scriptPath(name), ['#!/bin/bash', 'set -e', '', service.script], 0o755)]),
    ...service.wantedBy.map((target) => wantedBy(target, unit, whole ? folder : undefined)),
  ];
}

export function timerFiles(name: string, timer: DeclaredTimer): ImageFile[] {
  const unit = `${name}.timer`;
  if (!timer.enable) return [masked(unit)];
  return [
    textFile(`${folder}/${unit}`, timerLines(timer)),
    ...timer.wantedBy.map((target) => wantedBy(target, unit, folder)),
  ];
}

/** A timer with the options that it follows from. */
export interface PlannedTimer {
  readonly name: string;
  readonly timer: DeclaredTimer;
  /** Whether `systemd.timers` has it, `startAt` of a service, or both. */
  readonly declared: boolean;
  readonly startAt: boolean;
}

/** The timers that are declared as such, and those that `startAt` makes: wanted by timers.target, as NixOS's are. */
export function timersOf({ services, timers }: Systemd): PlannedTimer[] {
  const names = new Set([...Object.keys(timers), ...Object.keys(services)]);
  return [...names].flatMap((name): PlannedTimer[] => {
    const declared = timers[name];
    const service = services[name];
    const at = service?.enable === true ? [service.startAt].flat() : [];
    if (at.length === 0) {
      return declared === undefined ? [] : [{ name, timer: declared, declared: true, startAt: false }];
    }
    const base: DeclaredTimer = declared ?? { enable: true, description: '', wantedBy: [], timerConfig: {} };
    const calendars = [...[base.timerConfig['OnCalendar'] ?? []].flat(), ...at];
    const timer: DeclaredTimer = {
      ...base,
      wantedBy: [...new Set([...base.wantedBy, 'timers.target'])],
      timerConfig: { ...base.timerConfig, OnCalendar: calendars },
    };
    return [{ name, timer, declared: declared !== undefined, startAt: true }];
  });
}
