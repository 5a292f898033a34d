import { attrPathText } from '../../nix/show.ts';
import { exactly } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { neverElapses, otherCalendar, seenOfOtherCalendar, seenOfPast } from './unit-faults.ts';
import type { PlannedTimer, Settings } from './unit-files.ts';
import {
  after,
  bootTargets,
  descriptionProbe,
  loadedProbe,
  maskedProbe,
  type Subject,
  settingsProbe,
  show,
} from './unit-probes.ts';

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
  const elapses = isWanted && timed;
  return [
    ...(isWanted
      ? [
          unit.probe({
            id: `systemd/${subject.unit}`,
            params: { unit: subject.unit },
            proves: options('enable', 'wantedBy'),
            after,
          }),
          ...(timed ? [nextElapse(subject, timer.timerConfig, options('timerConfig'))] : []),
        ]
      : [{ ...loadedProbe(subject), proves: options('enable') }]),
    ...calendars.map((_, index) =>
      calendarProbe(subject, calendars, index, { proves: options('timerConfig'), elapses }),
    ),
    ...(declared
      ? [
          ...descriptionProbe(subject, timer.description),
          ...settingsProbe(subject, 'timerConfig', timer.timerConfig, {
            whole: true,
            faults: [
              ...(elapses ? [{ ...neverElapses(subject.unit), seen: seenOfPast.settings }] : []),
              // Those of startAt are not among the settings.
              ...(startAt
                ? []
                : calendars.map((_, index) => ({
                    ...otherCalendar(subject.unit, calendars, index),
                    seen: seenOfOtherCalendar.settings,
                  }))),
            ],
          }),
        ]
      : []),
  ];
}

/** Whether it goes off again and again. A calendar that names a year may be over. */
const repeats = (settings: Settings): boolean =>
  'OnUnitActiveSec' in settings ||
  'OnUnitInactiveSec' in settings ||
  [settings['OnCalendar'] ?? []].flat().some((calendar) => !/\d{4}-/.test(String(calendar)));

/**
 * A timer that went off and does not repeat has no next time, but a last one. Of one that repeats a last time says nothing:
 * what is persistent has one from its first start on.
 */
const nextElapse = ({ unit: name }: Subject, settings: Settings, proves: readonly string[]): Probe => {
  const properties = [
    'NextElapseUSecRealtime',
    'NextElapseUSecMonotonic',
    ...(repeats(settings) ? [] : ['LastTriggerUSec']),
  ];
  return commandOutput.probe({
    id: `systemd/${name}-elapses`,
    params: {
      command: `systemctl show ${properties.map((each) => `-p ${each}`).join(' ')} --value -- ${quote(name)} | grep -Eqv '^(n/a|infinity|0|)$' && echo scheduled || echo never`,
      output: 'scheduled',
    },
    title: `${name} has a time at which it goes off`,
    proves,
    after: [`systemd/${name}`],
    faults: [{ ...neverElapses(name), seen: exactly('never') }],
  });
};

/** systemd keeps a calendar in its normal form, which systemd-analyze gives for the declared one: systemd.time(7). */
const calendarProbe = (
  { unit: name }: Subject,
  calendars: readonly string[],
  index: number,
  { proves, elapses }: { readonly proves: readonly string[]; readonly elapses: boolean },
): Probe => {
  const calendar = calendars[index] ?? '';
  return commandOutput.probe({
    id: `systemd/${name}-calendar-${index}`,
    params: {
      command: `form=$(systemd-analyze calendar -- ${quote(calendar)} | sed -n 's/^ *Normalized form: //p'); test -n "$form" && all=$(${show('TimersCalendar', name)}) && case "$all" in *"OnCalendar=$form ;"*) echo ${quote(calendar)};; *) echo "$all";; esac`,
      output: calendar,
    },
    title: `${name} goes off at ${calendar}`,
    proves,
    after,
    faults: [
      { ...otherCalendar(name, calendars, index), seen: seenOfOtherCalendar.calendar },
      ...(elapses ? [{ ...neverElapses(name), seen: seenOfPast.calendar }] : []),
    ],
  });
};
