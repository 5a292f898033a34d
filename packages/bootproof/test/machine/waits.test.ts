import { describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { Scope } from '../../src/host/scope.ts';
import { type Guest, NoWayIn } from '../../src/machine/guest.ts';
import { Hopeless, Waits } from '../../src/machine/waits.ts';

/** Waits on a guest whose answers are given in turn; the last one is given again and again. */
function waitsOn(
  answers: Partial<Record<'unitInfo' | 'readFile' | 'execute', unknown[]>>,
  scope = new Scope(),
) {
  const next = (kind: keyof typeof answers) => async () => {
    const list = answers[kind] ?? [];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const guest = { unitInfo: next('unitInfo'), readFile: next('readFile'), execute: next('execute') };
  return new Waits(guest as unknown as Guest, scope);
}

const unit = (LoadState: string, ActiveState: string, SubState: string, NRestarts = '0') => ({
  LoadState,
  ActiveState,
  SubState,
  NRestarts,
});
const lost = new BootproofError('the shell in the guest ended', { kind: 'unproven' });
const soon = { deadlineMs: 120 };

describe('waiting for a unit', () => {
  it('ends when it is active, also when the way in was lost for a while', async () => {
    const starting = unit('loaded', 'activating', 'start');
    await waitsOn({ unitInfo: [starting, lost, unit('loaded', 'active', 'running')] }).unit('x.service');
  });

  it.each([
    ['masked', unit('masked', 'inactive', 'dead'), 'masked, inactive (dead)'],
    ['absent', unit('not-found', 'inactive', 'dead'), 'not-found, inactive (dead)'],
    ['failed', unit('loaded', 'failed', 'failed'), 'loaded, failed (failed)'],
    [
      'starting over for ever',
      unit('loaded', 'activating', 'auto-restart', '9'),
      'loaded, activating (auto-restart), started over 9 times',
    ],
  ])('ends early when it is %s', async (_name, answer, seen) => {
    const waiting = waitsOn({ unitInfo: [answer] }).unit('x.service');
    await expect(waiting).rejects.toBeInstanceOf(Hopeless);
    await expect(waiting).rejects.toThrow(`x.service cannot become active: ${seen}`);
    await expect(waiting).rejects.toMatchObject({
      hint: expect.stringContaining('journalctl -b -u x.service'),
    });
  });

  it('says on time-out what it saw last', async () => {
    const waiting = waitsOn({ unitInfo: [unit('loaded', 'activating', 'start-pre')] }).unit(
      'x.service',
      soon,
    );
    await expect(waiting).rejects.toThrow('last seen: loaded, activating (start-pre)');
  });

  it('ends early when every way in was given up, and with the machine', async () => {
    await expect(waitsOn({ unitInfo: [new NoWayIn('no way')] }).unit('x.service')).rejects.toThrow('no way');
    const scope = new Scope();
    const waiting = waitsOn({ unitInfo: [lost] }, scope).unit('x.service');
    scope.close(new Error('QEMU died'));
    await expect(waiting).rejects.toThrow('QEMU died');
  });
});

describe('waiting for a port', () => {
  const table = (port: string) =>
    `  sl  local_address\n   0: 00000000:${port} 00000000:0000 0A 00000000:00000000 00:00000000\n`;

  it('opens and closes', async () => {
    await waitsOn({ readFile: ['', '', table('0016'), ''] }).port(22, 'open');
    await waitsOn({ readFile: [table('0016'), '', '', ''] }).port(22, 'closed');
  });

  it('says which ports listen instead', async () => {
    const waiting = waitsOn({ readFile: [table('0050')] }).port(22, 'open', soon);
    await expect(waiting).rejects.toThrow('for TCP port 22 to be open');
    await expect(waiting).rejects.toThrow('last seen: listeners on 80');
  });
});

describe('waiting for a command', () => {
  const ended = (exitCode: number, stdout = '', stderr = '') => ({ exitCode, stdout, stderr });

  it('succeeds or fails at last', async () => {
    expect(await waitsOn({ execute: [ended(1), lost, ended(0, 'done')] }).success('x')).toBe('done');
    expect(await waitsOn({ execute: [ended(0), ended(3)] }).failure('x')).toEqual(ended(3));
  });

  it('says on time-out what the command said', async () => {
    await expect(waitsOn({ execute: [ended(7, 'out ', 'err')] }).success('x', soon)).rejects.toThrow(
      'last seen: exit status 7: out err',
    );
    await expect(waitsOn({ execute: [ended(0)] }).failure('x', soon)).rejects.toThrow(
      'last seen: exit status 0, no output',
    );
  });
});
