import { expect, it } from 'vitest';
import { unitState } from '../../../src/probes/kinds/unit-state.ts';
import { fakeTarget } from '../fake-target.ts';

it.each([
  ['loaded', 'failed', 'passed'],
  ['loaded', 'active', 'not yet'],
  // A unit that there is not is inactive too, and failed in nothing.
  ['not-found', 'failed', 'not yet'],
])('of a unit that is %s and %s', async (LoadState, ActiveState, verdict) => {
  const target = fakeTarget({ units: { 'a.service': { LoadState, ActiveState, SubState: 'x' } } });
  expect(await unitState.observe(target, { unit: 'a.service', state: 'failed' })).toMatchObject({
    verdict,
    expected: 'loaded, failed',
    seen: `${LoadState}, ${ActiveState} (x)`,
  });
});
