import { attrPathText } from '../nix/show.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import type { PlannedTimer } from './systemd-unit-files.ts';
import {
  after,
  bootTargets,
  descriptionProbe,
  loadedProbe,
  maskedProbe,
  type Subject,
  settingsProbe,
  show,
} from './systemd-unit-probes.ts';

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
          ...settingsProbe(subject, 'timerConfig', timer.timerConfig, true),
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
