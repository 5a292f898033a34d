import { pciPlace } from './pci.ts';
import { scsiControllers, scsiFamily } from './qemu-buses.ts';
import { device, json, type Properties } from './qemu-options.ts';
import type { VmConfiguration, VmDisk } from './vm.ts';

/** The file behind one of the VM's disks. */
export interface DiskFile {
  /** The key under which the VM has the disk: `virtio0`. */
  readonly key: string;
  readonly file: string;
  readonly format: 'qcow2' | 'raw';
}

/**
 * Controllers, disks and CD-ROM drives. A disk without a file of its own is there all the same, and reads as zeroes: the
 * guest sees what it would see of a new one. CD-ROM drives are empty.
 */
export function disks(vm: VmConfiguration, files: readonly DiskFile[]): string[] {
  const strange = files.find(({ key }) => !vm.disks.some((disk) => disk.key === key));
  if (strange !== undefined) throw new Error(`the VM has no disk ${strange.key}`);
  const sata = vm.disks.some(({ bus }) => bus === 'sata');
  return [
    ...controllers(vm),
    ...(sata ? device('ahci', { id: 'ahci0', multifunction: true }, pciPlace('ahci0')) : []),
    ...vm.disks.flatMap((disk) => {
      const backend = disk.media === 'cdrom' ? [] : blockdev(disk, files);
      return [...backend, ...frontend(vm, disk)];
    }),
  ];
}

function controllers(vm: VmConfiguration): string[] {
  const { scsihw, disks: all } = vm;
  const single = scsihw === 'virtio-scsi-single';
  return scsiControllers(vm).flatMap(({ id, place }) => {
    const disk = single
      ? all.find(({ bus, index }) => bus === 'scsi' && id === `virtioscsi${index}`)
      : undefined;
    const iothread = disk?.iothread ? `iothread-${id}` : undefined;
    return [
      ...(iothread === undefined ? [] : ioThread(iothread)),
      ...device(single ? 'virtio-scsi-pci' : scsihw, { id, iothread, num_queues: disk?.queues }, place),
    ];
  });
}

const ioThread = (id: string) => json('-object', { 'qom-type': 'iothread', id });

function blockdev({ key, discard, readOnly, sizeBytes }: VmDisk, files: readonly DiskFile[]): string[] {
  const own = files.find((each) => each.key === key);
  const shared = { 'read-only': readOnly, discard: discard ? 'unmap' : 'ignore' };
  // Nothing of a test's disk has to outlive a power cut of this computer.
  const cache = { direct: false, 'no-flush': true };
  return json('-blockdev', {
    'node-name': `drive-${key}`,
    ...(own === undefined
      ? { driver: 'null-co', size: sizeBytes ?? 0, 'read-zeroes': true }
      : { driver: own.format, cache, file: { driver: 'file', filename: own.file, cache, ...shared } }),
    ...shared,
  });
}

function frontend(vm: VmConfiguration, disk: VmDisk): string[] {
  const { key, bus, media, iothread } = disk;
  const shared: Properties = {
    id: key,
    drive: media === 'disk' ? `drive-${key}` : undefined,
    bootindex: vm.bootIndexes[key],
    serial: disk.serial,
  };
  const writeCache = media === 'disk' ? (disk.writeCache ? 'on' : 'off') : undefined;
  const rotation = disk.ssd && media === 'disk' ? { rotation_rate: 1 } : {};
  const kind = media === 'disk' ? 'hd' : 'cd';
  switch (bus) {
    case 'virtio':
      return [
        ...(iothread ? ioThread(`iothread-${key}`) : []),
        ...device(
          'virtio-blk-pci',
          { ...shared, iothread: iothread ? `iothread-${key}` : undefined, 'write-cache': writeCache },
          pciPlace(key),
        ),
      ];
    case 'scsi':
      return device(`scsi-${kind}`, {
        ...shared,
        ...scsiAddress(vm.scsihw, disk.index),
        // What the guest makes a name under /dev/disk/by-id of.
        device_id: `drive-${key}`,
        ...rotation,
        wwn: disk.wwn,
        vendor: disk.vendor,
        product: disk.product,
        'write-cache': writeCache,
      });
    case 'sata':
    case 'ide':
      return device(`ide-${kind}`, {
        ...shared,
        ...(bus === 'sata' ? { bus: `ahci0.${disk.index}` } : ideAddress(vm.machine, disk.index)),
        ...rotation,
        wwn: disk.wwn,
        model: media === 'disk' ? disk.model : undefined,
        'write-cache': writeCache,
      });
  }
}

/** Old controllers tell disks apart by target, the others by LUN. */
function scsiAddress(scsihw: string, index: number): Properties {
  const [name, most] = scsiFamily(scsihw);
  const bus = `${name}${Math.floor(index / most)}.0`;
  return scsihw.startsWith('lsi') || scsihw === 'pvscsi'
    ? { bus, 'scsi-id': index % most }
    : { bus, channel: 0, 'scsi-id': 0, lun: index };
}

/** i440fx has two IDE channels of two units; q35 has ports of one unit, and Proxmox puts the odd ones behind the even. */
function ideAddress(machine: VmConfiguration['machine'], index: number): Properties {
  const [channel, unit] = [index >> 1, index & 1];
  return machine === 'q35' ? { bus: `ide.${channel + 2 * unit}`, unit: 0 } : { bus: `ide.${channel}`, unit };
}
