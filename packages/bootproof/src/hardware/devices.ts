import type { Bus, VmConfiguration, VmDisk, VmNic } from './vm.ts';

/**
 * What a guest sees of a VM's hardware, and where: the PCI slots that Proxmox gives to devices, and the names that Linux
 * gives to what sits there. Source: qemu-server 9.2, PCI.pm.
 */

/** A place on a PCI bus. Slots are written as QEMU takes them, in hexadecimal. */
export interface PciPlace {
  readonly bus: string;
  readonly addr: string;
}

const on = (bus: string, slot: number): PciPlace => ({ bus, addr: `0x${slot.toString(16)}` });

/** The slots of single devices on pci.0. */
export const pciPlaces = {
  balloon0: on('pci.0', 3),
  scsihw0: on('pci.0', 5),
  ahci0: on('pci.0', 7),
  qga0: on('pci.0', 8),
} as const;

/** virtio0 to virtio5 sit on pci.0 from slot 10, the others on pci.2 from slot 1. */
export const virtioPlace = (index: number): PciPlace =>
  index < 6 ? on('pci.0', 10 + index) : on('pci.2', index - 5);

/** net0 to net5 sit on pci.0 from slot 18, the others on pci.1 from slot 1. */
export const nicPlace = (index: number): PciPlace =>
  index < 6 ? on('pci.0', 18 + index) : on('pci.1', index - 5);

/** The name under which qm.conf's agent channel appears in the guest. */
export const agentPortName = 'org.qemu.guest_agent.0';

export interface GuestDisk {
  readonly key: string;
  /** `/dev/vda` */
  readonly device: string;
  readonly sizeBytes: number | undefined;
  /** The kernel driver that takes it: `virtio_blk`. */
  readonly driver: string;
}

/** How Linux calls the n-th disk of a driver: sda … sdz, sdaa. */
function diskLetters(position: number): string {
  const last = String.fromCharCode(97 + (position % 26));
  return position < 26 ? last : diskLetters(Math.floor(position / 26) - 1) + last;
}

const scsiDrivers: Readonly<Record<string, string>> = {
  lsi: 'sym53c8xx',
  lsi53c810: 'sym53c8xx',
  'virtio-scsi-pci': 'virtio_scsi',
  'virtio-scsi-single': 'virtio_scsi',
  megasas: 'megaraid_sas',
  pvscsi: 'vmw_pvscsi',
};

function driverOf(bus: Bus, scsihw: string): string {
  if (bus === 'virtio') return 'virtio_blk';
  if (bus === 'scsi') return scsiDrivers[scsihw] ?? scsihw;
  return bus === 'sata' ? 'ahci' : 'ata_piix';
}

/**
 * The disks as the guest names them. virtio disks are /dev/vdX in the order of their slots. The others share /dev/sdX;
 * on one bus they come in order, across buses the order in which drivers load decides, and this is the usual one.
 */
export function guestDisks({ disks, scsihw }: VmConfiguration): GuestDisk[] {
  const inOrder = (buses: readonly Bus[]): VmDisk[] =>
    buses.flatMap((bus) => disks.filter((disk) => disk.bus === bus).sort((a, b) => a.index - b.index));
  const named = (prefix: string, found: readonly VmDisk[]): GuestDisk[] =>
    found.map(({ key, bus, sizeBytes }, position) => ({
      key,
      device: `/dev/${prefix}${diskLetters(position)}`,
      sizeBytes,
      driver: driverOf(bus, scsihw),
    }));
  return [...named('vd', inOrder(['virtio'])), ...named('sd', inOrder(['scsi', 'sata', 'ide']))];
}

const nicDrivers: Readonly<Record<VmNic['model'], string>> = {
  virtio: 'virtio_net',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: '8139cp',
  vmxnet3: 'vmxnet3',
};

export interface GuestNic {
  readonly key: string;
  readonly name: string;
  readonly driver: string;
}

/**
 * The NICs by the predictable names of systemd.net-naming-scheme(7). On i440fx pci.0 is the root bus, whose slots have
 * ACPI slot numbers: ens18. On q35 pci.0 lies behind a bridge and is enumerated as bus 6: enp6s18.
 */
export function guestNics({ machine, nics }: VmConfiguration): GuestNic[] {
  return nics.map(({ key, index, model }) => {
    const slot = Number.parseInt(nicPlace(index).addr, 16);
    const second = index >= 6;
    const name = machine === 'q35' ? `enp${second ? 7 : 6}s${slot}` : second ? `enp1s${slot}` : `ens${slot}`;
    return { key, name, driver: nicDrivers[model] };
  });
}
