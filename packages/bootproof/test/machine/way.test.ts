import { describe, expect, it } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { Way, type WayAttempt } from '../../src/machine/way.ts';

/** A way whose openings are ended by hand. */
function byHand() {
  const attempts: (WayAttempt & { open(value: string): void; fail(error: Error): void })[] = [];
  const machine = new Scope();
  const way = new Way<string>(
    'SSH',
    machine,
    (attempt) =>
      new Promise((open, fail) => {
        attempts.push({ scope: attempt.scope, saw: attempt.saw, open, fail });
      }),
  );
  return { way, attempts, machine };
}

describe('Way', () => {
  it('opens', async () => {
    const { way, attempts } = byHand();
    await expect(way.opened).rejects.toThrow('SSH was not tried');
    way.begin();
    attempts[0]?.saw('nobody listens');
    expect(way.value).toBeUndefined();
    expect(way.shutBecause).toBe('SSH: nobody listens');
    attempts[0]?.open('connection');
    expect(await way.opened).toBe('connection');
    expect(way.value).toBe('connection');
    expect(way.shutBecause).toBeUndefined();
  });

  it('is given up with what was seen last, but not once it is open', async () => {
    const { way, attempts } = byHand();
    way.begin();
    attempts[0]?.saw('nobody listens');
    way.giveUp('shut 45 s after the login prompt');
    await expect(way.opened).rejects.toThrow(
      'SSH was given up: shut 45 s after the login prompt; last seen: nobody listens',
    );
    expect(attempts[0]?.scope.closed).toBe(true);
    way.begin();
    attempts[1]?.open('connection');
    await way.opened;
    way.giveUp('late');
    expect(await way.opened).toBe('connection');
  });

  it('opens anew, and hears nothing more of the attempt before', async () => {
    const { way, attempts } = byHand();
    way.begin();
    const before = way.opened;
    way.begin();
    await expect(before).rejects.toThrow('opened anew');
    attempts[0]?.open('old');
    attempts[0]?.saw('old');
    attempts[1]?.saw('new');
    expect(way.shutBecause).toBe('SSH: new');
    attempts[1]?.open('new');
    expect(await way.opened).toBe('new');
    expect(way.value).toBe('new');
  });

  it('ends with its machine', async () => {
    const { way, attempts, machine } = byHand();
    way.begin();
    machine.close(new Error('QEMU died'));
    await expect(way.opened).rejects.toThrow('QEMU died');
    expect(attempts[0]?.scope.closed).toBe(true);
  });

  it('keeps the reason of a failure', async () => {
    const { way, attempts } = byHand();
    way.begin();
    attempts[0]?.fail(new Error('the key is refused'));
    await expect(way.opened).rejects.toThrow('the key is refused');
    expect(way.shutBecause).toBe('SSH: the key is refused');
  });

  it('can be absent', async () => {
    const way = Way.absent('guest agent', 'the machine has no channel for it');
    await expect(way.opened).rejects.toThrow('no channel');
    expect(way.shutBecause).toBe('guest agent: the machine has no channel for it');
  });
});
