import { expect, it } from 'vitest';
import { unitRun } from '../../src/probes/kinds/unit-run.ts';
import { fakeTarget } from './fake-target.ts';

const ended = {
  LoadState: 'loaded',
  ActiveState: 'inactive',
  SubState: 'dead',
  Result: 'success',
  MainPID: '0',
  ExecMainStartTimestampMonotonic: '1234',
  ExecMainStatus: '0',
};
const running = { ...ended, ActiveState: 'active', SubState: 'running', MainPID: '42' };

const look = (runs: 'once' | 'on', properties: Readonly<Record<string, string>>) =>
  unitRun.observe(
    fakeTarget({
      execute: () => ({
        stdout: Object.entries(properties)
          .map((entry) => entry.join('='))
          .join('\n'),
      }),
    }),
    { unit: 'a.service', runs },
  );

it.each([
  ['once', 'has ended', ended, 'passed'],
  ['once', 'is kept after its end', { ...ended, ActiveState: 'active', SubState: 'exited' }, 'passed'],
  ['once', 'was never started', { ...ended, ExecMainStartTimestampMonotonic: '0' }, 'not yet'],
  ['once', 'is at work', { ...running, ActiveState: 'activating' }, 'not yet'],
  ['once', 'failed', { ...ended, ActiveState: 'failed', Result: 'exit-code' }, 'failed'],
  ['once', 'ended with a failure that systemd forgave', { ...ended, ExecMainStatus: '1' }, 'failed'],
  ['once', 'is masked', { ...ended, LoadState: 'masked' }, 'failed'],
  ['on', 'runs', running, 'passed'],
  ['on', 'has ended', ended, 'not yet'],
  ['on', 'is kept after its end', { ...ended, ActiveState: 'active', SubState: 'exited' }, 'not yet'],
  ['on', 'is started again and again', { ...running, ActiveState: 'activating', MainPID: '0' }, 'not yet'],
  ['on', 'is unknown', { ...ended, LoadState: 'not-found' }, 'failed'],
  ['on', 'is not told of', {}, 'failed'],
] as const)('asked whether it runs %s, a unit that %s: %o', async (runs, _state, properties, verdict) => {
  expect(await look(runs, properties)).toMatchObject({ verdict });
});
