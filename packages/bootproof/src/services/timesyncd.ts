import { and, equals, nix, not, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { mkVMOverride } from '../options/property.ts';
import { types } from '../options/types.ts';
import { exactly } from '../probes/fault-commands.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { fileLine } from '../probes/kinds/file-line.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { defineService, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/system/boot/timesyncd.nix';

/** NixOS's own servers. Source: nixos/modules/config/networking.nix. */
const pool = [0, 1, 2, 3].map((number) => `${number}.nixos.pool.ntp.org`);

const options = {
  networking: {
    timeServers: option({
      type: types.listOf(types.str),
      default: pool,
      example: ['ntp.home.arpa'],
      description: 'NTP servers that the clock is set by, whichever service sets it.',
      source: 'nixos/modules/config/networking.nix',
      verdict: 'provable',
    }),
  },
  services: {
    timesyncd: {
      enable: option({
        type: types.bool,
        default: true,
        description:
          'Whether systemd-timesyncd sets the clock by NTP. The stand-in runs it only when one of the other options says more than NixOS itself does.',
        source,
        verdict: 'provable',
      }),
      servers: option({
        type: types.nullOr(types.listOf(types.str)),
        default: null,
        example: ['192.168.1.1'],
        description: 'NTP servers; null: none besides those that the network names and the fallback ones.',
        source,
        verdict: 'provable',
      }),
      fallbackServers: option({
        type: types.nullOr(types.listOf(types.str)),
        default: (config) => config.get<readonly string[]>('networking.timeServers'),
        defaultText: 'config.networking.timeServers',
        description: "NTP servers for when no other is known; null: systemd's own.",
        source,
        verdict: 'provable',
      }),
      extraConfig: option({
        type: types.lines,
        default: '',
        example: 'PollIntervalMaxSec=180',
        description: 'Lines put at the end of timesyncd.conf as they are.',
        source,
        verdict: 'provable',
      }),
    },
  },
};

type Config = ResolvedOf<typeof options>;

const service = 'systemd-timesyncd.service';
const file = '/etc/systemd/timesyncd.conf';
const running = 'timesyncd/unit';

const same = (left: readonly string[] | null, right: readonly string[]): boolean =>
  left !== null && left.join(' ') === right.join(' ');

/** Whether the configuration says more than NixOS does by itself, which has the service on. */
const isDeclared = ({ services: { timesyncd } }: Config): boolean =>
  timesyncd.enable &&
  (timesyncd.servers !== null || !same(timesyncd.fallbackServers, pool) || timesyncd.extraConfig !== '');

/** The clock: timesyncd runs, and the servers that it knows are the declared ones. */
export const timesyncd = defineService({
  name: 'timesyncd',
  description: 'The clock, set by NTP.',
  options,

  realise(config) {
    const { servers, fallbackServers, extraConfig } = config.services.timesyncd;
    if (!isDeclared(config)) return {};
    return {
      // timedatectl asks the service over D-Bus, which every NixOS has.
      packages: ['systemd-timesyncd', 'dbus'],
      files: [
        textFile(file, [
          '[Time]',
          ...(servers === null ? [] : [`NTP=${servers.join(' ')}`]),
          ...(fallbackServers === null ? [] : [`FallbackNTP=${fallbackServers.join(' ')}`]),
          ...(extraConfig === '' ? [] : [extraConfig]),
        ]),
        wantedBy('sysinit.target', service),
        {
          type: 'symlink',
          path: '/etc/systemd/system/dbus-org.freedesktop.timesync1.service',
          target: `/lib/systemd/system/${service}`,
        },
      ],
    };
  },

  probes(config) {
    const { timesyncd } = config.services;
    if (!timesyncd.enable) return [offProbe];
    if (!isDeclared(config)) return [];
    const { timeServers } = config.networking;
    const { servers, fallbackServers } = timesyncd;
    return [
      unit.probe({ id: running, params: { unit: service }, proves: ['services.timesyncd.enable'] }),
      ...(servers === null
        ? []
        : [serversProbe('SystemNTPServers', 'servers', servers, ['services.timesyncd.servers'])]),
      ...(fallbackServers === null
        ? []
        : [
            serversProbe('FallbackNTPServers', 'fallback-servers', fallbackServers, [
              'services.timesyncd.fallbackServers',
              ...(same(fallbackServers, timeServers) ? ['networking.timeServers'] : []),
            ]),
          ]),
      ...lineProbes(timesyncd.extraConfig),
    ];
  },

  nixosTest: ({ services: { timesyncd } }) => ({
    // The framework turns it off in its machines, which a host that turns it on would contradict.
    node: { services: { timesyncd: { enable: mkVMOverride(timesyncd.enable) } } },
    steps: [
      {
        title: 'timesyncd knows the declared time servers',
        when: and(timesyncd.enable, not(equals(timesyncd.servers, null))),
        lines: [
          `machine.wait_for_unit("${service}")`,
          'seen_servers = machine.succeed("timedatectl show-timesync --value -p SystemNTPServers").split()',
          text`assert seen_servers == ${nix`builtins.toJSON ${timesyncd.servers}`}, f"the time servers are {seen_servers}"`,
        ],
      },
    ],
  }),
});

const offProbe: Probe = commandOutput.probe({
  id: 'timesyncd/off',
  title: `${service} does not run`,
  params: { command: `systemctl is-active ${service} || true`, output: 'inactive' },
  proves: ['services.timesyncd.enable'],
  faults: [
    {
      id: 'timesyncd-on',
      title: `${service} runs`,
      // It is not installed where it is off: whatever runs under its name will do.
      commands: [`systemctl start ${service} || systemd-run --unit=${service} sleep infinity`],
      seen: '^active$',
    },
  ],
});

/** A drop-in, which counts more than the file, gives other servers: timesyncd.conf(5). */
const otherServers = (
  list: 'NTP' | 'FallbackNTP',
  title: string,
  servers: readonly string[],
): ProbeFault => ({
  id: `timesyncd-${list}/${title.replaceAll(' ', '-')}`,
  title: `${list} of timesyncd has ${title}`,
  commands: [
    'mkdir -p /run/systemd/timesyncd.conf.d',
    `printf '%s\\n' '[Time]' ${list}= ${quote(`${list}=${servers.join(' ')}`)} > /run/systemd/timesyncd.conf.d/mutation.conf`,
    `systemctl restart ${service}`,
  ],
  seen: exactly(servers.join(' ')),
});

/** What the running service itself says, over D-Bus, that its servers are. */
const serversProbe = (
  property: 'SystemNTPServers' | 'FallbackNTPServers',
  id: string,
  servers: readonly string[],
  proves: readonly string[],
): Probe => {
  const list = property === 'SystemNTPServers' ? 'NTP' : 'FallbackNTP';
  return commandOutput.probe({
    id: `timesyncd/${id}`,
    title: `timesyncd's ${property} are ${servers.join(', ') || 'none'}`,
    params: { command: `timedatectl show-timesync --value -p ${property}`, output: servers.join(' ') },
    proves,
    after: [running],
    faults: [
      otherServers(list, 'another server', ['192.0.2.123']),
      ...(servers.length > 1 ? [otherServers(list, 'one server less', servers.slice(0, -1))] : []),
    ],
  });
};

const lineProbes = (extraConfig: string): Probe[] =>
  extraConfig
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#;]/.test(line))
    .map((line, index) =>
      fileLine.probe({
        id: `timesyncd/extra-config-${index + 1}`,
        params: { path: file, line },
        proves: ['services.timesyncd.extraConfig'],
        after: [running],
      }),
    );
