import { findMount } from '../mountinfo.ts';
import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

export interface MountParams {
  readonly [key: string]: string | readonly string[];
  readonly mountpoint: string;
  readonly device: string;
  readonly format: string;
  /** The partition label through which it has to be mounted. */
  readonly label: string;
  /** Options as declared: `umask=0077`. */
  readonly options: readonly string[];
}

/** What the kernel shows for an option: vfat splits `umask` into `fmask` and `dmask`; `defaults` is no option of its own. */
function shownAs(option: string): string[] {
  if (option === 'defaults') return [];
  const umask = /^umask=(.*)$/.exec(option)?.[1];
  return umask === undefined ? [option] : [`fmask=${umask}`, `dmask=${umask}`];
}

/** A file system is mounted where, from what and how it was declared. */
export const mount = defineProbeKind<'mount', MountParams>({
  kind: 'mount',
  needs: ['shell'],
  title: ({ mountpoint, format, device, label }) =>
    `${mountpoint} is ${format} on ${device}, mounted as ${label}`,
  hint: ({ mountpoint }) =>
    `In the machine: findmnt ${mountpoint}; cat /etc/fstab; ls -l /dev/disk/by-partlabel`,
  async observe(target, params) {
    const byLabel = `/dev/disk/by-partlabel/${params.label}`;
    const [mountinfo = '', fstab = '', link] = await Promise.all([
      target.readFile('/proc/self/mountinfo'),
      target.readFile('/etc/fstab'),
      target.execute(`readlink -f ${quote(byLabel)}`),
    ]);
    const mounted = findMount(mountinfo, params.mountpoint);
    const entry = fstab
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([device, place]) => device?.startsWith('#') === false && place === params.mountpoint);
    const viaLabel = entry?.[0] === byLabel && link.stdout.trim() === params.device;
    const missing = [
      ...params.options.flatMap(shownAs).filter((option) => !mounted?.options.includes(option)),
      // After an error ext4 is left readable only, which nobody declared.
      ...(mounted?.writable === false && !params.options.includes('ro') ? ['rw'] : []),
    ];
    const holds =
      mounted?.source === params.device &&
      mounted.format === params.format &&
      viaLabel &&
      missing.length === 0;
    return settled(holds, {
      expected: [params.format, params.device, byLabel, ...params.options].join(', '),
      seen: [
        mounted ? `${mounted.format}, ${mounted.source}` : 'not mounted',
        entry?.[0] ?? 'not in fstab',
        ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : params.options),
      ].join(', '),
      evidence: [
        { source: '/proc/self/mountinfo', text: mounted?.line ?? '' },
        { source: '/etc/fstab', text: entry?.join(' ') ?? '' },
        { source: byLabel, text: link.stdout.trim() },
      ],
    });
  },
});

/** A file system fills its partition: none of the disk that was asked for is left unused. */
export const filesystemSize = defineProbeKind<
  'filesystem-size',
  { readonly mountpoint: string; readonly bytes: number }
>({
  kind: 'filesystem-size',
  needs: ['shell'],
  title: ({ mountpoint }) => `the file system at ${mountpoint} fills its partition`,
  hint: ({ mountpoint }) => `In the machine: df -h ${mountpoint}; lsblk`,
  async observe(target, { mountpoint, bytes }) {
    const command = `stat -f -c '%S %b' ${quote(mountpoint)}`;
    const { stdout } = await target.execute(command);
    const [blockSize = 0, blocks = 0] = stdout.trim().split(' ').map(Number);
    const size = blockSize * blocks;
    const gib = (value: number) => `${(value / 2 ** 30).toFixed(2)} GiB`;
    // statfs leaves out ext4's own tables (inode tables, journal): about 2 % of a disk of this size, never 5 %.
    return settled(size > bytes * 0.95 && size <= bytes, {
      expected: `at least 95 % of ${gib(bytes)}`,
      seen: gib(size),
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
