import { notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import type { Reception, Target } from '../target.ts';

type Params = {
  /** The NIC that packets from outside come over. */
  readonly nic: string;
  readonly open: readonly number[];
  readonly closed: readonly number[];
};

const unitOf = (port: number): string => `bootproof-look-tcp-${port}`;

/** A listener's row in /proc/net/tcp or tcp6, in hexadecimal: any address but those of the loopback, the port, LISTEN. */
const reachableRow = (port: number): string =>
  `^ *[0-9]+: ([0-9A-F]+):${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `;

const loopbackRow = '^ *[0-9]+: ([0-9A-F]{6}7F|0{24}01000000):';

/**
 * Gives each port a listener that can be reached and has none: a transient unit, gone after the look, or after a minute
 * if nobody ends it. It takes the NIC's own address, which is free even where a service listens on the loopback. Not
 * before the machine is up, so that no service finds its port taken.
 */
function listenCommand(nic: string, ports: readonly number[]): string {
  const listens = (port: number) =>
    `cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -vE '${loopbackRow}' | grep -qE '${reachableRow(port)}'`;
  const start = (port: number) =>
    `${listens(port)} || systemd-run --quiet --collect --unit=${unitOf(port)} --property=RuntimeMaxSec=60 ` +
    `systemd-socket-activate --listen="$address:${port}" sleep 60`;
  const wait = (port: number) =>
    `n=0; until ${listens(port)}; do n=$((n+1)); test $n -le 100 || { echo "nothing listens on ${port}"; exit 1; }; sleep 0.1; done`;
  return [
    `state=$(systemctl is-system-running)`,
    `case $state in running|degraded) ;; *) echo "the machine is still $state"; exit 1;; esac`,
    `address=$(ip -4 -oneline address show dev ${nic} scope global | sed -nE '1s/.* inet ([0-9.]+).*/\\1/p')`,
    `test -n "$address" || { echo "${nic} has no IPv4 address"; exit 1; }`,
    ...ports.map(start),
    ...ports.map(wait),
  ].join('\n');
}

const endCommand = (ports: readonly number[]): string =>
  `systemctl stop ${ports.map((port) => `${unitOf(port)}.service`).join(' ')} 2>/dev/null || true`;

const list = (ports: readonly number[]): string => ports.join(', ');

function wording({ open, closed }: Params): string {
  const parts = [
    ...(open.length === 0 ? [] : [`${list(open)} ${open.length === 1 ? 'answers' : 'answer'} from outside`]),
    ...(closed.length === 0
      ? []
      : [`${list(closed)} ${closed.length === 1 ? 'does' : 'do'} not, with a listener behind each`]),
  ];
  return parts.join('; ');
}

/**
 * Which TCP ports of the guest's first NIC answer from outside, each with a listener behind it. A port that is closed
 * has to drop the packets: a refusal would say that they came through.
 */
export const outsideTcp = defineProbeKind<'outside-tcp', Params>({
  kind: 'outside-tcp',
  needs: ['shell'],
  title: (params) => `TCP ports from outside: ${wording(params)}`,
  hint: () =>
    'In the machine: nft list ruleset (on NixOS: iptables -S); journalctl --grep="refused connection".',
  async observe(target, params) {
    const ports = [...params.open, ...params.closed];
    const expected = wording(params);
    const start = await target.execute(listenCommand(params.nic, ports));
    try {
      if (start.exitCode !== 0) return notYet({ expected, seen: `${start.stdout}${start.stderr}`.trim() });
      return judge(params, expected, await receptions(target, ports));
    } finally {
      await target.execute(endCommand(ports));
    }
  },
});

async function receptions(target: Target, ports: readonly number[]): Promise<Map<number, Reception>> {
  const seen = await Promise.all(ports.map(async (port) => [port, await target.outside.tcp(port)] as const));
  return new Map(seen);
}

function judge({ open, closed }: Params, expected: string, seen: ReadonlyMap<number, Reception>) {
  const holds =
    open.every((port) => seen.get(port) === 'answered') &&
    closed.every((port) => seen.get(port) === 'silent');
  const words = [...seen].map(([port, reception]) => `${port} ${reception}`);
  // A listener may have gone in between, which is no word on the firewall; what it lets in and drops is settled.
  const refused = [...seen.values()].includes('refused');
  const sight = {
    expected,
    seen: words.join(', '),
    evidence: [{ source: "connections through QEMU's network", text: words.join('\n') }],
  };
  return refused ? notYet(sight) : settled(holds, sight);
}
