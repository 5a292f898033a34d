import { nix, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { exactly } from '../probes/fault-commands.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { fail2banJails } from '../probes/kinds/fail2ban-jails.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { eachString } from './nixos-test.ts';
import { peerValue } from './peers.ts';
import { defineService, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/security/fail2ban.nix';

const value = types.oneOf([types.bool, types.int, types.float, types.str]);

const jail = types.submodule({
  enabled: option({
    type: types.bool,
    default: true,
    description: 'Whether the jail is up.',
    source,
    verdict: 'provable',
  }),
  settings: option({
    type: types.submodule({}, { freeformType: types.attrsOf(value) }),
    default: {},
    example: { filter: 'sshd', findtime: 600 },
    description: 'Settings of jail.conf(5), by their own names.',
    source,
    verdict: 'provable',
  }),
});

const options = {
  services: {
    fail2ban: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run fail2ban, which bans the addresses that fail too often.',
        source,
        verdict: 'provable',
      }),
      maxretry: option({
        type: types.ints.unsigned,
        default: 3,
        description: 'How many failures an address may have before it is banned.',
        source,
        verdict: 'provable',
      }),
      bantime: option({
        type: types.str,
        default: '10m',
        example: '1h',
        description: 'How long an address is banned: seconds, or a number with s, m, h, d or w.',
        source,
        verdict: 'provable',
      }),
      ignoreIP: option({
        type: types.listOf(types.str),
        default: [],
        example: ['192.168.0.0/16'],
        description: 'Addresses, networks and host names that are never banned.',
        source,
        verdict: 'provable',
      }),
      jails: option({
        type: types.attrsOf(jail),
        default: {},
        description:
          'The jails, by name; those of DEFAULT hold for all. Where SSH is on, NixOS adds one for it, `sshd`.',
        source,
        verdict: 'provable',
      }),
    },
  },
};

type Fail2ban = ResolvedOf<typeof options>['services']['fail2ban'];
type Settings = Readonly<Record<string, string | number | boolean>>;

/** What is read of SSH's options. */
interface Ssh {
  readonly enable: boolean;
  readonly ports: readonly number[];
}

const path = 'services.fail2ban';
const jailsUp = 'fail2ban/jails';

interface Jail {
  readonly name: string;
  readonly enabled: boolean;
  /** Its own settings, those of DEFAULT left out. */
  readonly settings: Settings;
}

/** The jails with the one that NixOS adds for SSH. */
function jailsOf(config: ResolvedOf<typeof options>): Jail[] {
  const { fail2ban } = config.services;
  const ssh = peerValue<Ssh>(config, 'services.openssh');
  const sshPorts = ssh?.enable ? ssh.ports : undefined;
  const { DEFAULT: _, ...declared } = fail2ban.jails;
  const added = sshPorts && declared['sshd'] === undefined ? { sshd: { enabled: true, settings: {} } } : {};
  return Object.entries({ ...declared, ...added }).map(([name, { enabled, settings }]) => ({
    name,
    enabled,
    settings: {
      ...(name === 'sshd' && sshPorts ? { port: sshPorts.join(',') } : {}),
      ...(settings as Settings),
    },
  }));
}

/** What holds for all jails: NixOS's own, and what is declared for DEFAULT. */
const defaultsOf = ({ maxretry, bantime, ignoreIP, jails }: Fail2ban): Settings => ({
  banaction: 'iptables-multiport',
  banaction_allports: 'iptables-allports',
  maxretry,
  bantime,
  ignoreip: ['127.0.0.1/8', '::1', ...ignoreIP].join(' '),
  backend: 'systemd',
  ...(jails['DEFAULT']?.settings as Settings | undefined),
});

const section = (name: string, settings: Settings): string[] => [
  `[${name}]`,
  ...Object.entries(settings).map(([key, given]) => `${key} = ${given}`),
  '',
];

/** fail2ban: the declared jails are up, with the limits that were declared. */
export const fail2ban = defineService({
  name: 'fail2ban',
  description: 'Fail2ban, which bans the addresses that fail too often.',
  options,

  realise(config) {
    if (!config.services.fail2ban.enable) return {};
    // Debian calls SSH's unit ssh.service, and the journal goes by that name.
    const journal = { journalmatch: '_SYSTEMD_UNIT=ssh.service + _COMM=sshd' };
    return {
      packages: ['fail2ban', 'python3-systemd', 'iptables'],
      files: [
        textFile('/etc/fail2ban/fail2ban.local', section('Definition', { logtarget: 'SYSLOG' })),
        textFile('/etc/fail2ban/jail.local', [
          ...section('DEFAULT', defaultsOf(config.services.fail2ban)),
          ...jailsOf(config).flatMap(({ name, enabled, settings }) =>
            section(name, { enabled, ...(name === 'sshd' ? journal : {}), ...settings }),
          ),
        ]),
        // Debian's own jail for SSH, which is up whatever is declared.
        { type: 'absent', path: '/etc/fail2ban/jail.d/defaults-debian.conf' },
        wantedBy('multi-user.target', 'fail2ban.service'),
      ],
    };
  },

  probes(config) {
    const { fail2ban } = config.services;
    if (!fail2ban.enable) return [];
    const jails = jailsOf(config);
    const up = jails.filter(({ enabled }) => enabled);
    return [
      unit.probe({
        id: 'fail2ban/unit',
        params: { unit: 'fail2ban.service' },
        proves: [`${path}.enable`],
      }),
      fail2banJails.probe({
        id: jailsUp,
        params: { jails: up.map(({ name }) => name).sort() },
        proves: [
          `${path}.enable`,
          ...Object.keys(fail2ban.jails)
            .filter((name) => name !== 'DEFAULT')
            .map((name) => `${path}.jails.${name}.enabled`),
        ],
        after: ['fail2ban/unit'],
      }),
      ...up.flatMap((each) => limitProbes(each, fail2ban)),
    ];
  },

  nixosTest: ({ services: { fail2ban: declared } }) => ({
    steps: [
      {
        title: 'the declared jails of fail2ban are up',
        when: declared.enable,
        lines: [
          'machine.wait_for_unit("fail2ban.service")',
          'machine.wait_until_succeeds("fail2ban-client ping")',
          eachString(
            'jail',
            nix`lib.attrNames (
              lib.filterAttrs (name: jail: name != "DEFAULT" && jail.enabled or true) ${declared.jails}
            )`,
            (each) => text`machine.succeed("fail2ban-client status " + ${each})`,
          ),
        ],
      },
    ],
  }),
});

/** Seconds of a time as fail2ban writes it; undefined where it is more than a number with one unit. */
export function secondsOf(time: string | number | boolean): number | undefined {
  const [, count, unitName = 's'] = /^(\d+)\s*([smhdw]?)$/.exec(String(time).trim()) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[unitName || 's'];
  return count === undefined || seconds === undefined ? undefined : Number(count) * seconds;
}

/** What fail2ban itself says of the loopback, which is never banned. */
const loopback = ['127.0.0.1/8', '127.0.0.0/8', '::1'];

/** Each word once, as `LC_ALL=C sort -u` prints them. */
const once = (words: readonly string[]): string => [...new Set(words)].sort().join('\n');

/** A jail with another setting, in a file that is read after all others: jail.conf(5). */
const otherSetting = (jail: string, key: string, given: string, seen = given): ProbeFault => ({
  id: `fail2ban-setting/${jail}/${key}-${given.replaceAll(' ', ',')}`,
  title: `the jail ${jail} has ${key} ${given}`,
  commands: [
    'mkdir -p /etc/fail2ban/jail.d',
    `printf '%s\\n' ${quote(`[${jail}]`)} ${quote(`${key} = ${given}`)} > /etc/fail2ban/jail.d/mutation.local`,
    'fail2ban-client reload',
  ],
  seen: exactly(seen),
});

/** Each limit as the running jail has it, with the option that it comes from. */
function limitProbes({ name, settings }: Jail, fail2ban: Fail2ban): Probe[] {
  const defaults = defaultsOf(fail2ban);
  const shared = (fail2ban.jails['DEFAULT']?.settings ?? {}) as Settings;
  const origin = (key: string, top: string): string => {
    if (key in settings) return `${path}.jails.${name}.settings.${key}`;
    return key in shared ? `${path}.jails.DEFAULT.settings.${key}` : top;
  };
  const ask = (key: string, command: string, output: string, faults: readonly ProbeFault[]): Probe =>
    commandOutput.probe({
      id: `fail2ban/${name}-${key}`,
      title: `the jail ${name} has ${key} ${output.replaceAll('\n', ', ')}`,
      params: { command, output },
      proves: [origin(key, `${path}.${key === 'ignoreip' ? 'ignoreIP' : key}`)],
      after: [jailsUp],
      faults,
    });
  const get = (what: string) => `fail2ban-client get ${quote(name)} ${what}`;
  const given = { ...defaults, ...settings };
  const numbers = ['maxretry', 'bantime', 'findtime'].flatMap((key) => {
    const wanted = given[key] === undefined ? undefined : secondsOf(given[key]);
    if (wanted === undefined) return [];
    return [ask(key, get(key), String(wanted), [otherSetting(name, key, String(wanted + 60))])];
  });
  const ignored = String(given['ignoreip'])
    .split(/[\s,]+/)
    .filter((each) => !['', ...loopback].includes(each));
  const listed = `${get('ignoreip')} | sed -n 's/^[|\`]- //p' | grep -vFx ${loopback.map((each) => `-e ${each}`).join(' ')} | LC_ALL=C sort -u`;
  const ignoring = (words: readonly string[]) =>
    otherSetting(name, 'ignoreip', words.join(' ') || '::1', once(words));
  const port = String(settings['port']);
  return [
    ...numbers,
    ...(ignored.length === 0
      ? []
      : [
          ask('ignoreip', listed, once(ignored), [
            ignoring(ignored.slice(1)),
            ignoring([...ignored, '198.51.100.0/24']),
          ]),
        ]),
    ...('port' in settings && !('action' in given)
      ? [
          ask('port', get(`action ${quote(String(given['banaction']))} port`), port, [
            otherSetting(name, 'port', port === '2022' ? '22' : '2022'),
          ]),
        ]
      : []),
  ];
}
