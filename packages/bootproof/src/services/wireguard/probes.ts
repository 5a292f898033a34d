import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { sortedLines } from '../sorted-lines.ts';
import * as faults from './faults.ts';
import type { Interface, Peer } from './options.ts';
import { family } from './units.ts';

/** What is asked of an interface: a command, what it prints, the options that this shows, and how it is broken. */
interface Question {
  readonly id: string;
  readonly title: string;
  readonly command: string;
  readonly output: string;
  /** Below the interface's own set. */
  readonly proves: readonly string[];
  readonly faults: readonly ProbeFault[];
}

/** What an interface makes observable. */
export function interfaceProbes(name: string, each: Interface): Probe[] {
  const path = `networking.wireguard.interfaces.${name}`;
  const service = unit.probe({
    id: `wireguard/${name}-unit`,
    params: { unit: `wireguard-${name}.service` },
    proves: ['networking.wireguard.enable'],
    after: ['boot/multi-user'],
  });
  const questions = [
    ...addressQuestions(name, each),
    ...keyQuestions(name, each),
    ...numberQuestions(name, each),
    peersQuestion(name, each),
    ...each.peers.flatMap((one, index) => peerQuestions(name, one, index + 1)),
    ...routeQuestions(name, each),
  ];
  return [
    service,
    ...questions.map(({ id, title, command, output, proves, faults }) =>
      commandOutput.probe({
        id: `wireguard/${name}-${id}`,
        title,
        params: { command, output },
        proves: proves.map((option) => `${path}.${option}`),
        after: [service.id],
        faults,
      }),
    ),
  ];
}

function addressQuestions(name: string, { ips }: Interface): Question[] {
  if (ips.length === 0) return [];
  return [
    {
      id: 'addresses',
      title: `${name} has ${ips.join(', ')} and no other address`,
      // A tunnel has no link-local address by itself: it has no hardware address to make one from.
      command: `ip -brief address show dev ${name} | tr -s ' ' '\\n' | grep / | LC_ALL=C sort`,
      output: sortedLines(ips),
      proves: ['ips'],
      faults: [
        ...ips.map((address) => faults.otherAddress(name, ips, address)),
        faults.moreAddresses(name, ips),
      ],
    },
  ];
}

function keyQuestions(name: string, { privateKeyFile: file, generatePrivateKeyFile }: Interface): Question[] {
  if (file === null) return [];
  const command = [
    `own=$(wg pubkey < ${file}) && has=$(wg show ${name} public-key) || exit`,
    'if [ "$has" = "$own" ]; then echo the same; else echo "another: $has"; fi',
  ];
  return [
    {
      id: 'key',
      title: `${name} has the key of ${file}`,
      command: command.join('\n'),
      output: 'the same',
      proves: ['privateKeyFile', ...(generatePrivateKeyFile ? ['generatePrivateKeyFile'] : [])],
      faults: [faults.otherKey(name), faults.noKey(name), faults.fileGone(name, file)],
    },
  ];
}

function numberQuestions(name: string, { listenPort, mtu }: Interface): Question[] {
  const port =
    listenPort === null
      ? []
      : [
          {
            id: 'port',
            title: `${name} listens on port ${listenPort}`,
            command: `wg show ${name} listen-port`,
            output: String(listenPort),
            proves: ['listenPort'],
            faults: [faults.otherPort(name, listenPort)],
          },
        ];
  const size =
    mtu === null
      ? []
      : [
          {
            id: 'mtu',
            title: `${name} has the MTU ${mtu}`,
            command: `cat /sys/class/net/${name}/mtu`,
            output: String(mtu),
            proves: ['mtu'],
            faults: [faults.otherMtu(name, mtu)],
          },
        ];
  return [...port, ...size];
}

function peersQuestion(name: string, { peers }: Interface): Question {
  const keys = peers.map(({ publicKey }) => publicKey);
  return {
    id: 'peers',
    title: `${name} has its peers and no others`,
    command: `wg show ${name} peers | LC_ALL=C sort`,
    output: sortedLines(keys),
    proves: ['peers'],
    faults: [
      ...peers.map(({ publicKey }) => faults.peerGone(name, publicKey, keys)),
      faults.morePeers(name, keys),
    ],
  };
}

function peerQuestions(name: string, one: Peer, position: number): Question[] {
  const { publicKey, allowedIPs, endpoint, persistentKeepalive } = one;
  const gone = faults.peerGone(name, publicKey);
  const shown = (what: string) => `wg show ${name} ${what} | grep -F '${publicKey}' | cut -f2`;
  const ask = (id: string, what: string, command: string, output: string, fault: ProbeFault): Question => ({
    id: `peer-${position}-${id}`,
    title: `peer ${position} of ${name} has ${what}`,
    command,
    output,
    proves: ['peers'],
    faults: [fault, gone],
  });
  const allowed = sortedLines(allowedIPs) || '(none)';
  return [
    ask(
      'allowed',
      'its allowed addresses',
      `${shown('allowed-ips')} | tr ' ' '\\n' | LC_ALL=C sort`,
      allowed,
      faults.widerPeer(name, publicKey, allowedIPs),
    ),
    ...(endpoint === null
      ? []
      : [
          ask(
            'endpoint',
            'its endpoint',
            shown('endpoints'),
            endpoint,
            faults.otherEndpoint(name, publicKey),
          ),
        ]),
    ...(persistentKeepalive === null
      ? []
      : [
          ask(
            'keepalive',
            `a keepalive of ${persistentKeepalive} s`,
            shown('persistent-keepalive'),
            String(persistentKeepalive),
            faults.otherKeepalive(name, publicKey, persistentKeepalive),
          ),
        ]),
  ];
}

/** `ip route` writes an address of full length without it. */
const asRoute = (address: string): string => address.replace(/\/(32|128)$/, '');

function routeQuestions(name: string, { peers, allowedIPsAsRoutes: routed }: Interface): Question[] {
  return peers
    .flatMap(({ allowedIPs }) => allowedIPs)
    .map((address) => ({
      id: `route-${address}`,
      title: `${address} is ${routed ? '' : 'not '}routed to ${name}`,
      command: `ip ${family(address)} route show dev ${name} | cut -d' ' -f1 | grep -Fx '${asRoute(address)}' || echo no route`,
      output: routed ? asRoute(address) : 'no route',
      proves: ['allowedIPsAsRoutes'],
      faults: [routed ? faults.routeGone(name, address) : faults.routed(name, address, asRoute(address))],
    }));
}
