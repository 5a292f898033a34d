import { describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { PollTimeout, poll } from '../../src/host/poll.ts';
import { Scope } from '../../src/host/scope.ts';

const soon = () => Deadline.after(40);
const later = () => Deadline.after(60_000);

describe('poll', () => {
  it('looks until it is done', async () => {
    const value = await poll({
      deadline: later(),
      describe: 'the third look',
      firstGapMs: 1,
      attempt: (look) => (look === 3 ? { done: true, value: look } : { done: false, seen: 'not yet' }),
    });
    expect(value).toBe(3);
  });

  it('says on time-out what it saw last', async () => {
    const failed = poll({
      deadline: soon(),
      describe: 'sshd.service to be active',
      firstGapMs: 5,
      attempt: () => ({ done: false, seen: 'activating' }),
    });
    await expect(failed).rejects.toBeInstanceOf(PollTimeout);
    await expect(failed).rejects.toThrow(
      /for sshd\.service to be active, looked \d+ times; last seen: activating/,
    );
    await expect(failed).rejects.toMatchObject({ lastSeen: 'activating', kind: 'unproven' });
  });

  it('does not wait for a look that hangs', async () => {
    await expect(
      poll({ deadline: soon(), describe: 'an answer', attempt: () => new Promise<never>(() => {}) }),
    ).rejects.toThrow('last seen: no answer to the first look');
  });

  it('keeps what an earlier look saw when the last one hangs', async () => {
    await expect(
      poll({
        deadline: Deadline.after(200),
        describe: 'an answer',
        firstGapMs: 1,
        attempt: (look) => (look === 1 ? { done: false, seen: 'inactive' } : new Promise<never>(() => {})),
      }),
    ).rejects.toThrow('last seen: inactive (the last look got no answer)');
  });

  it('stops early when a look throws', async () => {
    await expect(
      poll({
        deadline: later(),
        describe: 'a unit',
        attempt: () => {
          throw new Error('the unit is masked');
        },
      }),
    ).rejects.toThrow('the unit is masked');
  });

  it('ends with its scope, also between looks', async () => {
    const scope = new Scope();
    const waiting = poll({
      deadline: later(),
      scope,
      describe: 'a unit',
      firstGapMs: 60_000,
      maxGapMs: 60_000,
      attempt: () => {
        setImmediate(() => scope.close(new Error('QEMU died')));
        return { done: false, seen: 'nothing' };
      },
    });
    await expect(waiting).rejects.toThrow('QEMU died');
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const waiting = poll({
      deadline: later(),
      signal: controller.signal,
      describe: 'a unit',
      attempt: () => new Promise<never>(() => {}),
    });
    controller.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
    await expect(
      poll({
        deadline: later(),
        signal: AbortSignal.abort('text'),
        describe: 'x',
        attempt: () => ({ done: true, value: 1 }),
      }),
    ).rejects.toMatchObject({ kind: 'interrupted' });
  });
});
