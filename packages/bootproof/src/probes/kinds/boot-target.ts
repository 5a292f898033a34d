import { failed, notYet, passed } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/**
 * The machine comes up until systemd reaches a target. Seen from outside until a way in opens, so that a machine that
 * never comes up fails here, with its console's last words, instead of leaving every probe without an answer.
 */
export const bootTarget = defineProbeKind<'boot-target', { readonly target: string }>({
  kind: 'boot-target',
  needs: ['console'],
  title: ({ target }) => `the kernel boots and systemd reaches ${target}`,
  hint: () =>
    'See console.log in the run folder; `bootproof boot` starts the machine with its console in the terminal.',
  async observe(machine, { target }) {
    const state = machine.bootState();
    const lines = machine.console.text().trimEnd().split('\n').slice(-12);
    const expected = `${target} active`;
    const console = { source: 'serial console', text: lines.join('\n') };
    // A unit that is started over and over does not keep the rest from coming up: it fails the run, but not here.
    if (state.breakdown !== undefined && state.breakdown.kind !== 'unit loop') {
      const { kind, detail, lines: telling } = state.breakdown;
      return failed({
        expected,
        seen: `${kind}: ${detail}`,
        evidence: [{ source: 'what broke', text: telling.join('\n') }, console],
      });
    }
    if (state.shell === undefined) {
      const came = state.marks.at(-1) ?? 'nothing on the console';
      const ways = state.waysSeen.length === 0 ? '' : `; ${state.waysSeen.join('; ')}`;
      return notYet({ expected, seen: `came as far as: ${came}; no way in${ways}`, evidence: [console] });
    }
    const { ActiveState = 'unknown', LoadState = 'unknown' } = await machine.unitInfo(target);
    const sight = {
      expected,
      seen: `${target} ${ActiveState}`,
      evidence: [
        { source: 'console marks', text: state.marks.join(', ') },
        { source: `systemctl show ${target}`, text: `LoadState=${LoadState}\nActiveState=${ActiveState}` },
      ],
    };
    return ActiveState === 'active' ? passed(sight) : notYet(sight);
  },
});
