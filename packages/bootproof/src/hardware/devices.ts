/** What a guest sees of a VM's hardware: the names that Linux gives to what sits where Proxmox put it. */
import { busNumber, pciPlace, slotNumber } from './pci.ts';
import type { DriveBus, NicModel } from './schema.ts';
import type { VmConfiguration, VmDisk } from './vm.ts';

/** The name under which the guest agent's channel appears in the guest, below /dev/virtio-ports. */
export const agentPortName = 'org.qemu.guest_agent.0';

export interface GuestDisk {
  readonly key: string;
  /** `/dev/vda` */
  readonly device: string;
  /** The other names that udev gives it, by what the hardware says of itself. */
  readonly links: readonly string[];
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

function driverOf(bus: DriveBus, { machine, scsihw }: VmConfiguration): string {
  if (bus === 'virtio') return 'virtio_blk';
  if (bus === 'scsi') return scsiDrivers[scsihw] ?? scsihw;
  // A q35 has no IDE: its ideN hang on the SATA controller of the chipset.
  return bus === 'sata' || machine === 'q35' ? 'ahci' : 'ata_piix';
}

/**
 * The disks as the guest names them, CD-ROMs left out. virtio disks are /dev/vdX in the order of their slots. The others
 * share /dev/sdX: on one controller they come in order; with several kinds of them the order in which drivers load has
 * the last word, and this is that of their slots.
 */
export function guestDisks(vm: VmConfiguration): GuestDisk[] {
  const hard = vm.disks.filter(({ media }) => media === 'disk');
  const inOrder = (buses: readonly DriveBus[]): VmDisk[] =>
    buses.flatMap((bus) => hard.filter((disk) => disk.bus === bus).sort((a, b) => a.index - b.index));
  const named = (prefix: string, found: readonly VmDisk[]): GuestDisk[] =>
    found.map((disk, position) => ({
      key: disk.key,
      device: `/dev/${prefix}${diskLetters(position)}`,
      links: linksOf(disk),
      sizeBytes: disk.sizeBytes,
      driver: driverOf(disk.bus, vm),
    }));
  return [...named('vd', inOrder(['virtio'])), ...named('sd', inOrder(['ide', 'scsi', 'sata']))];
}

/** A virtio disk has a name by its serial number only; a SCSI disk by the id of its drive in Proxmox too. */
function linksOf({ bus, key, serial }: VmDisk): string[] {
  if (bus === 'virtio') return serial === undefined ? [] : [`/dev/disk/by-id/virtio-${serial}`];
  if (bus === 'scsi') return [`/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_${serial ?? `drive-${key}`}`];
  return serial === undefined ? [] : [`/dev/disk/by-id/ata-QEMU_HARDDISK_${serial}`];
}

/** The guest's name for one of the VM's disks: `/dev/vda` for `virtio0`. Undefined when the VM has no such disk. */
export function guestDiskName(vm: VmConfiguration, key: string): string | undefined {
  return guestDisks(vm).find((disk) => disk.key === key)?.device;
}

/** The VM's disk behind a device's name in the guest, also one under /dev/disk/by-id. */
export function diskBehind(vm: VmConfiguration, device: string): GuestDisk | undefined {
  return guestDisks(vm).find((disk) => disk.device === device || disk.links.includes(device));
}

const nicDrivers: Readonly<Record<NicModel, string>> = {
  virtio: 'virtio_net',
  e1000: 'e1000',
  'e1000-82540em': 'e1000',
  'e1000-82544gc': 'e1000',
  'e1000-82545em': 'e1000',
  e1000e: 'e1000e',
  i82551: 'e100',
  i82557b: 'e100',
  i82559er: 'e100',
  ne2k_isa: 'ne',
  ne2k_pci: 'ne2k-pci',
  pcnet: 'pcnet32',
  rtl8139: '8139cp',
  vmxnet3: 'vmxnet3',
};

export interface GuestNic {
  readonly key: string;
  readonly name: string;
  readonly driver: string;
}

/**
 * The number that the firmware gives to pci.N: it counts the bridges as it finds them, slot by slot, each with what lies
 * behind it. On q35 the four root ports and pcidmi come first. On i440fx the bridge of pci.3 sits before that of pci.1.
 */
function guestBusNumber({ machine, scsihw }: VmConfiguration, bus: number): number {
  if (machine === 'q35') return 6 + bus;
  return bus === 1 && scsihw === 'virtio-scsi-single' ? 2 : bus;
}

/**
 * The NICs by the predictable names of systemd.net-naming-scheme(7). On i440fx pci.0 is the root bus, and its slots have
 * numbers in ACPI: ens18. On q35 pci.0 lies behind a bridge and is counted as bus 6: enp6s18.
 */
export function guestNics(vm: VmConfiguration): GuestNic[] {
  return vm.nics.map(({ key, model }) => {
    const place = pciPlace(key);
    const [bus, slot] = [busNumber(place), slotNumber(place)];
    const name = vm.machine === 'pc' && bus === 0 ? `ens${slot}` : `enp${guestBusNumber(vm, bus)}s${slot}`;
    return { key, name, driver: nicDrivers[model] };
  });
}
