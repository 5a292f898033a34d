import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { literally } from '../probes/fault-commands.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import { admitsItself, clientLines, type Export, parseExports, readClient } from './nfs-server/exports.ts';
import {
  clientFaults,
  exportFaults,
  exportGone,
  fewerThreads,
  folderGone,
  otherPort,
  type Program,
  programs,
} from './nfs-server/faults.ts';
import { defineService, notRealised, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/network-filesystems/nfsd.nix';
const provable = { source, verdict: 'provable' } as const;

const port = (what: string) =>
  option({
    type: types.nullOr(types.int),
    default: null,
    example: 4000,
    description: `A fixed port for ${what}; null: one that is free. Useful behind a firewall.`,
    ...provable,
  });

/** NFS: what is exported can be mounted, and gives the files that are in it. */
export const nfsServer = defineService({
  name: 'nfsServer',
  description: 'The NFS server of the kernel.',
  options: {
    services: {
      nfs: {
        server: {
          enable: option({
            type: types.bool,
            default: false,
            description: "Whether to run the kernel's NFS server.",
            ...provable,
          }),
          exports: option({
            type: types.lines,
            default: '',
            example: '/srv/share 192.168.1.0/24(rw)',
            description: 'What is exported to whom, as exports(5) has it.',
            ...provable,
          }),
          hostName: option({
            type: types.nullOr(types.str),
            default: null,
            description: 'The name or address that requests are taken at; null: all of them.',
            source,
            verdict: notRealised('the stand-in takes requests at all its addresses'),
          }),
          nproc: option({
            type: types.int,
            default: 8,
            description: 'How many threads serve requests.',
            ...provable,
          }),
          createMountPoints: option({
            type: types.bool,
            default: false,
            description: 'Whether the exported folders are made when the server starts.',
            ...provable,
          }),
          mountdPort: port('rpc.mountd'),
          lockdPort: port('the lock manager'),
          statdPort: port('rpc.statd'),
        },
      },
    },
  },

  realise({ services: { nfs } }) {
    const { server } = nfs;
    if (!server.enable) return {};
    const section = (name: string, lines: readonly string[]): string[] =>
      lines.length === 0 ? [] : [`[${name}]`, ...lines];
    const fixed = (key: string, value: number | null): string[] =>
      value === null ? [] : [`${key}=${value}`];
    return {
      packages: ['nfs-kernel-server'],
      files: [
        textFile('/etc/exports', server.exports.split('\n')),
        textFile('/etc/nfs.conf', [
          ...section('nfsd', [`threads=${server.nproc}`]),
          ...section('mountd', ['manage-gids=y', ...fixed('port', server.mountdPort)]),
          ...section('lockd', [...fixed('port', server.lockdPort), ...fixed('udp-port', server.lockdPort)]),
          ...section('statd', fixed('port', server.statdPort)),
        ]),
        wantedBy('multi-user.target', 'nfs-server.service'),
        ...(server.createMountPoints
          ? parseExports(server.exports).map(
              ({ path }) => ({ type: 'directory', path, mode: 0o755 }) as const,
            )
          : []),
      ],
    };
  },

  probes({ services: { nfs } }) {
    const { server } = nfs;
    if (!server.enable) return [];
    const exports = parseExports(server.exports);
    const paths = [...new Set(exports.map(({ path }) => path))].sort();
    return [
      unit.probe({
        id: 'nfsServer/unit',
        params: { unit: 'nfs-server.service' },
        proves: [own('enable')],
        after: ['boot/multi-user'],
      }),
      ask(
        'exports',
        'exactly the declared folders are exported',
        "exportfs -s | cut -d' ' -f1 | LC_ALL=C sort -u",
        paths.join('\n'),
        ['exports'],
        exportFaults(exports, paths),
      ),
      ...paths.flatMap((path) => clientsProbes(exports, path)),
      ask(
        'threads',
        `${server.nproc} threads serve requests`,
        'cat /proc/fs/nfsd/threads',
        String(server.nproc),
        ['nproc'],
        [fewerThreads(server.nproc)],
      ),
      ...exports.filter(admitsItself).map(({ path }) => holdsFile(exports, path, server.createMountPoints)),
      ...portProbes('mountd', server.mountdPort, 'mountdPort'),
      ...portProbes('nlockmgr', server.lockdPort, 'lockdPort'),
      ...portProbes('status', server.statdPort, 'statdPort'),
    ];
  },

  nixosTest: ({ services: { nfs } }) => ({
    steps: [
      {
        title: 'the NFS server exports what was declared',
        when: nfs.server.enable,
        lines: [
          'machine.wait_for_unit("nfs-server.service")',
          'machine.wait_until_succeeds("exportfs -s | grep .")',
        ],
      },
    ],
  }),
});

const own = (option: string): string => `services.nfs.server.${option}`;

const ask = (
  id: string,
  title: string,
  command: string,
  output: string,
  part: readonly string[],
  faults: readonly ProbeFault[],
): Probe =>
  commandOutput.probe({
    id: `nfsServer/${id}`,
    title,
    params: { command, output },
    proves: part.map(own),
    after: ['nfsServer/unit'],
    faults,
  });

/** Who may mount a folder, whether they may write to it, and whether their root is root here. */
function clientsProbes(exports: readonly Export[], path: string): Probe[] {
  const given = exports.flatMap((each) => (each.path === path ? each.clients : []));
  const clients = given.map(readClient).filter((client) => client !== undefined);
  if (clients.length === 0 || clients.length < given.length || !/^[\w./-]+$/.test(path)) return [];
  const shown = clientLines(clients);
  const line = `^${literally(path)} +([^ (]+)\\((.*,)?(ro|rw),(.*,)?((no_)?root_squash),.*`;
  return [
    ask(
      `clients-${path}`,
      `${path} is open to ${shown.replaceAll('\n', ', ')} and nobody else`,
      `exportfs -s | sed -nE 's/${line}/\\1 \\3 \\5/p' | LC_ALL=C sort`,
      shown,
      ['exports'],
      clientFaults(exports, path, clients),
    ),
  ];
}

/** Puts a file into an exported folder, reads it through a mount of the export, and takes both away again. */
function holdsFile(exports: readonly Export[], path: string, created: boolean): Probe {
  const command = [
    `file=$(mktemp -p '${path}') && point=$(mktemp -d) || exit 1`,
    `chmod 644 "$file" && echo held > "$file"`,
    `mount -t nfs4 -o ro,soft,timeo=50 '127.0.0.1:${path}' "$point" 2>&1 && cat "$point/\${file##*/}" 2>&1`,
    `umount "$point"; rmdir "$point"; rm -f "$file"`,
  ].join('\n');
  return ask(
    `holds-${path}`,
    `a file in ${path} is read through NFS`,
    command,
    'held',
    ['exports', ...(created ? ['createMountPoints'] : [])],
    [
      exportGone(exports, path, '^mount\\.nfs4: .*(No such file or directory|access denied)'),
      folderGone(path),
    ],
  );
}

/** The ports under which the port mapper knows a program. */
const portProbes = (program: Program, fixed: number | null, option: string): Probe[] =>
  fixed === null
    ? []
    : [
        ask(
          `port-${program}`,
          `${programs[program].name} has the port ${fixed}`,
          `rpcinfo -p 127.0.0.1 | tr -s ' ' | grep ' ${program}$' | cut -d' ' -f5 | sort -u`,
          String(fixed),
          [option],
          [otherPort(program, fixed)],
        ),
      ];
