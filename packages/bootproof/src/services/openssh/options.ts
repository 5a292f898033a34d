import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly, notRealised } from '../service.ts';

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

/** services.openssh, as much of it as is typed. */
export const opensshOptions = {
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

export type Openssh = ResolvedOf<typeof opensshOptions>['services']['openssh'];

/** The ports, each once: two modules may both name it. Without any, sshd listens on 22. Source: sshd_config(5). */
export const portsOf = ({ ports }: Openssh): number[] => (ports.length === 0 ? [22] : [...new Set(ports)]);

/** Where sshd looks for the keys of a user, the usual file first. */
export const authorizedKeysFiles = (openssh: Openssh): string[] => [
  '%h/.ssh/authorized_keys',
  // Where NixOS puts the keys that users declare.
  '/etc/ssh/authorized_keys.d/%u',
  ...openssh.authorizedKeysFiles,
];
