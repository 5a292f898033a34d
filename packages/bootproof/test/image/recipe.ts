import type { ImageRecipe } from '../../src/services/recipe.ts';

const MiB = 2 ** 20;
const sectors = (bytes: number) => bytes / 512;

/** A recipe for a small disk: 160 MiB, an ESP of 48 MiB, the rest the root. */
export const smallRecipe: ImageRecipe = {
  kind: 'stand-in',
  suite: 'bookworm',
  hostName: 'pine',
  packages: ['openssh-server'],
  initrdModules: ['virtio_blk'],
  kernelParams: ['console=ttyS0', 'loglevel=4'],
  loader: { type: 'systemd-boot', timeout: 0, editor: false, espMountpoint: '/boot' },
  disk: {
    name: 'main',
    device: '/dev/vda',
    sizeBytes: 160 * MiB,
    sectorBytes: 512,
    partitions: [
      {
        name: 'ESP',
        number: 1,
        label: 'disk-main-ESP',
        typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
        startSector: 2048,
        sectors: sectors(48 * MiB),
        content: {
          type: 'filesystem',
          format: 'vfat',
          mountpoint: '/boot',
          mountOptions: ['umask=0077'],
          extraArgs: [],
        },
      },
      {
        name: 'root',
        number: 2,
        label: 'disk-main-root',
        typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
        startSector: 2048 + sectors(48 * MiB),
        sectors: sectors(110 * MiB),
        content: {
          type: 'filesystem',
          format: 'ext4',
          mountpoint: '/',
          mountOptions: ['defaults'],
          extraArgs: [],
        },
      },
    ],
  },
  files: [{ type: 'file', path: '/etc/hostname', mode: 0o644, text: 'pine\n' }],
};

type Partition = ImageRecipe['disk']['partitions'][number];

/** The small recipe with one partition changed. */
export function withPartition(name: string, change: Partial<Partition>): ImageRecipe {
  const partitions = smallRecipe.disk.partitions.map((partition) =>
    partition.name === name ? { ...partition, ...change } : partition,
  );
  return { ...smallRecipe, disk: { ...smallRecipe.disk, partitions } };
}

/** A file system as a partition's content. */
export function content(format: string, mountpoint: string | undefined): NonNullable<Partition['content']> {
  return { type: 'filesystem', format, mountpoint, mountOptions: ['defaults'], extraArgs: [] };
}
