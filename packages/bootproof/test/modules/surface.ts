import { createDefineModule } from '../../src/modules/module.ts';
import { mergeOptionTrees, option } from '../../src/options/option.ts';
import { types } from '../../src/options/types.ts';

/** A small surface of options, enough to show each way of merging. */

const verdict = 'provable';

const networking = {
  networking: {
    hostName: option({ type: types.str, default: 'nixos', description: 'The name of the machine.', verdict }),
    hostId: option({
      type: types.nullOr(types.strMatching(/[0-9a-f]{8}/, '8 hexadecimal digits')),
      default: null,
      example: '4e98920d',
      description: 'The 32-bit host id.',
      verdict,
    }),
    fqdn: option({
      type: types.str,
      default: (config) => `${config.get<string>('networking.hostName')}.lan`,
      description: 'The full name.',
      verdict,
    }),
    nameservers: option({ type: types.listOf(types.str), default: [], description: 'Servers.', verdict }),
    firewall: {
      enable: option({ type: types.bool, default: true, description: 'Whether it filters.', verdict }),
      allowedTCPPorts: option({
        type: types.listOf(types.port),
        default: [],
        description: 'Open ports.',
        verdict,
      }),
    },
  },
};

const services = {
  services: {
    openssh: {
      enable: option({ type: types.bool, default: false, description: 'Whether sshd runs.', verdict }),
      ports: option({ type: types.listOf(types.port), default: [22], description: 'Ports.', verdict }),
      openFirewall: option({ type: types.bool, default: true, description: 'Whether to open.', verdict }),
      settings: option({
        type: types.submodule(
          {
            PasswordAuthentication: option({
              type: types.nullOr(types.bool),
              default: true,
              description: 'Whether passwords log in.',
              verdict,
            }),
            PermitRootLogin: option({
              type: types.nullOr(types.enum(['yes', 'no', 'prohibit-password'])),
              default: 'prohibit-password',
              description: 'How root logs in.',
              verdict,
            }),
          },
          { freeformType: types.attrsOf(types.oneOf([types.bool, types.int, types.str])) },
        ),
        default: {},
        description: 'Lines of sshd_config.',
        verdict,
      }),
      extraConfig: option({ type: types.lines, default: '', description: 'More lines.', verdict }),
    },
  },
};

const users = {
  users: {
    users: option({
      type: types.attrsOf(
        types.submodule({
          name: option({
            type: types.str,
            default: (_config, { name }) => name,
            description: 'The login name.',
            verdict,
          }),
          isNormalUser: option({ type: types.bool, default: false, description: 'A person.', verdict }),
          uid: option({ type: types.nullOr(types.int), default: null, description: 'The number.', verdict }),
          home: option({
            type: types.externalPath,
            default: (_config, { self }) =>
              self.get<boolean>('isNormalUser') ? `/home/${self.get<string>('name')}` : '/var/empty',
            description: 'The home folder.',
            verdict,
          }),
          shell: option({
            type: types.nullOr(types.either(types.package, types.externalPath)),
            default: null,
            description: 'The shell.',
            verdict,
          }),
          extraGroups: option({
            type: types.listOf(types.str),
            default: [],
            description: 'Groups.',
            verdict,
          }),
        }),
      ),
      default: {},
      description: 'The users.',
      verdict,
    }),
  },
};

const system = {
  boot: {
    kernelParams: option({ type: types.listOf(types.str), default: [], description: 'Parameters.', verdict }),
    sysctl: option({
      type: types.attrsOf(types.nullOr(types.oneOf([types.bool, types.str, types.int]))),
      default: {},
      description: 'Kernel settings.',
      verdict: { notRealised: 'the stand-in keeps its own settings' },
    }),
  },
  environment: {
    systemPackages: option({
      type: types.listOf(types.package),
      default: [],
      description: 'Packages.',
      verdict,
    }),
  },
  system: {
    stateVersion: option({ type: types.str, default: '25.11', description: 'The release.', verdict }),
  },
};

export const surface = mergeOptionTrees(networking, services, users, system);
export const defineModule = createDefineModule<typeof surface, 'htop' | 'git'>();
