import { failed, notYet, passed } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

type Check = 'running' | 'no failed unit';

/** What systemd says of the machine as a whole. */
export const systemState = defineProbeKind<'system-state', { readonly check: Check }>({
  kind: 'system-state',
  needs: ['shell'],
  title: ({ check }) => (check === 'running' ? 'the system state is running' : 'no unit has failed'),
  hint: () => 'In the machine: systemctl --failed; journalctl -b -p err',
  async observe(target, { check }) {
    const command =
      'systemctl show -p SystemState -p NFailedUnits; systemctl list-units --state=failed --plain --no-legend --no-pager';
    const { stdout } = await target.execute(command);
    const state = /^SystemState=(.*)$/m.exec(stdout)?.[1] ?? 'unknown';
    const failedUnits = stdout
      .split('\n')
      .filter((line) => line !== '' && !/^(SystemState|NFailedUnits)=/.test(line))
      .map((line) => line.trim().split(/\s+/)[0] ?? line);
    const evidence = [{ source: command, text: stdout.trim() }];
    const failures = failedUnits.length === 0 ? 'no unit failed' : `failed: ${failedUnits.join(', ')}`;
    const sight = {
      expected: check,
      seen: check === 'running' ? `${state}${failedUnits.length > 0 ? ` (${failures})` : ''}` : failures,
      evidence,
    };
    if (['initializing', 'starting'].includes(state)) return notYet({ ...sight, seen: state });
    if (check === 'running') return state === 'running' ? passed(sight) : failed(sight);
    // An empty answer is no proof that nothing failed: the state has to have been read as well.
    return failedUnits.length === 0 && state !== 'unknown' ? passed(sight) : failed(sight);
  },
});
