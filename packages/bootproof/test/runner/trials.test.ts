import { describe, expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { unit } from '../../src/probes/makers.ts';
import { RunClock } from '../../src/runner/clock.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import { runTrials, type TrialOptions, type TrialWishes, trialsOf } from '../../src/runner/trials.ts';
import { fakeTarget } from '../probes/fake-target.ts';

const bootIdFile = '/proc/sys/kernel/random/boot_id';
const active = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running' };
const sshd = unit.probe({
  id: 'openssh/unit',
  params: { unit: 'sshd.service' },
  proves: [],
  deadlineSeconds: 1,
});

interface Fake {
  /** The boot ids that it has, one after the other. */
  readonly bootIds: readonly string[];
  readonly startOver?: () => Promise<void>;
  /** What its unit is in each boot. */
  readonly units?: readonly Readonly<Record<string, string>>[];
}

/** A machine that answers as one that is up, and counts its boots. */
function fakeMachine({ bootIds, startOver, units = [] }: Fake): Machine {
  let boot = 0;
  const open = Promise.resolve();
  const target = () =>
    fakeTarget({
      files: { [bootIdFile]: `${bootIds[boot]}\n` },
      units: { 'sshd.service': units[boot] ?? active },
    });
  const machine = {
    now: () => 1000 * (boot + 1),
    scope: new Scope(),
    ways: { ssh: open, agent: open, console: open },
    console: { text: () => '', lines: [] },
    bootPhases: [{ name: 'firmware', startMs: 0, endMs: 5 }],
    bootState: () => target().bootState(),
    execute: async (command: string) => target().execute(command),
    succeed: async () => `${bootIds[boot]}\n`,
    readFile: (path: string) => target().readFile(path),
    unitInfo: (name: string) => target().unitInfo(name),
    startOver: async () => {
      await startOver?.();
      boot += 1;
    },
  };
  return machine as unknown as Machine;
}

async function trials(
  machine: Machine,
  wishes: TrialWishes,
  { unproven, more = {} }: { unproven?: string; more?: Partial<TrialOptions> } = {},
) {
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => void events.push(event);
  const outcome = await runTrials(machine, unproven, {
    wishes,
    probes: [sshd],
    inspection: { authorizedKeys: [], loginPasswords: [], hostKeys: [] },
    folder: '/nowhere',
    clock: new RunClock(emit),
    emit,
    signal: new AbortController().signal,
    bootAgain: async () => {
      throw new Error('QEMU did not start');
    },
    ...more,
  });
  const verdicts = Object.fromEntries(outcome.proofs.map(({ probe, verdict }) => [probe.id, verdict]));
  return { ...outcome, verdicts, events };
}

test('nothing is tried that was not asked for; a reboot comes before a power cut', async () => {
  expect(trialsOf({})).toEqual([]);
  expect(trialsOf({ powerCut: { seed: 1 }, reboot: true })).toEqual(['reboot', 'power cut']);
  expect((await trials(fakeMachine({ bootIds: ['a'] }), {})).proofs).toEqual([]);
});

describe('a reboot', () => {
  test('is proven by another boot id and the same probes again', async () => {
    const { verdicts, boots, events } = await trials(fakeMachine({ bootIds: ['a', 'b'] }), { reboot: true });
    expect(verdicts).toEqual({
      'after-reboot/trial/boot-id': 'passed',
      'after-reboot/openssh/unit': 'passed',
    });
    expect(boots).toEqual([
      { after: 'reboot', startedMs: 2000, spans: [{ name: 'firmware', startMs: 0, endMs: 5 }] },
    ]);
    expect(events.at(-1)).toMatchObject({
      type: 'phase-finished',
      phase: 'reboot',
      outcome: 'done',
      detail: '2 of 2 passed',
    });
  });

  test('that was none is seen by its boot id', async () => {
    const { verdicts } = await trials(fakeMachine({ bootIds: ['a', 'a'] }), { reboot: true });
    expect(verdicts['after-reboot/trial/boot-id']).toBe('failed');
  });

  test('after which a service stays down fails that probe, and nothing more is tried', async () => {
    const down = { LoadState: 'masked', ActiveState: 'inactive', SubState: 'dead' };
    const machine = fakeMachine({ bootIds: ['a', 'b'], units: [active, down] });
    const { verdicts, proofs } = await trials(machine, { reboot: true, powerCut: { seed: 1 } });
    expect(verdicts['after-reboot/openssh/unit']).toBe('failed');
    expect(verdicts['after-power-cut/openssh/unit']).toBe('refused');
    expect(proofs.at(-1)?.reason).toBe('not tried: the boot after the reboot was not proven');
  });

  test('that never comes refuses its probes with the reason', async () => {
    const startOver = async () => {
      throw new Error('the machine did not start over in time');
    };
    const { proofs, boots, events } = await trials(fakeMachine({ bootIds: ['a'], startOver }), {
      reboot: true,
    });
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['refused', 'refused']);
    expect(proofs[0]?.reason).toContain('the machine did not start over in time');
    expect(boots).toEqual([]);
    expect(events.filter(({ type }) => type === 'probe-finished')).toHaveLength(2);
  });
});

test('after a first boot that was not proven nothing is tried, and every probe says so', async () => {
  const { proofs, events } = await trials(
    fakeMachine({ bootIds: ['a'] }),
    { reboot: true },
    { unproven: 'the first boot was not proven' },
  );
  expect(new Set(proofs.map(({ verdict, reason }) => `${verdict}: ${reason}`))).toEqual(
    new Set(['refused: not tried: the first boot was not proven']),
  );
  expect(events.some(({ type }) => type === 'phase-started')).toBe(false);
});

test('an interruption ends the proofs after a reboot', async () => {
  const interruption = new AbortController();
  const startOver = async () => interruption.abort(new Error('interrupted by SIGINT'));
  const { proofs } = await trials(
    fakeMachine({ bootIds: ['a', 'b'], startOver }),
    { reboot: true },
    { more: { signal: interruption.signal } },
  );
  expect(proofs.every(({ verdict }) => verdict === 'refused')).toBe(true);
});
