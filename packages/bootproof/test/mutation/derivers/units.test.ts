import { describe, expect, test } from 'vitest';
import { deriveMutations } from '../../../src/mutation/derive.ts';
import { kernelModule } from '../../../src/probes/kinds/kernel-module.ts';
import { sshdSetting } from '../../../src/probes/kinds/sshd-setting.ts';
import { unitRun } from '../../../src/probes/kinds/unit-run.ts';
import type { Probe } from '../../../src/probes/probe.ts';
import { planHl02 } from '../../plan/support.ts';
import { fakeTarget } from '../../probes/fake-target.ts';

const hl02 = await planHl02();
const mutationsOf = (probe: Probe) => deriveMutations({ ...hl02, probes: [probe] }).mutations;
const run = (runs: 'on' | 'once') =>
  unitRun.probe({ id: 'own/run', params: { unit: 'a.service', runs }, proves: [] });

/** What systemctl tells of a unit. */
const shown = (more: object): string =>
  Object.entries({
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Result: 'success',
    MainPID: 7,
    ExecMainStartTimestampMonotonic: 5,
    ExecMainStatus: 0,
    ...more,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

describe('a unit that runs', () => {
  test('may be masked, fail, be stopped and end; one that has run cannot be stopped', () => {
    expect(mutationsOf(run('on')).map(({ id }) => id)).toEqual([
      'unit-masked/a.service',
      'unit-failing/a.service',
      'unit-stopped/a.service',
      'unit-ended/a.service',
    ]);
    expect(mutationsOf(run('once')).map(({ id }) => id)).toEqual([
      'unit-masked/a.service',
      'unit-failing/a.service',
    ]);
  });

  test.each([
    ['unit-masked/a.service', { LoadState: 'masked', ActiveState: 'inactive', SubState: 'dead', MainPID: 0 }],
    [
      'unit-failing/a.service',
      { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code', MainPID: 0, ExecMainStatus: 1 },
    ],
    ['unit-stopped/a.service', { ActiveState: 'inactive', SubState: 'dead', MainPID: 0 }],
    ['unit-ended/a.service', { SubState: 'exited', MainPID: 0 }],
  ])('%s is what its probe is to see', async (id, more) => {
    const says = mutationsOf(run('on')).find((each) => each.id === id)?.expects[0]?.says ?? /^$/;
    const look = (state: object) =>
      unitRun.observe(fakeTarget({ execute: () => ({ stdout: shown(state) }) }), run('on').params);
    const [broken, healthy] = [await look(more), await look({})];
    expect(broken.verdict).not.toBe('passed');
    expect(broken.seen).toMatch(says);
    expect(healthy.verdict).toBe('passed');
    expect(healthy.seen).not.toMatch(says);
  });
});

describe('a kernel module', () => {
  test('is unloaded', () => {
    const probe = kernelModule.probe({ id: 'own/module', params: { module: 'dummy' }, proves: [] });
    expect(mutationsOf(probe)).toMatchObject([
      {
        id: 'module-unloaded/dummy',
        fault: { command: expect.stringContaining('modprobe -r dummy') },
        expects: [{ says: /^not loaded$/ }],
      },
    ]);
  });
});

describe('a setting of sshd', () => {
  const setting = (name: string, words: readonly string[]) =>
    mutationsOf(sshdSetting.probe({ id: 'own/setting', params: { setting: name, words }, proves: [] }));

  test.each([
    [['root'], 'AllowUsers mutation root', 'AllowUsers root'],
    [['root', 'ops'], 'AllowUsers mutation root ops', 'AllowUsers root ops'],
  ])('that is a list of users has one more: %j', (words, broken, healthy) => {
    const [mutation] = setting('AllowUsers', words);
    expect(mutation?.fault).toMatchObject({ command: expect.stringContaining("'AllowUsers mutation'") });
    expect(mutation?.expects[0]?.says.test(broken)).toBe(true);
    expect(mutation?.expects[0]?.says.test(healthy)).toBe(false);
  });

  test('has the other value and no third one', () => {
    const says = setting('PermitRootLogin', ['yes'])[0]?.expects[0]?.says;
    expect(says?.test('PermitRootLogin without-password')).toBe(true);
    expect(says?.test('PermitRootLogin no')).toBe(false);
    expect(setting('Ciphers', ['aes256-ctr'])).toEqual([]);
  });
});
