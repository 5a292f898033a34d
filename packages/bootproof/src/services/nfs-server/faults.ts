import { exactly, rewrite } from '../../probes/fault-commands.ts';
import type { ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { sortedLines } from '../sorted-lines.ts';
import { type Client, clientLines, clientsOf, type Export } from './exports.ts';

/** What can be wrong with an NFS server, made on the running one where it takes it: exportfs(8), nfsd(7). */

const fault = (id: string, title: string, commands: readonly string[], seen: string): ProbeFault => ({
  id: `nfs-${id}`,
  title,
  commands,
  seen,
});

/** @param seen what the probe that asks sees of it */
export const exportGone = (exports: readonly Export[], path: string, seen: string): ProbeFault =>
  fault(
    `export-gone${path}`,
    `${path} is not exported`,
    clientsOf(exports, path).map((client) => `exportfs -u ${quote(`${client}:${path}`)}`),
    seen,
  );

const exportAdded = (paths: readonly string[]): ProbeFault =>
  fault(
    'export-added',
    'a folder is exported that nobody declared',
    ["exportfs -i -o ro,no_subtree_check '*:/var/tmp'"],
    exactly(sortedLines([...paths, '/var/tmp'])),
  );

export const fewerThreads = (declared: number): ProbeFault => {
  const others = declared === 1 ? 2 : declared - 1;
  return fault(
    'threads',
    `${others} threads serve requests`,
    [`echo ${others} > /proc/fs/nfsd/threads`],
    exactly(String(others)),
  );
};

/** Too few folders are exported, or too many. */
export const exportFaults = (exports: readonly Export[], paths: readonly string[]): ProbeFault[] => [
  ...paths.map((path) =>
    exportGone(exports, path, exactly(sortedLines(paths.filter((each) => each !== path)))),
  ),
  exportAdded(paths),
];

/** A folder is open to others than the declared clients, or to one of them in another way. */
export function clientFaults(
  exports: readonly Export[],
  path: string,
  clients: readonly Client[],
): ProbeFault[] {
  const [first, ...rest] = clients;
  if (first === undefined) return [];
  const changed = (id: string, title: string, client: Client, others: readonly Client[]): ProbeFault =>
    fault(
      `${id}${path}`,
      title,
      [`exportfs -i -o ${client.mode},${client.squash},no_subtree_check ${quote(`${client.name}:${path}`)}`],
      exactly(clientLines([client, ...others])),
    );
  const mode = first.mode === 'ro' ? 'rw' : 'ro';
  const squash = first.squash === 'root_squash' ? 'no_root_squash' : 'root_squash';
  const stranger: Client = { name: '192.0.2.80', mode: 'rw', squash: 'root_squash' };
  return [
    changed('export-mode', `${first.name} may mount ${path} ${mode}`, { ...first, mode }, rest),
    changed('export-squash', `${path} has ${squash} for ${first.name}`, { ...first, squash }, rest),
    changed('export-wider', `${stranger.name} may write to ${path}`, stranger, clients),
    exportGone(exports, path, '^$'),
  ];
}

export const folderGone = (path: string): ProbeFault =>
  fault(
    `folder-gone${path}`,
    `${path} is not there`,
    [`mv ${quote(path)} ${quote(`${path}.gone`)}`],
    '^exit status 1: mktemp: .*No such file or directory$',
  );

/** How a program of the NFS server gets a fixed port, and what is started anew with another: nfs.conf(5). */
export const programs = {
  mountd: { name: 'rpc.mountd', section: 'mountd', unit: 'nfs-mountd.service' },
  nlockmgr: { name: 'the lock manager', section: 'lockd', unit: 'nfs-server.service' },
  status: { name: 'rpc.statd', section: 'statd', unit: 'rpc-statd.service' },
} as const;

/** By the port mapper's name. */
export type Program = keyof typeof programs;

export function otherPort(program: Program, fixed: number): ProbeFault {
  const { name, section, unit } = programs[program];
  const other = fixed + 100;
  return fault(
    `port-${program}`,
    `${name} has the port ${other}`,
    [
      ...rewrite(
        '/etc/nfs.conf',
        (copy) =>
          `sed -i -E '/^\\[${section}\\]/,/^\\[/ s/^(.*port *= *)${fixed}$/\\1${other}/' ${copy}; grep -q '= *${other}$' ${copy}`,
      ),
      // The kernel's lock manager is told through its own files; nfs.conf is read when its module is loaded.
      ...(program === 'nlockmgr'
        ? ['tcp', 'udp'].map((way) => `echo ${other} > /proc/sys/fs/nfs/nlm_${way}port`)
        : []),
      `systemctl restart ${unit}`,
    ],
    exactly(String(other)),
  );
}
