import { and, not, text } from '../nix/expression.ts';
import { isReachable } from './firewall/reach.ts';
import { each } from './nixos-test.ts';
import { authorizedKeysFiles, type Openssh, opensshOptions, portsOf } from './openssh/options.ts';
import { opensshProbes } from './openssh/probes.ts';
import { defineService, textFile, wantedBy } from './service.ts';

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

/** SSH: the server answers, with keys of its own, and refuses what was not allowed. */
export const openssh = defineService({
  name: 'openssh',
  description: 'The OpenSSH server.',
  options: opensshOptions,

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
    return openssh.enable ? opensshProbes(openssh, fromOutside) : [];
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
