import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
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

/** A line of exports(5). */
export interface Export {
  readonly path: string;
  /** Who may mount it, with their options: `192.168.1.0/24(rw)`. */
  readonly clients: readonly string[];
}

/** The exports that a text in the form of exports(5) names. */
export function parseExports(text: string): Export[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .flatMap((line) => {
      const [, quoted, plain = '', rest = ''] = /^(?:"([^"]+)"|(\S+))\s*(.*)$/.exec(line) ?? [];
      const path = quoted ?? plain;
      return path.startsWith('/') ? [{ path, clients: rest.split(/\s+/).filter((word) => word !== '') }] : [];
    });
}

/** Whether the machine itself is among the clients, so that it can mount what it exports. */
const admitsItself = ({ clients }: Export): boolean =>
  clients.some((client) => /^(\*|localhost|127\.0\.0\.1|127\.0\.0\.0\/8)?(\(|$)/.test(client));

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
        "exportfs -s | cut -d' ' -f1 | sort -u",
        paths.join('\n'),
        ['exports'],
      ),
      ask(
        'threads',
        `${server.nproc} threads serve requests`,
        'cat /proc/fs/nfsd/threads',
        String(server.nproc),
        ['nproc'],
      ),
      ...exports.filter(admitsItself).map(({ path }) => holdsFile(path, server.createMountPoints)),
      ...portProbes('mountd', 'rpc.mountd', server.mountdPort, 'mountdPort'),
      ...portProbes('nlockmgr', 'the lock manager', server.lockdPort, 'lockdPort'),
      ...portProbes('status', 'rpc.statd', server.statdPort, 'statdPort'),
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

const ask = (id: string, title: string, command: string, output: string, part: readonly string[]): Probe =>
  commandOutput.probe({
    id: `nfsServer/${id}`,
    title,
    params: { command, output },
    proves: part.map(own),
    after: ['nfsServer/unit'],
  });

/** Puts a file into an exported folder, reads it through a mount of the export, and takes both away again. */
function holdsFile(path: string, created: boolean): Probe {
  const command = [
    `file=$(mktemp -p '${path}') && point=$(mktemp -d) || exit 1`,
    `chmod 644 "$file" && echo held > "$file"`,
    `mount -t nfs4 -o ro,soft,timeo=50 '127.0.0.1:${path}' "$point" && cat "$point/\${file##*/}"`,
    `umount "$point"; rmdir "$point"; rm -f "$file"`,
  ].join('\n');
  return ask(`holds-${path}`, `a file in ${path} is read through NFS`, command, 'held', [
    'exports',
    ...(created ? ['createMountPoints'] : []),
  ]);
}

/** The ports under which the port mapper knows a program. */
const portProbes = (program: string, name: string, fixed: number | null, option: string): Probe[] =>
  fixed === null
    ? []
    : [
        ask(
          `port-${program}`,
          `${name} has the port ${fixed}`,
          `rpcinfo -p 127.0.0.1 | tr -s ' ' | grep ' ${program}$' | cut -d' ' -f5 | sort -u`,
          String(fixed),
          [option],
        ),
      ];
