import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProbeFault } from '../../../src/probes/probe.ts';
import type { Service } from '../../../src/services/service.ts';
import { systemdUnits } from '../../../src/services/systemd.ts';
import { linesAt, probesOf, realisationOf } from '../support.ts';

const service = systemdUnits as unknown as Service;
const units = {
  systemd: {
    services: {
      copy: {
        description: 'Copies',
        wantedBy: ['multi-user.target', 'rescue.target'],
        after: ['a.service', 'a.service.d', 'b.mount'],
        before: ['shutdown.target'],
        requires: ['b.mount'],
        environment: { B: '2', A: '1' },
        script: 'date',
        serviceConfig: { User: 'nobody', Restart: 'always', Nice: 5 },
      },
      once: {
        wantedBy: ['multi-user.target'],
        serviceConfig: { Type: 'oneshot', ExecStart: '/bin/a', User: 7 },
      },
      sshd: { serviceConfig: { Nice: 5 } },
      gone: { enable: false },
    },
    timers: { copy: { wantedBy: ['timers.target'], timerConfig: { OnCalendar: ['daily', 'hourly'] } } },
  },
} as never;
const realised = realisationOf(service, units);
const faults = new Map<string, { readonly fault: ProbeFault; readonly seenBy: Record<string, string> }>();
for (const { id: probe, faults: own = [] } of probesOf(service, units)) {
  for (const fault of own) {
    const known = faults.get(fault.id) ?? { fault, seenBy: {} };
    known.seenBy[probe.replace('systemd/', '')] = fault.seen;
    faults.set(fault.id, known);
  }
}

const faultOf = (id: string) => {
  const found = faults.get(id);
  if (found === undefined) throw new Error(`no fault ${id} among ${[...faults.keys()].join(', ')}`);
  return found;
};

const folder = mkdtempSync(join(tmpdir(), 'bootproof-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The unit's file as a fault makes it: lines that are there no more, and lines that are new. */
function changesOf(id: string, unit: string): string[] {
  const [file, copy] = [join(folder, 'unit'), join(folder, 'copy')];
  const lines = linesAt(realised, `/etc/systemd/system/${unit}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const filter = faultOf(id).fault.commands.find((line) => line.includes('< "$file"')) ?? '';
  const here = filter.replaceAll('"/run/systemd/system.control/$unit"', copy);
  execFileSync('/bin/sh', ['-ec', `file=${file}; ${here}`]);
  const changed = readFileSync(copy, 'utf8').trimEnd().split('\n');
  return [
    ...lines.filter((line) => !changed.includes(line)).map((line) => `- ${line}`),
    ...changed.filter((line) => !lines.includes(line)).map((line) => `+ ${line}`),
  ];
}

describe("a fault of a unit's file", () => {
  it.each([
    // The word and not one that begins like it.
    [
      'unit-relation/copy.service/After',
      ['- After=a.service a.service.d b.mount', '+ After=a.service a.service.d '],
    ],
    ['unit-relation/copy.service/Requires', ['- Requires=b.mount', '+ Requires=']],
    // What systemd adds by itself would keep the relation.
    [
      'unit-relation/copy.service/Before',
      ['- Before=shutdown.target', '+ DefaultDependencies=no', '+ Before='],
    ],
    ['unit-line-missing/copy.service', ['- Nice=5']],
  ])('%s changes what it says, and nothing else', (id, changes) => {
    expect(changesOf(id, 'copy.service')).toEqual(changes);
  });
});

describe('each probe says in its own words what it sees of a fault', () => {
  it.each([
    ['unit-relation/copy.service/After', { 'copy.service-after': '^a\\.service\\na\\.service\\.d$' }],
    ['unit-unwanted/copy.service', { 'copy.service-wantedBy': '^multi-user\\.target$' }],
    ['unit-environment/copy.service', { 'copy.service-environment': '^A=1$' }],
    [
      'unit-user/copy.service',
      { 'copy.service-user': '^root$', 'copy.service-settings': '(^|\\n)User=root(\\n|$)' },
    ],
    [
      'unit-user/once.service',
      { 'once.service-user': '^0$', 'once.service-settings': '(^|\\n)User=0(\\n|$)' },
    ],
    ['unit-overridden/once.service', { 'once.service-settings': '(^|\\n)ExecStart=\\/bin\\/true(\\n|$)' }],
    ['unit-additions-missing/sshd.service', { 'sshd.service-settings': '^$' }],
    ['unit-unmasked/gone.service', { 'gone.service-masked': '^loaded$' }],
    [
      'timer-calendar/copy.timer/1',
      {
        'copy.timer-calendar-1': 'OnCalendar=\\*-02-29 00:00:00 ;',
        'copy.timer-settings': '(^|\\n)OnCalendar=\\*-02-29(\\n|$)',
      },
    ],
  ])('%s', (id, seenBy) => {
    expect(faultOf(id).seenBy).toEqual(seenBy);
  });

  it('a process that goes on running is started anew with the fault, one that ended is not', () => {
    const restarts = (id: string) => faultOf(id).fault.commands.some((line) => line.includes('restart'));
    expect(restarts('unit-user/copy.service')).toBe(true);
    expect(restarts('unit-user/once.service')).toBe(false);
    expect(restarts('unit-environment/copy.service')).toBe(true);
  });

  it('a variable that is a number becomes another one, which its program can still read', () => {
    expect(faultOf('unit-environment/copy.service').fault.commands.join('\n')).toContain('"Environment=B=3"');
  });

  it('the other calendars of a timer stay', () => {
    expect(faultOf('timer-calendar/copy.timer/1').fault.commands.join('\n')).toContain(
      '"OnCalendar=" "OnCalendar=daily" "OnCalendar=*-02-29"',
    );
  });
});
