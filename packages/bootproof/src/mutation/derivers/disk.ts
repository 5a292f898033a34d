import type { Partition } from '../../disk/layout.ts';
import type { Test } from '../../plan/test.ts';
import { literally, rewrite } from '../../probes/fault-commands.ts';
import type { MountParams } from '../../probes/kinds/mount.ts';
import { filesystemSize, mount, partition } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { BootFault, Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** Another file system lies over a mount point. */
const covered = (mountpoint: string): Omit<Sketch, 'says'> => ({
  id: `mount-covered${mountpoint}`,
  title: `another file system is mounted at ${mountpoint}`,
  fault: running([`mount -t tmpfs -o size=1m tmpfs ${quote(mountpoint)}`]),
});

function mountFaults({ mountpoint, device, format, label, options }: MountParams): Sketch[] {
  const place = quote(mountpoint);
  const own = options.filter((option) => option !== 'defaults');
  const everywhere: Sketch[] = [
    {
      id: `mount-by-device${mountpoint}`,
      title: `${mountpoint} is mounted by its device's name, which another slot changes`,
      fault: running(
        rewrite(
          '/etc/fstab',
          (copy) =>
            `sed -i -E 's,^/dev/disk/by-partlabel/${literally(label)}[[:space:]],${device} ,' ${copy}`,
        ),
      ),
      says: new RegExp(`^${literally(format)}, ${literally(device)}, (?!/dev/disk/by-partlabel/)`),
    },
    ...(options.includes('ro') ? [] : [readOnly(mountpoint)]),
  ];
  // The root cannot be taken from under the machine that runs from it.
  if (mountpoint === '/') return everywhere;
  return [
    ...everywhere,
    {
      id: `mount-none${mountpoint}`,
      title: `${mountpoint} is not mounted`,
      fault: running([`umount ${place}`]),
      says: /not mounted/,
    },
    { ...covered(mountpoint), says: /^tmpfs, / },
    ...(own.length === 0
      ? []
      : [
          {
            id: `mount-options${mountpoint}`,
            title: `${mountpoint} is mounted without ${own.join(', ')}`,
            fault: running([
              `umount ${place}`,
              `mount -i -t ${quote(format)} -o rw ${quote(device)} ${place}`,
            ]),
            says: /without /,
          },
        ]),
  ];
}

/** What is open for writing stops an orderly remount; the kernel's emergency remount asks nobody. */
const readOnly = (mountpoint: string): Sketch => ({
  id: `mount-read-only${mountpoint}`,
  title: `${mountpoint} is read-only`,
  fault: running([
    `mount -o remount,ro ${quote(mountpoint)} 2>/dev/null || echo u > /proc/sysrq-trigger`,
    `count=0; while touch ${quote(mountpoint)}/mutation 2>/dev/null; do count=$((count + 1)); [ $count -lt 50 ]; sleep 0.1; done`,
  ]),
  says: /\bro\b|read-only|without rw/,
  remedy:
    'The probe of the mount has to look for `rw` among the options that the kernel shows, unless `ro` is declared.',
});

/** The plan with one partition of its image made otherwise. */
const partitionChanged = (label: string, change: (partition: Partition) => Partition): BootFault => ({
  type: 'boot',
  rebuilds: true,
  alone: false,
  change: (test: Test) => {
    const { disk } = test.image;
    const partitions = disk.partitions.map((each) => (each.label === label ? change(each) : each));
    return { ...test, image: { ...test.image, disk: { ...disk, partitions } } };
  },
});

/** A partition and its file system end early. Half is far from what any rounding does. */
const smaller = (label: string): Omit<Sketch, 'says'> => ({
  id: `partition-smaller/${label}`,
  title: `the partition ${label} has half of its size`,
  fault: partitionChanged(label, (each) => ({ ...each, sectors: Math.floor(each.sectors / 4096) * 2048 })),
});

export const diskDerivers = [
  from(mount, mountFaults),
  from(filesystemSize, ({ mountpoint }, { image }) => {
    if (mountpoint !== '/') return [{ ...covered(mountpoint), says: /GiB/ }];
    const root = image.disk.partitions.find(({ content }) => content?.mountpoint === '/');
    return root === undefined ? [] : [{ ...smaller(root.label), says: /GiB/ }];
  }),
  from(partition, ({ label, start, sectors }, { image }) => {
    const own = image.disk.partitions.find((each) => each.label === label);
    // Of a partition that another follows, half would leave a gap: the image is built all the same, and it shows.
    if (own === undefined) return [];
    if (own.content?.mountpoint === '/') {
      return [{ ...smaller(label), says: new RegExp(`sectors ${start}\\+(?!${sectors}$)`) }];
    }
    return [
      {
        id: `partition-label/${label}`,
        title: `the partition ${label} has another label`,
        fault: partitionChanged(label, (each) => ({ ...each, label: `${label}-x` })),
        says: new RegExp(`^${literally(label)}-x,`),
      },
    ];
  }),
];
