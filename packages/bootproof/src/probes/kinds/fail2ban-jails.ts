import { notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

const command = 'fail2ban-client status';

/** The jails that the running fail2ban server has are these and no others. */
export const fail2banJails = defineProbeKind<'fail2ban-jails', { readonly jails: readonly string[] }>({
  kind: 'fail2ban-jails',
  needs: ['shell'],
  title: ({ jails }) =>
    jails.length === 0 ? 'fail2ban has no jail' : `fail2ban has the jails ${jails.join(', ')}, and no other`,
  hint: () => 'In the machine: fail2ban-client status; journalctl -b -u fail2ban',
  async observe(target, { jails }) {
    const { stdout, stderr, exitCode } = await target.execute(command);
    const list = /Jail list:(.*)/.exec(stdout)?.[1];
    const expected = jails.join(', ') || 'no jail';
    // The unit is active before its server takes questions.
    if (exitCode !== 0 || list === undefined) {
      return notYet({ expected, seen: stderr.trim() || `exit status ${exitCode}: ${stdout.trim()}` });
    }
    const up = list.split(',').flatMap((name) => name.trim() || []);
    return settled([...up].sort().join() === [...jails].sort().join(), {
      expected,
      seen: up.join(', ') || 'no jail',
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
