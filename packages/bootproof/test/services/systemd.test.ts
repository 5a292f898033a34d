import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import type { Probe } from '../../src/probes/probe.ts';
import type { Service } from '../../src/services/service.ts';
import { systemdUnits } from '../../src/services/systemd.ts';
import {
  fileAt,
  idsOf,
  isInSurface,
  linesAt,
  probeOf,
  probesOf,
  realisationOf,
  type valuesOf,
} from './support.ts';

type Systemd = Extract<Parameters<typeof valuesOf>[0], { readonly systemd?: unknown }>['systemd'];

const service = systemdUnits as unknown as Service;
const withUnits = (systemd: object) => ({ systemd: systemd as Systemd }) as never;
const realised = (systemd: object) => realisationOf(service, withUnits(systemd));
const probes = (systemd: object) => probesOf(service, withUnits(systemd));
const unitFile = (name: string) => `/etc/systemd/system/${name}`;
const commandOf = (probe: Probe) => probe.params as { readonly command: string; readonly output: string };

/** What a command prints, in a shell where some programs give the answers of a machine. */
function printed(command: string, programs: Readonly<Record<string, string>>): string {
  const functions = Object.entries(programs).map(([name, body]) => `${name}() {\n${body}\n}`);
  return execFileSync('/bin/sh', ['-c', [...functions, command].join('\n')], { encoding: 'utf8' }).trim();
}

const copy = {
  description: 'Copies the photos',
  wantedBy: ['multi-user.target'],
  after: ['network.target', 'sshd.service'],
  wants: ['network.target'],
  environment: { LANG: 'C.UTF-8', TEXT: 'a "b" c', GONE: null },
  script: 'date > /run/copied\ntrue',
  serviceConfig: {
    Type: 'oneshot',
    User: 'nobody',
    RemainAfterExit: true,
    ExecStartPre: ['/bin/a', '/bin/b'],
  },
};
const daemon = {
  wantedBy: ['multi-user.target'],
  environment: { LEVEL: '3' },
  serviceConfig: { ExecStart: '/usr/bin/sleep infinity', User: 1000, Restart: 'always' },
};

describe('nothing declared', () => {
  it('has neither files nor probes', () => {
    expect(realised({})).toEqual({ files: [] });
    expect(probes({})).toEqual([]);
  });
});

describe('a service on the image', () => {
  const made = realised({ services: { copy } });

  it('is a unit with its settings as NixOS writes them', () => {
    expect(linesAt(made, unitFile('copy.service'))).toEqual([
      '[Unit]',
      'Description=Copies the photos',
      'After=network.target sshd.service',
      'Wants=network.target',
      '[Service]',
      'Environment="LANG=C.UTF-8"',
      'Environment="TEXT=a \\"b\\" c"',
      'ExecStart=/usr/local/libexec/copy-start',
      'Type=oneshot',
      'User=nobody',
      'RemainAfterExit=true',
      'ExecStartPre=/bin/a',
      'ExecStartPre=/bin/b',
    ]);
  });

  it('is started by what wants it', () => {
    expect(fileAt(made, unitFile('multi-user.target.wants/copy.service'))).toMatchObject({
      target: unitFile('copy.service'),
    });
  });

  it('has a script that ends at the first command that fails', () => {
    const script = fileAt(
      realised({ services: { copy: { script: 'echo one; false; echo two' } } }),
      '/usr/local/libexec/copy-start',
    );
    if (script?.type !== 'file') throw new Error('no script');
    expect(script.mode).toBe(0o755);
    expect(script.text.split('\n')[0]).toBe('#!/bin/bash');
    expect(() => execFileSync('/bin/bash', ['-c', script.text], { stdio: 'pipe' })).toThrow();
    const { text } = script;
    const output = execFileSync('/bin/bash', ['-c', `bash -c "$1" || true`, 'bash', text], {
      encoding: 'utf8',
    });
    expect(output).toBe('one\n');
  });

  it('that starts nothing adds to the unit that is there', () => {
    const added = realised({
      services: { sshd: { serviceConfig: { Nice: 5 }, wantedBy: ['rescue.target'] } },
    });
    expect(linesAt(added, unitFile('sshd.service.d/overrides.conf'))).toContain('Nice=5');
    expect(fileAt(added, unitFile('sshd.service'))).toBeUndefined();
    expect(fileAt(added, unitFile('rescue.target.wants/sshd.service'))).toMatchObject({
      target: '/lib/systemd/system/sshd.service',
    });
  });

  it('that is off is masked', () => {
    expect(realised({ services: { copy: { ...copy, enable: false } } }).files).toEqual([
      { type: 'symlink', path: unitFile('copy.service'), target: '/dev/null' },
    ]);
  });
});

describe('a timer on the image', () => {
  it('is a unit wanted by what is declared', () => {
    const made = realised({
      timers: {
        copy: { wantedBy: ['timers.target'], timerConfig: { OnCalendar: 'daily', Persistent: true } },
      },
    });
    expect(linesAt(made, unitFile('copy.timer'))).toEqual([
      '[Unit]',
      '[Timer]',
      'OnCalendar=daily',
      'Persistent=true',
    ]);
    expect(fileAt(made, unitFile('timers.target.wants/copy.timer'))).toMatchObject({
      target: unitFile('copy.timer'),
    });
  });

  it('follows from startAt, and joins a declared one of the same name', () => {
    const made = realised({
      services: { copy: { ...copy, startAt: ['03:00', 'Sun 14:00'] } },
      timers: { copy: { timerConfig: { OnCalendar: 'daily' } } },
    });
    expect(linesAt(made, unitFile('copy.timer')).filter((line) => line.startsWith('On'))).toEqual([
      'OnCalendar=daily',
      'OnCalendar=03:00',
      'OnCalendar=Sun 14:00',
    ]);
    expect(fileAt(made, unitFile('timers.target.wants/copy.timer'))).toBeDefined();
    expect(linesAt(realised({ services: { copy: { startAt: 'daily' } } }), unitFile('copy.timer'))).toContain(
      'OnCalendar=daily',
    );
  });
});

describe('the probes of a service', () => {
  it('ask a oneshot whether it has run, and systemd for the rest', () => {
    const made = probes({ services: { copy } });
    expect(idsOf(made)).toEqual([
      'systemd/copy.service-runs',
      'systemd/copy.service-user',
      'systemd/copy.service-script',
      'systemd/copy.service-description',
      'systemd/copy.service-wantedBy',
      'systemd/copy.service-after',
      'systemd/copy.service-wants',
      'systemd/copy.service-environment',
      'systemd/copy.service-settings',
    ]);
    expect(probeOf(made, 'systemd/copy.service-runs')).toMatchObject({
      kind: 'unit-run',
      params: { unit: 'copy.service', runs: 'once' },
      proves: ['systemd.services.copy.enable'],
    });
    expect(commandOf(probeOf(made, 'systemd/copy.service-user'))).toEqual({
      command: 'systemctl show -p User --value -- copy.service',
      output: 'nobody',
    });
  });

  it('ask a process that goes on running for its user and its environment', () => {
    const made = probes({ services: { daemon } });
    expect(probeOf(made, 'systemd/daemon.service-runs').params).toMatchObject({ runs: 'on' });
    expect(commandOf(probeOf(made, 'systemd/daemon.service-user'))).toMatchObject({ output: '1000' });
    expect(commandOf(probeOf(made, 'systemd/daemon.service-user')).command).toContain('stat -c %u');
    expect(commandOf(probeOf(made, 'systemd/daemon.service-environment')).command).toContain('/environ');
  });

  it('name options that are in the surface', () => {
    const made = probes({ services: { copy: { ...copy, startAt: 'daily' }, daemon } });
    for (const { id, proves } of made) {
      expect(proves.length, id).toBeGreaterThan(0);
      for (const path of proves) expect(isInSurface(path), `${id} proves ${path}`).toBe(true);
    }
  });

  it('do not ask for a run of what no boot starts', () => {
    expect(idsOf(probes({ services: { copy: { ...copy, wantedBy: [] } } }))).toContain(
      'systemd/copy.service-loaded',
    );
    expect(idsOf(probes({ services: { copy: { ...copy, wantedBy: ['graphical.target'] } } }))).not.toContain(
      'systemd/copy.service-runs',
    );
    expect(probes({ services: { 'copy@': copy } })).toEqual([]);
  });

  it('ask whether what is off is masked', () => {
    const made = probes({ services: { copy: { ...copy, enable: false } } });
    expect(idsOf(made)).toEqual(['systemd/copy.service-masked']);
    expect(made[0]).toMatchObject({ params: { output: 'masked' }, proves: ['systemd.services.copy.enable'] });
  });

  it.each([
    ['network.target ssh.service basic.target', true],
    ['network.target basic.target', false],
    ['network.target sssh.service', false],
  ])('see relations, an alias by the unit that it stands for: %s is %s', (after, holds) => {
    const { command, output } = commandOf(
      probeOf(probes({ services: { copy } }), 'systemd/copy.service-after'),
    );
    const systemctl = `case "$3" in Id) test "$6" = sshd.service && echo ssh.service || echo "$6";; After) echo "${after}";; esac`;
    expect(printed(command, { systemctl }) === output).toBe(holds);
  });

  it.each([
    ['Type=oneshot\nUser=nobody\nRemainAfterExit=true\nExecStartPre=/bin/b\nExecStartPre=/bin/a', true],
    ['Type=oneshot\nUser=root\nRemainAfterExit=true\nExecStartPre=/bin/b\nExecStartPre=/bin/a', false],
    ['Type=oneshot\nUser=nobody\nRemainAfterExit=true\nExecStartPre=/bin/a', false],
    // A drop-in comes last, and wins.
    [
      'Type=oneshot\nUser=nobody\nRemainAfterExit=true\nExecStartPre=/bin/b\nExecStartPre=/bin/a\nUser=x',
      false,
    ],
  ])('see each setting in the unit that systemd uses (%#)', (unit, holds) => {
    const { command, output } = commandOf(
      probeOf(probes({ services: { copy } }), 'systemd/copy.service-settings'),
    );
    expect(printed(command, { systemctl: `printf '%s\\n' '${unit}'` }) === output).toBe(holds);
  });

  it('see each variable that systemd has for the unit, which it prints as words of a shell', () => {
    const { command, output } = commandOf(
      probeOf(probes({ services: { copy } }), 'systemd/copy.service-environment'),
    );
    const shows = (words: string) => ({ systemctl: `cat <<'END'\n${words}\nEND` });
    expect(printed(command, shows('LANG=C.UTF-8 "TEXT=a \\"b\\" c" MORE=1'))).toBe(output);
    expect(printed(command, shows('LANG=C "TEXT=a \\"b\\" c"'))).toBe('TEXT=a "b" c');
    expect(printed(command, shows(''))).toBe('');
  });

  it('see whether the unit starts the declared script, and nothing before it', async () => {
    const { command, output } = commandOf(
      probeOf(
        probes({ services: { copy: { script: '\n    echo "$HOME"\n\n    sleep 1\n  ' } } }),
        'systemd/copy.service-script',
      ),
    );
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    try {
      const file = join(folder, 'copy-start');
      const systemctl = `echo '{ path=${file} ; argv[]=${file} ; ignore_errors=no ; pid=0 }'`;
      const seen = async (text: string): Promise<string> => {
        await writeFile(file, text);
        return printed(command, { systemctl });
      };
      // As NixOS has it, and as the stand-in has it.
      expect(await seen('#!/nix/store/x/bin/bash\nset -e\necho "$HOME"\n\nsleep 1\n\n')).toBe(output);
      expect(await seen('#!/bin/bash\nset -e\n\n\n    echo "$HOME"\n\n    sleep 1\n  \n')).toBe(output);
      expect(await seen('#!/bin/bash\nset -e\nexit 0\necho "$HOME"\nsleep 1\n')).not.toBe(output);
      expect(await seen('#!/bin/bash\nset -e\necho "$HOME"\n')).not.toBe(output);
      expect(await seen('\u007fELF')).toBe(`starts ${file}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the probes of a timer', () => {
  const made = probes({
    timers: { copy: { wantedBy: ['timers.target'], timerConfig: { OnCalendar: 'daily', Persistent: true } } },
  });

  it('ask for the unit, its next time, its calendar and its settings', () => {
    expect(idsOf(made)).toEqual([
      'systemd/copy.timer',
      'systemd/copy.timer-elapses',
      'systemd/copy.timer-calendar-0',
      'systemd/copy.timer-settings',
    ]);
  });

  it.each([
    ['n/a\ninfinity\n0', false],
    ['Tue 2026-11-24 00:00:00 UTC\n0\nn/a', true],
    ['\n5min 2s\nn/a', true],
  ])('take %j for a time: %s', (answer, holds) => {
    const { command } = commandOf(probeOf(made, 'systemd/copy.timer-elapses'));
    const seen = printed(command, { systemctl: `printf '%s\\n' '${answer}'` });
    expect(seen).toBe(holds ? 'scheduled' : 'never');
  });

  it('take a last time for none, where the timer goes off again and again', () => {
    const asks = (timerConfig: object) => {
      const timers = { copy: { wantedBy: ['timers.target'], timerConfig } };
      return commandOf(probeOf(probes({ timers }), 'systemd/copy.timer-elapses')).command;
    };
    expect(asks({ OnCalendar: 'daily' })).not.toContain('LastTriggerUSec');
    expect(asks({ OnBootSec: '5min', OnUnitActiveSec: '1h' })).not.toContain('LastTriggerUSec');
    expect(asks({ OnBootSec: '5min' })).toContain('LastTriggerUSec');
    expect(asks({ OnCalendar: '2027-01-01' })).toContain('LastTriggerUSec');
  });

  it('see a drop-in that gives other times by another name', () => {
    const timers = { copy: { wantedBy: ['timers.target'], timerConfig: { OnBootSec: '5min' } } };
    const { command, output } = commandOf(probeOf(probes({ timers }), 'systemd/copy.timer-settings'));
    const seen = (text: string) => printed(command, { systemctl: `printf '%s\\n' '${text}'` });
    expect(seen('[Timer]\nOnBootSec=5min')).toBe(output);
    expect(seen('[Timer]\nOnBootSec=5min\nOnCalendar=\nOnCalendar=hourly')).not.toBe(output);
  });

  it.each([
    ['*-*-* 00:00:00', true],
    ['*-*-* 00:00:30', false],
  ])('compare the calendar in its normal form: %s is %s', (kept, holds) => {
    const { command, output } = commandOf(probeOf(made, 'systemd/copy.timer-calendar-0'));
    // A function of every shell has no hyphen in its name.
    const seen = printed(command.replace('systemd-analyze', 'analyze'), {
      systemctl: `echo '{ OnCalendar=${kept} ; next_elapse=n/a }'`,
      analyze: "printf '  Original form: daily\\nNormalized form: *-*-* 00:00:00\\n'",
    });
    expect(seen === output).toBe(holds);
  });

  it('prove startAt where that has made the timer', () => {
    const from = probes({ services: { copy: { ...copy, startAt: 'daily' } } });
    expect(probeOf(from, 'systemd/copy.timer-calendar-0').proves).toEqual(['systemd.services.copy.startAt']);
    expect(idsOf(from)).not.toContain('systemd/copy.timer-settings');
  });
});

it('has a part in the NixOS test: the timers that the boot starts', () => {
  const file = makeTestFile([service]);
  expect(file).toContain('every timer that the boot starts is up');
  expect(file).toContain('config.systemd.timers');
});
