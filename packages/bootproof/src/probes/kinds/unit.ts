import { failed, notYet, passed } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

const nextLook = (name: string) => `systemctl status ${name}; journalctl -b -u ${name}`;

/** A systemd unit is loaded and active. */
export const unit = defineProbeKind<'unit', { readonly unit: string }>({
  kind: 'unit',
  needs: ['shell'],
  title: (params) => `${params.unit} is active`,
  hint: (params) => `In the machine: ${nextLook(params.unit)}`,
  async observe(target, params) {
    const properties = await target.unitInfo(params.unit);
    const { LoadState = 'unknown', ActiveState = 'unknown', SubState = 'unknown', Result = '' } = properties;
    const sight = {
      expected: 'loaded, active',
      seen: `${LoadState}, ${ActiveState} (${SubState})${Result === '' || Result === 'success' ? '' : `, result ${Result}`}`,
      evidence: [
        {
          source: `systemctl show ${params.unit}`,
          text: Object.entries(properties)
            .map(([key, value]) => `${key}=${value}`)
            .join('\n'),
        },
      ],
    };
    if (LoadState === 'loaded' && ActiveState === 'active') return passed(sight);
    // A masked or missing unit never becomes active, and a failed one does not recover by being watched.
    if (['masked', 'not-found', 'bad-setting', 'error'].includes(LoadState) || ActiveState === 'failed')
      return failed(sight);
    return notYet(sight);
  },
});
