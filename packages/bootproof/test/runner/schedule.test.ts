import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { awaited, failed, passed } from '../../src/probes/observation.ts';
import type { Observation, Probe, ProbeKind, Proof } from '../../src/probes/probe.ts';
import type { BootState, Target } from '../../src/probes/target.ts';
import { proveAll, type ScheduleOptions } from '../../src/runner/schedule.ts';

const sight = { expected: 'yes', seen: 'something' };

function probe(id: string, more: Partial<Probe> = {}): Probe {
  return {
    id,
    title: `title of ${id}`,
    kind: id,
    params: {},
    proves: ['a.b'],
    after: [],
    deadlineSeconds: 5,
    hint: '',
    ...more,
  };
}

function kind(name: string, observe: () => Promise<Observation>, needs: ProbeKind['needs'] = []): ProbeKind {
  return { kind: name, needs, title: () => '', hint: () => '', observe };
}

interface Setting {
  readonly probes: readonly Probe[];
  readonly kinds: readonly ProbeKind[];
  readonly bootState?: () => BootState;
  readonly more?: Partial<ScheduleOptions>;
}

async function prove({
  probes,
  kinds,
  bootState,
  more,
}: Setting): Promise<{ proofs: Proof[]; started: string[] }> {
  const started: string[] = [];
  const began = performance.now();
  const quiet: BootState = { marks: [], breakdown: undefined, shell: 'ssh', waysSeen: [] };
  const proofs = await proveAll({
    probes,
    kinds: new Map(kinds.map((each) => [each.kind, each])),
    target: { bootState: bootState ?? (() => quiet) } as Target,
    offers: async () => {},
    scope: new Scope(),
    now: () => performance.now() - began,
    onStart: ({ id }) => started.push(id),
    onProof: () => {},
    ...more,
  });
  return { proofs, started };
}

describe('the schedule of probes', () => {
  test('asks again until the answer is yes, and counts the looks', async () => {
    let looks = 0;
    const { proofs } = await prove({
      probes: [probe('slow')],
      kinds: [kind('slow', async () => awaited(++looks === 3, sight))],
    });
    expect(proofs[0]).toMatchObject({ verdict: 'passed', looks: 3 });
  });

  test('does not ask again when the answer can no longer be yes', async () => {
    const { proofs } = await prove({ probes: [probe('no')], kinds: [kind('no', async () => failed(sight))] });
    expect(proofs[0]).toMatchObject({ verdict: 'failed', looks: 1, seen: 'something' });
  });

  test('fails at its deadline with what it last saw', async () => {
    const { proofs } = await prove({
      probes: [probe('never', { deadlineSeconds: 0.3 })],
      kinds: [kind('never', async () => awaited(false, { expected: 'yes', seen: 'still no' }))],
    });
    expect(proofs[0]).toMatchObject({ verdict: 'failed', seen: 'still no' });
    expect(proofs[0]?.reason).toContain('not so within 0.3 s');
  });

  test('a last look that is cut off by the deadline leaves what was seen before', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      return looks === 1
        ? Promise.resolve(awaited(false, { expected: 'yes', seen: 'no' }))
        : new Promise<Observation>(() => {});
    };
    const { proofs } = await prove({
      probes: [probe('slow', { deadlineSeconds: 0.4 })],
      kinds: [kind('slow', look)],
    });
    expect(proofs[0]).toMatchObject({ verdict: 'failed', seen: 'no' });
  });

  test('refuses what comes after a failure, names it, and still reports all the others', async () => {
    const { proofs, started } = await prove({
      probes: [probe('leaf', { after: ['root'] }), probe('root'), probe('other')],
      kinds: [
        kind('leaf', async () => passed(sight)),
        kind('root', async () => failed(sight)),
        kind('other', async () => passed(sight)),
      ],
    });
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['refused', 'failed', 'passed']);
    expect(proofs[0]?.reason).toBe('needs “title of root”, which failed');
    expect(started).not.toContain('leaf');
  });

  test('refuses a probe whose way in never opens, with the reason', async () => {
    const { proofs } = await prove({
      probes: [probe('inside')],
      kinds: [kind('inside', async () => passed(sight), ['shell'])],
      more: { offers: () => Promise.reject(new Error('no way into the machine')) },
    });
    expect(proofs[0]).toMatchObject({ verdict: 'refused', reason: 'no way into the machine', looks: 0 });
  });

  test('a probe that throws is refused with its message, never passed', async () => {
    const { proofs } = await prove({
      probes: [probe('broken', { deadlineSeconds: 0.3 })],
      kinds: [kind('broken', () => Promise.reject(new Error('unexpected end of JSON')))],
    });
    expect(proofs[0]).toMatchObject({
      verdict: 'refused',
      reason: 'could not be asked: unexpected end of JSON',
    });
  });

  test('a look that never answers is ended by the deadline', async () => {
    const { proofs } = await prove({
      probes: [probe('hangs', { deadlineSeconds: 0.3 })],
      kinds: [kind('hangs', () => new Promise(() => {}))],
    });
    expect(proofs[0]).toMatchObject({ verdict: 'refused', reason: 'could not be asked: no answer in time' });
  });

  test('a look that has begun may end after the deadline, where it is let', async () => {
    const ask = (more: Partial<ScheduleOptions>) =>
      prove({
        probes: [probe('late', { deadlineSeconds: 0.001 })],
        kinds: [kind('late', () => delay(50).then(() => passed(sight)))],
        more,
      });
    expect((await ask({})).proofs[0]).toMatchObject({ verdict: 'refused' });
    expect((await ask({ leastLookSeconds: 60 })).proofs[0]).toMatchObject({ verdict: 'passed', looks: 1 });
  });

  test('an interruption ends every wait at once', async () => {
    const scope = new Scope();
    const running = prove({
      probes: [probe('hangs', { deadlineSeconds: 600 }), probe('waits', { after: ['hangs'] })],
      kinds: [
        kind('hangs', () => {
          queueMicrotask(() => scope.close(new Error('interrupted')));
          return new Promise(() => {});
        }),
        kind('waits', async () => passed(sight)),
      ],
      more: { scope },
    });
    const { proofs } = await running;
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['refused', 'refused']);
    expect(proofs[0]?.reason).toBe('interrupted');
  });

  test('a look that throws in a machine that broke down is not repeated', async () => {
    const { proofs } = await prove({
      probes: [probe('gone', { deadlineSeconds: 600 })],
      kinds: [kind('gone', () => Promise.reject(new Error('connection closed')))],
      bootState: () => ({
        marks: [],
        breakdown: { kind: 'kernel panic', detail: 'not syncing', lines: [] },
        shell: undefined,
        waysSeen: [],
      }),
    });
    expect(proofs[0]).toMatchObject({
      verdict: 'refused',
      looks: 1,
      reason: 'the machine broke down: kernel panic',
    });
  });

  test('asks those that are asked alone one by one, after all others, a later boot’s too', async () => {
    const order: string[] = [];
    const noted = (name: string, outcome: typeof passed | typeof failed, alone = false): ProbeKind => ({
      ...kind(name, async () => {
        order.push(`${name} begins`);
        await new Promise(setImmediate);
        order.push(`${name} ends`);
        return outcome(sight);
      }),
      alone,
    });
    const { proofs } = await prove({
      probes: [probe('first'), probe('leaf', { after: ['root'] }), probe('second'), probe('root')],
      kinds: [
        noted('first', failed, true),
        noted('second', passed, true),
        noted('root', passed),
        noted('leaf', passed),
      ],
    });
    expect(order).toEqual(
      ['root', 'leaf', 'first', 'second'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['failed', 'passed', 'passed', 'passed']);
  });

  test('asks those that are asked alone even when others were refused', async () => {
    const { proofs } = await prove({
      probes: [probe('alone'), probe('inside')],
      kinds: [
        { ...kind('alone', async () => passed(sight)), alone: true },
        kind('inside', async () => passed(sight), ['ssh']),
      ],
      more: { offers: () => Promise.reject(new Error('no SSH')) },
    });
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['passed', 'refused']);
  });

  test('keeps the reason that an observation gives', async () => {
    const { proofs } = await prove({
      probes: [probe('no')],
      kinds: [kind('no', async () => ({ ...failed(sight), reason: 'web.test.ts:3' }))],
    });
    expect(proofs[0]).toMatchObject({ verdict: 'failed', reason: 'web.test.ts:3' });
  });

  test('a probe that comes after one that is asked last would never be asked', async () => {
    const circular = prove({
      probes: [probe('a', { after: ['b'] }), probe('b')],
      kinds: [{ ...kind('b', async () => passed(sight)), alone: true }],
    });
    await expect(circular).rejects.toThrow('probe a comes after b, which is asked after all others');
  });

  test('a plan whose probes wait for each other is refused before anything is asked', async () => {
    const circular = prove({
      probes: [probe('a', { after: ['b'] }), probe('b', { after: ['a'] })],
      kinds: [],
    });
    await expect(circular).rejects.toThrow('a -> b -> a');
  });

  test('a probe that comes after one that is not planned is a mistake of the plan', async () => {
    await expect(prove({ probes: [probe('a', { after: ['gone'] })], kinds: [] })).rejects.toThrow(
      'comes after gone, which is not in the plan',
    );
  });
});
