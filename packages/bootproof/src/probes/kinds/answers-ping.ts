import { failed, notYet, passed } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

const space = 'bootproof-ping';
const [near, far] = ['bp-ping0', 'bp-ping1'];

/**
 * Asks from a network namespace of its own, joined to the machine by a pair of virtual NICs: no packet of QEMU's
 * user-mode network is an echo request, and a machine's words to itself pass by its firewall. Both are gone afterwards.
 * The neighbour table shows that the requests did get there.
 */
const command = `
clean() { ip netns delete ${space}; ip link delete ${near}; } 2>/dev/null
clean
trap clean EXIT
ip netns add ${space} && ip link add ${near} type veth peer name ${far} netns ${space} &&
ip address add 169.254.77.1/30 dev ${near} && ip link set ${near} up &&
ip -n ${space} address add 169.254.77.2/30 dev ${far} && ip -n ${space} link set ${far} up || exit 70
if ip netns exec ${space} ping -n -c 3 -i 0.5 -W 1 169.254.77.1 >/dev/null; then echo answered; else echo silent; fi
ip -n ${space} neighbour show 169.254.77.1
`.trim();

/** The machine answers ICMPv4 echo requests, or leaves them unanswered, as its firewall is declared. */
export const answersPing = defineProbeKind<'answers-ping', { readonly answers: boolean }>({
  kind: 'answers-ping',
  needs: ['shell'],
  title: ({ answers }) => (answers ? 'the machine answers ping' : 'the machine leaves ping unanswered'),
  hint: () =>
    'In the machine: nft list ruleset (on NixOS: iptables -S); sysctl net.ipv4.icmp_echo_ignore_all.',
  async observe(target, { answers }) {
    const result = await target.execute(command);
    const evidence = [{ source: `ping from a namespace`, text: `${result.stdout}${result.stderr}`.trim() }];
    const [word = '', neighbour = ''] = result.stdout.trim().split('\n');
    const expected = answers ? 'an answer' : 'no answer, on a link that works';
    if (result.exitCode !== 0 || !neighbour.includes('lladdr')) {
      return notYet({
        expected,
        seen: `no link to ask over: ${result.stderr.trim() || result.stdout.trim()}`,
        evidence,
      });
    }
    const holds = (word === 'answered') === answers;
    return (holds ? passed : failed)({ expected, seen: word, evidence });
  },
});
