import { nix, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { awaitListener, exactly, literally, overrideUnit, resolveUnit } from '../probes/fault-commands.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { metric } from '../probes/kinds/metric.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { reachedAt } from '../probes/tcp.ts';
import { defineService, notRealised, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/monitoring/prometheus/exporters/node.nix';
const shared = 'nixos/modules/services/monitoring/prometheus/exporters.nix';

const options = {
  services: {
    prometheus: {
      exporters: {
        node: {
          enable: option({
            type: types.bool,
            default: false,
            description: "Whether to run Prometheus' exporter of the machine's own metrics.",
            source: shared,
            verdict: 'provable',
          }),
          port: option({
            type: types.port,
            default: 9100,
            description: 'The TCP port that metrics are served on.',
            source,
            verdict: 'provable',
          }),
          listenAddress: option({
            type: types.str,
            default: '0.0.0.0',
            example: '127.0.0.1',
            description: 'The address that the exporter listens on; an IPv6 address stands in brackets.',
            source: shared,
            verdict: 'provable',
          }),
          enabledCollectors: option({
            type: types.listOf(types.str),
            default: [],
            example: ['systemd'],
            description: 'Collectors to turn on besides those that are on by default.',
            source,
            verdict: 'provable',
          }),
          disabledCollectors: option({
            type: types.listOf(types.str),
            default: [],
            example: ['timex'],
            description: 'Collectors to turn off that are on by default.',
            source,
            verdict: 'provable',
          }),
          extraFlags: option({
            type: types.listOf(types.str),
            default: [],
            example: ['--collector.disable-defaults'],
            description: 'Words put at the end of the command line.',
            source: shared,
            verdict: 'provable',
          }),
          openFirewall: option({
            type: types.bool,
            default: false,
            description: 'Whether the firewall lets the port through.',
            source: shared,
            verdict: notRealised('the stand-in opens no port of its firewall for the exporter'),
          }),
        },
      },
    },
  },
};

type NodeExporter = ResolvedOf<typeof options>['services']['prometheus']['exporters']['node'];

const path = 'services.prometheus.exporters.node';
const service = 'prometheus-node-exporter.service';
const unitProbe = 'nodeExporter/unit';

/** Collectors that Debian's build turns on by itself, and NixOS's does not. Source: the metrics of Debian's 1.5.0. */
const debianCollectors = ['systemd'];

/** The words of the command line, which systemd splits where NixOS's unit leaves it to do so. */
function commandLine({
  listenAddress,
  port,
  enabledCollectors,
  disabledCollectors,
  extraFlags,
}: NodeExporter) {
  const notDeclared = debianCollectors.filter((name) => !enabledCollectors.includes(name));
  return [
    '/usr/bin/prometheus-node-exporter',
    ...enabledCollectors.map((name) => `--collector.${name}`),
    ...new Set([...notDeclared, ...disabledCollectors].map((name) => `--no-collector.${name}`)),
    `--web.listen-address=${listenAddress}:${port}`,
    ...extraFlags,
  ].join(' ');
}

/** Prometheus' node exporter: its metrics can be read, and are those of this machine. */
export const nodeExporter = defineService({
  name: 'nodeExporter',
  description: "Prometheus' exporter of the machine's own metrics.",
  options,

  realise({ services: { prometheus } }) {
    const { node } = prometheus.exporters;
    if (!node.enable) return {};
    // Collectors of systemd's own state ask for it over D-Bus, which every NixOS has.
    const overBus = node.enabledCollectors.some((name) => ['systemd', 'logind'].includes(name));
    return {
      packages: ['prometheus-node-exporter', ...(overBus ? ['dbus'] : [])],
      files: [
        textFile(`/etc/systemd/system/${service}.d/declared.conf`, [
          '[Service]',
          'ExecStart=',
          `ExecStart=${commandLine(node)}`,
        ]),
        wantedBy('multi-user.target', service),
      ],
    };
  },

  probes({ services: { prometheus } }, { hostName }) {
    const { node } = prometheus.exporters;
    if (!node.enable) return [];
    return [
      unit.probe({ id: unitProbe, params: { unit: service }, proves: [`${path}.enable`] }),
      metric.probe({
        id: 'nodeExporter/host-name',
        // A name that DHCP chooses is not known here.
        params: {
          ...at(node),
          metric: 'node_uname_info',
          labels: hostName === '' ? [] : [`nodename="${hostName}"`],
          value: 1,
        },
        proves: [`${path}.enable`, `${path}.port`],
        after: [unitProbe],
        faults: [moved(node, refused)],
      }),
      ...listenProbes(node),
      ...node.enabledCollectors.map((name) => collectorProbe(node, name, 'enabledCollectors')),
      ...node.disabledCollectors.map((name) => collectorProbe(node, name, 'disabledCollectors')),
      ...flagProbes(node),
    ].filter((probe, index, all) => all.findIndex(({ id }) => id === probe.id) === index);
  },

  nixosTest: ({ services: { prometheus } }) => {
    const { node } = prometheus.exporters;
    const address = nix`if lib.elem ${node.listenAddress} [ "" "0.0.0.0" "[::]" ] then "localhost" else ${node.listenAddress}`;
    const url = text`http://${address}:${nix`toString ${node.port}`}/metrics`;
    return {
      steps: [
        {
          title: 'the node exporter serves the metrics of this machine',
          when: node.enable,
          lines: [
            `machine.wait_for_unit("${service}")`,
            text`seen_metrics = machine.wait_until_succeeds("curl --silent --show-error --fail '${url}'")`,
            'seen_node = machine.succeed("uname -n").strip()',
            'assert f\'nodename="{seen_node}"\' in seen_metrics, f"no metrics of {seen_node}"',
          ],
        },
      ],
    };
  },
});

/** The exporter with its own command line edited by sed, in which each word has a blank after it. */
const edited = (id: string, title: string, edit: string, seen: string, port: number): ProbeFault => ({
  id: `node-exporter-${id}`,
  title: `the node exporter ${title}`,
  commands: [
    resolveUnit(service),
    `line=$(tr '\\0' ' ' < "/proc/$(systemctl show -P MainPID "$unit")/cmdline")`,
    `edited=$(printf %s "$line" | sed -E ${quote(edit)})`,
    '[ "$edited" != "$line" ]',
    ...overrideUnit(['ExecStart=', 'ExecStart=$edited']),
    'systemctl restart "$unit"',
    awaitListener(port),
  ],
  seen,
});

/** NixOS writes the address as a word of its own. */
const listenFlag = String.raw`(--web\.listen-address[= ])`;
const refused = 'Connection refused$';

const moved = ({ port }: NodeExporter, seen: string): ProbeFault => {
  const other = port === 65_535 ? port - 1 : port + 1;
  const edit = String.raw`s/${listenFlag}(\S*):${port} /\1\2:${other} /`;
  return edited('port', `listens on port ${other}`, edit, seen, other);
};

const elsewhere = ({ port }: NodeExporter, everywhere: boolean): ProbeFault => {
  const address = everywhere ? '127.0.0.1' : '';
  return edited(
    'address',
    `listens on ${everywhere ? `${address} alone` : 'every address'}`,
    String.raw`s/${listenFlag}\S*/\1${address}:${port}/`,
    exactly(everywhere ? `${address}:${port}` : 'every address'),
    port,
  );
};

/** A collector that is on is turned off, or the other way round. */
const turned = ({ port }: NodeExporter, collector: string, to: 'on' | 'off'): ProbeFault => {
  const [was, becomes] = to === 'off' ? ['', 'no-'] : ['no-', ''];
  return edited(
    `collector/${collector}`,
    `has the collector ${collector} ${to}`,
    `s/ --${was}collector\\.${literally(collector)} / --${becomes}collector.${collector} /`,
    to === 'off'
      ? String.raw`^(\d+ other|only) node_scrape_collector_success\b`
      : String.raw`^node_scrape_collector_success\{collector="${literally(collector)}"\} [01]$`,
    port,
  );
};

/** The last of the extra flags is left out: what stands before it is the last then. */
const flagLost = ({ listenAddress, port }: NodeExporter, words: readonly string[]): ProbeFault => {
  const last = words.at(-1) ?? '';
  const shown = [`${listenAddress}:${port}`, ...words.slice(0, -1)].join('\n');
  return edited(
    'flags',
    `runs without ${last}`,
    `s/ ${literally(last)} $/ /`,
    `^(--web\\.listen-address=)?${literally(shown)}$`,
    port,
  );
};

const at = ({ listenAddress, port }: NodeExporter) => ({ address: reachedAt(listenAddress), port });

/** The exporter tells of each collector that is on whether it succeeded. A VM lacks what some of them look at. */
const collectorProbe = (
  node: NodeExporter,
  collector: string,
  list: 'enabledCollectors' | 'disabledCollectors',
): Probe =>
  metric.probe({
    id: `nodeExporter/collector-${collector}`,
    params: {
      ...at(node),
      metric: 'node_scrape_collector_success',
      labels: [`collector="${collector}"`],
      value: list === 'enabledCollectors' ? 'any' : 'absent',
    },
    proves: [`${path}.${list}`],
    after: ['nodeExporter/host-name'],
    faults: [moved(node, refused), turned(node, collector, list === 'enabledCollectors' ? 'off' : 'on')],
  });

/** Where it listens, as the kernel has it. A host name's address is not known here. */
function listenProbes(node: NodeExporter): Probe[] {
  const { listenAddress, port } = node;
  const everywhere = ['', '0.0.0.0', '[::]'].includes(listenAddress);
  if (!everywhere && !/^([\d.]+|\[[\da-f:]+\])$/.test(listenAddress)) return [];
  const all = ['*', '0.0.0.0', '[::]'].map((address) => `'${address}:${port}'`).join('|');
  return [
    commandOutput.probe({
      id: 'nodeExporter/listens',
      title: `the node exporter listens on port ${port} of ${everywhere ? 'every address' : listenAddress}`,
      params: {
        command: `set -f; set -- $(ss -Hltn 'sport = :${port}'); case "$4" in ${all}) echo every address;; *) echo "$4";; esac`,
        output: everywhere ? 'every address' : `${listenAddress}:${port}`,
      },
      proves: [`${path}.listenAddress`, `${path}.port`],
      after: ['nodeExporter/host-name'],
      faults: [moved(node, '^$'), elsewhere(node, everywhere)],
    }),
  ];
}

function flagProbes(node: NodeExporter): Probe[] {
  const words = node.extraFlags.flatMap((flag) => flag.split(/\s+/).filter((word) => word !== ''));
  // What systemd unquotes or expands is not known here word by word.
  if (words.length === 0 || words.some((word) => /["'\\$%]/.test(word))) return [];
  return [
    commandOutput.probe({
      id: 'nodeExporter/flags',
      title: `the node exporter runs with ${words.join(' ')}`,
      params: {
        command: `tr '\\0' '\\n' < /proc/$(systemctl show --value -p MainPID ${service})/cmdline | tail -n ${words.length}`,
        output: words.join('\n'),
      },
      proves: [`${path}.extraFlags`],
      after: [unitProbe],
      faults: [flagLost(node, words)],
    }),
  ];
}
