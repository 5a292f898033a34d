import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** The states of a unit: systemctl(1), `ActiveState`. */
export type UnitState = 'active' | 'reloading' | 'inactive' | 'failed' | 'activating' | 'deactivating';

/** A unit that there is has this state. Of a unit that is to be active, `unit` knows when it cannot be so any more. */
export const unitState = defineProbeKind<'unit-state', { readonly unit: string; readonly state: UnitState }>({
  kind: 'unit-state',
  needs: ['shell'],
  title: ({ unit, state }) => `${unit} is ${state}`,
  hint: ({ unit }) => `In the machine: systemctl status ${unit}; journalctl -b -u ${unit}`,
  async observe(target, { unit, state }) {
    const {
      LoadState = 'unknown',
      ActiveState = 'unknown',
      SubState = 'unknown',
    } = await target.unitInfo(unit);
    const seen = `${LoadState}, ${ActiveState} (${SubState})`;
    return awaited(LoadState === 'loaded' && ActiveState === state, {
      expected: `loaded, ${state}`,
      seen,
      evidence: [{ source: `systemctl show ${unit}`, text: seen }],
    });
  },
});
