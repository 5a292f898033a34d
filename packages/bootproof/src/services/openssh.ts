import { and, not, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { imageClean } from '../probes/kinds/image-clean.ts';
import { listeningPort } from '../probes/kinds/listening-port.ts';
import { sshAnswers, sshMethods } from '../probes/kinds/ssh.ts';
import { sshdSetting } from '../probes/kinds/sshd-setting.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { isReachable } from './firewall-reach.ts';
import { each } from './nixos-test.ts';
import { defineService, nixosOnly, notRealised, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/networking/ssh/sshd.nix';
const realised = { source, verdict: 'provable' } as const;
const atom = types.nullOr(types.oneOf([types.bool, types.int, types.float, types.str]));

const settings = {
  PasswordAuthentication: option({
    type: types.nullOr(types.bool),
    default: true,
    description: 'Whether password authentication is allowed.',
    ...realised,
  }),
  KbdInteractiveAuthentication: option({
    type: types.nullOr(types.bool),
    default: true,
    description: 'Whether keyboard-interactive authentication is allowed.',
    ...realised,
  }),
  PermitRootLogin: option({
    type: types.nullOr(
      types.enum(['yes', 'without-password', 'prohibit-password', 'forced-commands-only', 'no']),
    ),
    default: 'prohibit-password',
    description: 'Whether root may log in, and by which means.',
    ...realised,
  }),
  X11Forwarding: option({
    type: types.nullOr(types.bool),
    default: false,
    description: 'Whether X11 connections may be forwarded.',
    ...realised,
  }),
  UsePAM: option({
    type: types.nullOr(types.bool),
    default: true,
    description: 'Whether PAM takes part in authentication and sessions.',
    ...realised,
  }),
  UseDns: option({
    type: types.nullOr(types.bool),
    default: false,
    description: 'Whether the name of a client is looked up, and back.',
    ...realised,
  }),
  LogLevel: option({
    type: types.nullOr(
      types.enum(['QUIET', 'FATAL', 'ERROR', 'INFO', 'VERBOSE', 'DEBUG', 'DEBUG1', 'DEBUG2', 'DEBUG3']),
    ),
    default: 'INFO',
    description: 'How much sshd writes to the journal.',
    ...realised,
  }),
  GatewayPorts: option({
    type: types.nullOr(types.str),
    default: 'no',
    description: 'Whether remote hosts may connect to ports forwarded for the client.',
    ...realised,
  }),
  StrictModes: option({
    type: types.nullOr(types.bool),
    default: true,
    description: "Whether sshd checks modes and owners of a user's files before login.",
    ...realised,
  }),
  PrintMotd: option({
    type: types.nullOr(types.bool),
    default: false,
    description: 'Whether sshd prints /etc/motd when a user logs in.',
    ...realised,
  }),
  AllowUsers: option({
    type: types.nullOr(types.listOf(types.str)),
    default: null,
    description: 'Only these users may log in; null: all.',
    ...realised,
  }),
  DenyUsers: option({
    type: types.nullOr(types.listOf(types.str)),
    default: null,
    description: 'These users may not log in.',
    ...realised,
  }),
  AllowGroups: option({
    type: types.nullOr(types.listOf(types.str)),
    default: null,
    description: 'Only members of these groups may log in; null: all.',
    ...realised,
  }),
  DenyGroups: option({
    type: types.nullOr(types.listOf(types.str)),
    default: null,
    description: 'Members of these groups may not log in.',
    ...realised,
  }),
};

/** Settings whose list is one comma-separated word in sshd_config(5); other lists are separated by spaces. */
const commaSettings = new Set([
  'Ciphers',
  'KexAlgorithms',
  'Macs',
  'HostKeyAlgorithms',
  'PubkeyAcceptedAlgorithms',
]);

/** One line of sshd_config; undefined for a setting that is left to sshd. */
function settingLine(name: string, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'boolean') return `${name} ${value ? 'yes' : 'no'}`;
  if (Array.isArray(value)) return `${name} ${value.join(commaSettings.has(name) ? ',' : ' ')}`;
  return `${name} ${String(value)}`;
}

const options = {
  services: {
    openssh: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run the OpenSSH server, sshd.',
        ...realised,
      }),
      ports: option({
        type: types.listOf(types.port),
        default: [22],
        example: [22, 2222],
        description: 'The TCP ports that sshd listens on.',
        ...realised,
      }),
      openFirewall: option({
        type: types.bool,
        default: true,
        description: 'Whether the firewall lets the ports through.',
        source,
        verdict: 'provable',
      }),
      startWhenNeeded: option({
        type: types.bool,
        default: false,
        description: 'Whether sshd is started by a socket, one instance for each connection.',
        source,
        verdict: nixosOnly('the stand-in runs sshd all the time'),
      }),
      allowSFTP: option({
        type: types.bool,
        default: true,
        description: 'Whether sshd offers the SFTP subsystem.',
        ...realised,
      }),
      listenAddresses: option({
        type: types.listOf(
          types.submodule({
            addr: option({
              type: types.nullOr(types.str),
              default: null,
              description: 'A host name or an address.',
              ...realised,
            }),
            port: option({
              type: types.nullOr(types.int),
              default: null,
              description: 'A port; null: those of `ports`.',
              ...realised,
            }),
          }),
        ),
        default: [],
        example: [{ addr: '192.168.3.1', port: 22 }],
        description: 'The addresses that sshd listens on; empty: all.',
        ...realised,
      }),
      hostKeys: option({
        type: types.listOf(types.attrsOf(types.anything)),
        default: [
          { type: 'rsa', bits: 4096, path: '/etc/ssh/ssh_host_rsa_key' },
          { type: 'ed25519', path: '/etc/ssh/ssh_host_ed25519_key' },
        ],
        example: [{ type: 'ed25519', path: '/etc/ssh/ssh_host_ed25519_key' }],
        description: 'The host keys: type, path and size of each. Those that are missing are made at boot.',
        ...realised,
      }),
      authorizedKeysFiles: option({
        type: types.listOf(types.str),
        default: [],
        description: 'Further files that authorized keys are read from.',
        ...realised,
      }),
      banner: option({
        type: types.nullOr(types.either(types.lines, types.path)),
        default: null,
        description: 'A text that is shown before a login.',
        source,
        verdict: notRealised('the stand-in shows no banner'),
      }),
      extraConfig: option({
        type: types.lines,
        default: '',
        description: 'Lines put at the end of sshd_config as they are.',
        ...realised,
      }),
      settings: option({
        type: types.submodule(settings, {
          freeformType: types.attrsOf(types.either(atom, types.listOf(types.str))),
        }),
        default: {},
        example: { PasswordAuthentication: false },
        description: 'Settings of sshd_config(5), by its own names.',
        ...realised,
      }),
    },
  },
};

type Openssh = ResolvedOf<typeof options>['services']['openssh'];

/** SSH: the server answers, with keys of its own, and refuses what was not allowed. */
export const openssh = defineService({
  name: 'openssh',
  description: 'The OpenSSH server.',
  options,

  realise({ services: { openssh } }) {
    if (!openssh.enable) return {};
    return {
      packages: ['openssh-server'],
      files: [
        textFile('/etc/ssh/sshd_config', sshdConfig(openssh)),
        // systemd refuses a service that starts nothing.
        ...(openssh.hostKeys.length === 0 ? [] : keygenFiles(openssh.hostKeys)),
        // Debian checks the configuration before each start, which NixOS does once, when it builds the system.
        textFile('/etc/systemd/system/ssh.service.d/no-check.conf', ['[Service]', 'ExecStartPre=']),
        // NixOS calls the unit sshd.service; Debian's ssh.service has that name as an alias once it is enabled.
        wantedBy('multi-user.target', 'ssh.service'),
        {
          type: 'symlink',
          path: '/etc/systemd/system/sshd.service',
          target: '/lib/systemd/system/ssh.service',
        },
      ],
    };
  },

  probes(values, guest) {
    const { openssh } = values.services;
    const fromOutside = (sshPort: number): boolean =>
      (openssh.openFirewall && openssh.ports.includes(sshPort)) ||
      isReachable(values, guest.nics[0]?.name, sshPort);
    const clean = imageClean.probe({
      id: 'openssh/no-host-key',
      params: { check: 'no SSH host key' },
      // A clean image says nothing of the keys that the machine makes: hostKeyProbes() looks at those.
      proves: [],
    });
    if (!openssh.enable) return [];
    return [
      unit.probe({
        id: 'openssh/unit',
        params: { unit: 'sshd.service' },
        proves: ['services.openssh.enable'],
        // On a first boot it waits for its host keys to be made.
        deadlineSeconds: 60,
      }),
      ...portsOf(openssh).flatMap((each) => portProbes(each, fromOutside(each))),
      ...portsOf(openssh)
        .filter(fromOutside)
        .slice(0, 1)
        .map((each) => loginProbe(each, openssh.settings)),
      ...settingProbes(openssh),
      ...openssh.hostKeys.map((key, index) => hostKeyProbe(key, index)),
      clean,
    ];
  },

  nixosTest: ({ services: { openssh } }) => ({
    steps: [
      {
        title: 'sshd is running',
        // Started by a socket, it runs for each connection only.
        when: and(openssh.enable, not(openssh.startWhenNeeded)),
        lines: ['machine.wait_for_unit("sshd.service")'],
      },
      {
        title: 'SSH answers on each of its ports',
        when: openssh.enable,
        lines: [each('port', openssh.ports, (port) => text`machine.wait_for_open_port(${port})`)],
      },
    ],
  }),
});

/** The ports, each once: two modules may both name it. Without any, sshd listens on 22. Source: sshd_config(5). */
const portsOf = ({ ports }: Openssh): number[] => (ports.length === 0 ? [22] : [...new Set(ports)]);

/** Behind a firewall that is shut for it, nothing answers from outside: that is the firewall's to prove. */
function portProbes(sshPort: number, fromOutside: boolean): Probe[] {
  const after = ['openssh/unit'];
  const proves = ['services.openssh.enable', 'services.openssh.ports'];
  return [
    listeningPort.probe({
      id: `openssh/listens-${sshPort}`,
      params: { port: sshPort },
      // A listener of any program would do for this one.
      proves: ['services.openssh.ports'],
      after,
    }),
    ...(fromOutside
      ? [
          sshAnswers.probe({
            id: `openssh/answers-${sshPort}`,
            params: { port: sshPort },
            proves,
            after,
          }),
        ]
      : []),
  ];
}

/** Which ways to log in must be refused; keys are always offered, since there is no setting here to turn them off. */
function loginProbe(sshPort: number, declared: Openssh['settings']): Probe {
  const ways = [
    { method: 'password', allowed: declared.PasswordAuthentication, setting: 'PasswordAuthentication' },
    {
      method: 'keyboard-interactive',
      allowed: declared.KbdInteractiveAuthentication,
      setting: 'KbdInteractiveAuthentication',
    },
  ];
  const methods = (allowed: boolean) =>
    ways.filter((way) => way.allowed === allowed).map((way) => way.method);
  const refused = methods(false);
  const offered = ['publickey', ...methods(true)];
  return sshMethods.probe({
    id: 'openssh/login-methods',
    params: { port: sshPort, refused, offered },
    // The kind's own words are about what is refused.
    ...(refused.length > 0 ? {} : { title: `SSH offers login by ${offered.join(' and by ')}` }),
    proves: ways.map((way) => `services.openssh.settings.${way.setting}`),
    after: [`openssh/answers-${sshPort}`],
  });
}

/** The words that sshd must have for a declared value; undefined for a setting that is left to sshd. */
function settingWords(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** A probe for each setting that is not left to sshd, by what sshd itself understood. */
function settingProbes(openssh: Openssh): Probe[] {
  const root = 'services.openssh';
  const declared: (readonly [name: string, value: unknown, option: string])[] = [
    ...Object.entries(openssh.settings).map(
      ([name, value]) => [name, value, `${root}.settings.${name}`] as const,
    ),
    ...(openssh.authorizedKeysFiles.length === 0
      ? []
      : [['AuthorizedKeysFile', authorizedKeysFiles(openssh), `${root}.authorizedKeysFiles`] as const]),
  ];
  return declared.flatMap(([setting, value, option]) => {
    const words = settingWords(value);
    if (words === undefined || words.length === 0) return [];
    return [
      sshdSetting.probe({
        id: `openssh/setting-${setting}`,
        params: { setting, words },
        proves: [option],
        after: ['openssh/unit'],
      }),
    ];
  });
}

/** A host key is there, and is one of the declared type and size: `256 SHA256:… root@box (ED25519)`. */
function hostKeyProbe(key: Openssh['hostKeys'][number], index: number): Probe {
  const [path, type, bits] = [String(key['path']), String(key['type']), key['bits']];
  const sized = type === 'rsa' && bits !== undefined;
  return commandOutput.probe({
    id: `openssh/host-key-${index}`,
    params: {
      command: `ssh-keygen -l -f ${quote(path)} | sed -E 's/^([0-9]+) .*\\(([A-Z0-9-]+)\\)$/${sized ? '\\1 ' : ''}\\2/'`,
      output: `${sized ? `${String(bits)} ` : ''}${type.toUpperCase()}`,
    },
    title: `${path} is a host key of type ${type}${sized ? ` and ${String(bits)} bits` : ''}`,
    proves: ['services.openssh.hostKeys'],
    after: ['openssh/unit'],
  });
}

const authorizedKeysFiles = (openssh: Openssh): string[] => [
  '%h/.ssh/authorized_keys',
  // Where NixOS puts the keys that users declare.
  '/etc/ssh/authorized_keys.d/%u',
  ...openssh.authorizedKeysFiles,
];

function sshdConfig(openssh: Openssh): string[] {
  return [
    ...portsOf(openssh).map((each) => `Port ${each}`),
    ...openssh.listenAddresses.map(
      ({ addr, port: at }) => `ListenAddress ${addr}${at === null ? '' : `:${at}`}`,
    ),
    ...openssh.hostKeys.map((key) => `HostKey ${String(key['path'])}`),
    `AuthorizedKeysFile ${authorizedKeysFiles(openssh).join(' ')}`,
    ...(openssh.allowSFTP ? ['Subsystem sftp internal-sftp'] : []),
    ...Object.entries(openssh.settings).flatMap(([name, value]) => settingLine(name, value) ?? []),
    openssh.extraConfig,
  ];
}

const keygenFiles = (hostKeys: Openssh['hostKeys']) => [
  textFile('/etc/systemd/system/sshd-keygen.service', keygenUnit(hostKeys)),
  wantedBy('multi-user.target', 'sshd-keygen.service', '/etc/systemd/system'),
];

/** Makes the host keys that are missing, before sshd starts, as NixOS does: no image carries one. */
function keygenUnit(hostKeys: Openssh['hostKeys']): string[] {
  return [
    '[Unit]',
    'Description=SSH host keys',
    'Before=ssh.service',
    ...hostKeys.map((key) => `ConditionFileNotEmpty=|!${String(key['path'])}`),
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...hostKeys.map((key) => {
      const size = key['bits'] === undefined ? '' : ` -b ${String(key['bits'])}`;
      const file = String(key['path']);
      return `ExecStart=/bin/sh -c "test -s ${file} || ssh-keygen -q -t ${String(key['type'])}${size} -N '' -f ${file}"`;
    }),
  ];
}
