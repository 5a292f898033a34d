import { createDefineModule } from '../../src/modules/module.ts';
import { mergeOptionTrees, option } from '../../src/options/option.ts';
import { types } from '../../src/options/types.ts';

/** A small surface of options, enough to show each way of merging. */

const standIn = 'realised';

const networking = {
  networking: {
    hostName: option({ type: types.str, default: 'nixos', description: 'The name of the machine.', standIn }),
    hostId: option({
      type: types.nullOr(types.strMatching(/[0-9a-f]{8}/, '8 hexadecimal digits')),
      default: null,
      example: '4e98920d',
      description: 'The 32-bit host id.',
      standIn,
    }),
    fqdn: option({
      type: types.str,
      default: (config) => `${config.get<string>('networking.hostName')}.lan`,
      description: 'The full name.',
      standIn,
    }),
    nameservers: option({ type: types.listOf(types.str), default: [], description: 'Servers.', standIn }),
    firewall: {
      enable: option({ type: types.bool, default: true, description: 'Whether it filters.', standIn }),
      allowedTCPPorts: option({
        type: types.listOf(types.port),
        default: [],
        description: 'Open ports.',
        standIn,
      }),
    },
  },
};

const services = {
  services: {
    openssh: {
      enable: option({ type: types.bool, default: false, description: 'Whether sshd runs.', standIn }),
      ports: option({ type: types.listOf(types.port), default: [22], description: 'Ports.', standIn }),
      openFirewall: option({ type: types.bool, default: true, description: 'Whether to open.', standIn }),
      settings: option({
        type: types.submodule(
          {
            PasswordAuthentication: option({
              type: types.nullOr(types.bool),
              default: true,
              description: 'Whether passwords log in.',
              standIn,
            }),
            PermitRootLogin: option({
              type: types.nullOr(types.enum(['yes', 'no', 'prohibit-password'])),
              default: 'prohibit-password',
              description: 'How root logs in.',
              standIn,
            }),
          },
          { freeformType: types.attrsOf(types.oneOf([types.bool, types.int, types.str])) },
        ),
        default: {},
        description: 'Lines of sshd_config.',
        standIn,
      }),
      extraConfig: option({ type: types.lines, default: '', description: 'More lines.', standIn }),
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
            standIn,
          }),
          isNormalUser: option({ type: types.bool, default: false, description: 'A person.', standIn }),
          uid: option({ type: types.nullOr(types.int), default: null, description: 'The number.', standIn }),
          home: option({
            type: types.externalPath,
            default: (_config, { self }) =>
              self.get<boolean>('isNormalUser') ? `/home/${self.get<string>('name')}` : '/var/empty',
            description: 'The home folder.',
            standIn,
          }),
          shell: option({
            type: types.nullOr(types.either(types.package, types.externalPath)),
            default: null,
            description: 'The shell.',
            standIn,
          }),
          extraGroups: option({
            type: types.listOf(types.str),
            default: [],
            description: 'Groups.',
            standIn,
          }),
        }),
      ),
      default: {},
      description: 'The users.',
      standIn,
    }),
  },
};

const system = {
  boot: {
    kernelParams: option({ type: types.listOf(types.str), default: [], description: 'Parameters.', standIn }),
    sysctl: option({
      type: types.attrsOf(types.nullOr(types.oneOf([types.bool, types.str, types.int]))),
      default: {},
      description: 'Kernel settings.',
      standIn: { notRealised: 'the stand-in keeps its own settings' },
    }),
  },
  environment: {
    systemPackages: option({
      type: types.listOf(types.package),
      default: [],
      description: 'Packages.',
      standIn,
    }),
  },
  system: {
    stateVersion: option({ type: types.str, default: '25.11', description: 'The release.', standIn }),
  },
};

export const surface = mergeOptionTrees(networking, services, users, system);
export const defineModule = createDefineModule<typeof surface, 'htop' | 'git'>();
