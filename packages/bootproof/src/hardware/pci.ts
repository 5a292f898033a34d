/**
 * Where Proxmox puts PCI devices. The same table holds for i440fx, where pci.0 is the root bus, and for q35, where pci.0
 * to pci.3 lie behind a bridge. Source: Proxmox VE, qemu-server 9.2 (PCI.pm and pve-q35-4.0.cfg).
 */

/** A place on a PCI bus, as QEMU takes it. */
export interface PciPlace {
  readonly bus: string;
  /** The slot, in hexadecimal: `0x12`. */
  readonly addr: string;
}

/** Devices that come in a row: the first and last of them, their bus, and the slot of the first. */
const rows: readonly (readonly [name: string, first: number, last: number, bus: number, slot: number])[] = [
  ['vga', 0, 0, 0, 2],
  ['balloon', 0, 0, 0, 3],
  ['scsihw', 0, 1, 0, 5],
  ['ahci', 0, 0, 0, 7],
  ['qga', 0, 0, 0, 8],
  ['spice', 0, 0, 0, 9],
  ['virtio', 0, 5, 0, 10],
  ['net', 0, 5, 0, 18],
  ['net', 6, 31, 1, 1],
  ['rng', 0, 0, 1, 29],
  ['virtio', 6, 15, 2, 1],
  ['virtioscsi', 0, 30, 3, 1],
  ['scsihw', 2, 4, 4, 1],
];

/** Bridges, by the number of the bus that they open, on i440fx: [the bus that they sit on, their slot]. */
const bridges: Readonly<Record<number, readonly [bus: number, slot: number]>> = {
  1: [0, 30],
  2: [0, 31],
  3: [0, 5],
  4: [1, 28],
};

const place = (bus: number, slot: number): PciPlace => ({
  bus: `pci.${bus}`,
  addr: `0x${slot.toString(16)}`,
});

/** The place of a device such as `net0`, `virtio6` or `qga0`. */
export function pciPlace(device: string): PciPlace {
  const [, name, digits] = /^(\D+)(\d+)$/.exec(device) ?? [];
  const index = Number(digits);
  const row = rows.find(([each, first, last]) => each === name && index >= first && index <= last);
  if (row === undefined) throw new Error(`Proxmox has no PCI slot for ${device}`);
  const [, first, , bus, slot] = row;
  return place(bus, slot + index - first);
}

/** The place of the bridge behind which pci.N lies on i440fx; on q35 only pci.4 is not there from the start. */
export function bridgePlace(bus: number): PciPlace {
  const [parent, slot] = bridges[bus] ?? [];
  if (parent === undefined || slot === undefined) throw new Error(`Proxmox has no bridge for pci.${bus}`);
  return place(parent, slot);
}

/** The number of a bus: 2 for `pci.2`. */
export const busNumber = ({ bus }: PciPlace): number => Number(bus.slice('pci.'.length));

export const slotNumber = ({ addr }: PciPlace): number => Number.parseInt(addr, 16);
