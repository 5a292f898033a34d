import { describe, expect, it } from 'vitest';
import { diskBehind, guestDiskName, guestDisks, guestNics } from '../../src/hardware/devices.ts';
import { bridgePlace, pciPlace } from '../../src/hardware/pci.ts';
import { defineVm, resolveVm, type VmDefinition } from '../../src/hardware/vm.ts';

const resolve = (definition: VmDefinition) => resolveVm(defineVm(definition));

describe('PCI slots', () => {
  // Source: qemu-server 9.2.
  it.each([
    ['vga0', 'pci.0', 2],
    ['balloon0', 'pci.0', 3],
    ['scsihw0', 'pci.0', 5],
    ['scsihw1', 'pci.0', 6],
    ['ahci0', 'pci.0', 7],
    ['qga0', 'pci.0', 8],
    ['virtio0', 'pci.0', 10],
    ['virtio5', 'pci.0', 15],
    ['net0', 'pci.0', 18],
    ['net5', 'pci.0', 23],
    ['net6', 'pci.1', 1],
    ['net31', 'pci.1', 26],
    ['rng0', 'pci.1', 29],
    ['virtio6', 'pci.2', 1],
    ['virtio15', 'pci.2', 10],
    ['virtioscsi0', 'pci.3', 1],
    ['virtioscsi30', 'pci.3', 31],
    ['scsihw2', 'pci.4', 1],
    ['scsihw4', 'pci.4', 3],
  ])('%s', (device, bus, slot) => {
    expect(pciPlace(device)).toEqual({ bus, addr: `0x${slot.toString(16)}` });
  });

  it('are known for what Proxmox has only', () => {
    for (const device of ['virtio16', 'net32', 'scsihw5', 'nothing0', 'net']) {
      expect(() => pciPlace(device)).toThrow(device);
    }
    expect(bridgePlace(1)).toEqual({ bus: 'pci.0', addr: '0x1e' });
    expect(() => bridgePlace(5)).toThrow('pci.5');
  });
});

describe('disks in the guest', () => {
  const named = (definition: VmDefinition) =>
    guestDisks(resolve(definition)).map(({ key, device, driver }) => [key, device, driver]);

  it('are /dev/vdX on virtio, in the order of their slots and without gaps', () => {
    expect(named({ virtio3: 'local:1', virtio0: 'local:1', virtio10: 'local:1' })).toEqual([
      ['virtio0', '/dev/vda', 'virtio_blk'],
      ['virtio3', '/dev/vdb', 'virtio_blk'],
      ['virtio10', '/dev/vdc', 'virtio_blk'],
    ]);
  });

  it('are /dev/sdX on every other bus', () => {
    expect(
      named({
        scsihw: 'virtio-scsi-single',
        scsi0: 'local:1',
        sata1: 'local:1',
        ide0: 'local:1',
        virtio0: 'local:1',
      }),
    ).toEqual([
      ['virtio0', '/dev/vda', 'virtio_blk'],
      ['ide0', '/dev/sda', 'ata_piix'],
      ['scsi0', '/dev/sdb', 'virtio_scsi'],
      ['sata1', '/dev/sdc', 'ahci'],
    ]);
    expect(named({ machine: 'q35', ide0: 'local:1' })).toEqual([['ide0', '/dev/sda', 'ahci']]);
  });

  it('leave CD-ROMs out', () => {
    expect(named({ ide0: 'none,media=cdrom', sata0: 'local:1' })).toEqual([['sata0', '/dev/sda', 'ahci']]);
  });

  it('go on after z', () => {
    const scsi = Object.fromEntries(Array.from({ length: 28 }, (_, index) => [`scsi${index}`, 'local:1']));
    expect(
      named(scsi as VmDefinition)
        .slice(25)
        .map(([, device]) => device),
    ).toEqual(['/dev/sdz', '/dev/sdaa', '/dev/sdab']);
  });

  it('are found by their names and by what the hardware says of itself', () => {
    const vm = resolve({ virtio0: 'local:1,serial=root', scsi3: 'local:1', virtio1: 'local:1' });
    expect(guestDiskName(vm, 'virtio1')).toBe('/dev/vdb');
    expect(guestDiskName(vm, 'virtio2')).toBeUndefined();
    expect(diskBehind(vm, '/dev/sda')?.key).toBe('scsi3');
    expect(diskBehind(vm, '/dev/disk/by-id/virtio-root')?.key).toBe('virtio0');
    expect(diskBehind(vm, '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi3')?.key).toBe('scsi3');
    expect(diskBehind(vm, '/dev/vdc')).toBeUndefined();
  });
});

describe('NICs in the guest', () => {
  const named = (definition: VmDefinition) =>
    guestNics(resolve({ ...definition, net0: 'virtio', net1: 'e1000', net6: 'vmxnet3' })).map(
      ({ name, driver }) => `${name} ${driver}`,
    );

  it('have their slots in their names on i440fx, and their bus too on q35', () => {
    expect(named({})).toEqual(['ens18 virtio_net', 'ens19 e1000', 'enp1s1 vmxnet3']);
    // Seen in a guest: the bridge of the SCSI controllers takes the number before.
    expect(named({ scsihw: 'virtio-scsi-single' })[2]).toBe('enp2s1 vmxnet3');
    expect(named({ machine: 'q35' })).toEqual(['enp6s18 virtio_net', 'enp6s19 e1000', 'enp7s1 vmxnet3']);
  });
});
