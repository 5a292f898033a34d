import { bridgePlace, busNumber, type PciPlace, pciPlace } from './pci.ts';
import { device } from './qemu-options.ts';
import type { VmConfiguration } from './vm.ts';

/** The PCI buses of a machine, and the USB controllers that are always there. */
export const buses = (vm: VmConfiguration): string[] => (vm.machine === 'q35' ? q35(vm) : i440fx(vm));

/**
 * q35 as Proxmox lays it out: two USB controllers, a sound controller, four root ports, and pci.0 to pci.3 behind a bridge
 * at 1e.0. Each bridge takes a bus number, and so they all are part of the NICs' names.
 * Source: qemu-server 9.2, pve-q35-4.0.cfg.
 */
function q35(vm: VmConfiguration): string[] {
  const four = [0, 1, 2, 3];
  return [
    ...usbController('1d', 'ehci', 1),
    ...usbController('1a', 'ehci-2', 4),
    ...device('ich9-intel-hda', { id: 'audio0', bus: 'pcie.0', addr: '1b.0' }),
    ...four.flatMap((index) =>
      device('pcie-root-port', {
        id: `ich9-pcie-port-${index + 1}`,
        'x-speed': '16',
        'x-width': '32',
        multifunction: true,
        bus: 'pcie.0',
        addr: `1c.${index}`,
        port: index + 1,
        chassis: index + 1,
      }),
    ),
    ...device('i82801b11-bridge', { id: 'pcidmi', bus: 'pcie.0', addr: '1e.0' }),
    ...four.flatMap((index) =>
      device('pci-bridge', {
        id: `pci.${index}`,
        bus: 'pcidmi',
        addr: `${index + 1}.0`,
        chassis_nr: index + 1,
      }),
    ),
    ...extraBridges(vm, [4]),
  ];
}

/** A USB 2 controller of the ICH9 with its three companions, all in one slot. */
function usbController(slot: string, id: string, firstCompanion: number): string[] {
  const shared = { bus: 'pcie.0', multifunction: true };
  return [
    ...device('ich9-usb-ehci1', { id, ...shared, addr: `${slot}.7` }),
    ...[0, 1, 2].flatMap((index) =>
      device(`ich9-usb-uhci${index + 1}`, {
        id: `uhci-${firstCompanion + index}`,
        ...shared,
        addr: `${slot}.${index}`,
        masterbus: `${id}.0`,
        firstport: index * 2,
      }),
    ),
  ];
}

/** i440fx: pci.0 is the root bus; pci.1 and pci.2 are always there, pci.4 when something sits on it. */
function i440fx(vm: VmConfiguration): string[] {
  return [
    ...extraBridges(vm, [1, 2, 3, 4]),
    ...device('piix3-usb-uhci', { id: 'uhci', bus: 'pci.0', addr: '0x1.0x2' }),
  ];
}

function extraBridges(vm: VmConfiguration, candidates: readonly number[]): string[] {
  const used = new Set([...scsiControllers(vm).map(({ place }) => busNumber(place)), ...alwaysThere(vm)]);
  return candidates
    .filter((bus) => used.has(bus))
    .flatMap((bus) => device('pci-bridge', { id: `pci.${bus}`, chassis_nr: bus }, bridgePlace(bus)));
}

/** On i440fx: pci.3 comes with the kind of SCSI controller, whether or not the VM has a SCSI disk. */
const alwaysThere = ({ scsihw }: VmConfiguration): number[] =>
  scsihw === 'virtio-scsi-single' ? [1, 2, 3] : [1, 2];

/** The SCSI controllers that a VM's disks need: each has a number, and so many disks hang on it. */
export function scsiControllers({ disks, scsihw }: VmConfiguration): { id: string; place: PciPlace }[] {
  const [name, most] = scsiFamily(scsihw);
  const numbers = disks.filter(({ bus }) => bus === 'scsi').map(({ index }) => Math.floor(index / most));
  return [...new Set(numbers)].map((number) => ({
    id: `${name}${number}`,
    place: pciPlace(`${name}${number}`),
  }));
}

/** The controllers' name in Proxmox, and how many disks one of them takes. */
export function scsiFamily(scsihw: string): [name: string, disks: number] {
  if (scsihw === 'virtio-scsi-single') return ['virtioscsi', 1];
  return ['scsihw', scsihw.startsWith('lsi') ? 7 : 256];
}
