import { describe, expect, it } from 'vitest';
import { agree, type Declarations } from '../../src/hardware/agree.ts';
import { defineVm, resolveVm, type VmDefinition } from '../../src/hardware/vm.ts';

const vmFile = 'agree.test.ts';

const hl02: VmDefinition = {
  bios: 'ovmf',
  machine: 'q35',
  efidisk0: { storage: 'local', efitype: '4m' },
  virtio0: 'local:32',
  net0: 'virtio',
  agent: 1,
  serial0: 'socket',
};

function faults(definition: VmDefinition, declared: Partial<Omit<Declarations, 'vm'>> = {}) {
  return agree({
    vm: resolveVm(defineVm(definition), import.meta.dirname),
    disks: [{ option: 'disko.devices.disk.main.device', device: '/dev/vda', files: ['disko.ts'] }],
    agent: { enable: true, files: ['role.ts'] },
    kernelParams: { values: ['console=ttyS0', 'quiet'], files: ['role.ts'] },
    systemdBoot: { enable: true, files: ['role.ts'] },
    ...declared,
  });
}

const without = (definition: VmDefinition, ...keys: readonly string[]): VmDefinition =>
  Object.fromEntries(Object.entries(definition).filter(([key]) => !keys.includes(key)));

const disk = (device: string, name = 'main') => ({
  option: `disko.devices.disk.${name}.device`,
  device,
  files: ['disko.ts'],
});

it('says nothing of a configuration and a VM that agree', () => {
  expect(faults(hl02)).toEqual([]);
});

describe('the disk', () => {
  it('on scsi0 appears as /dev/sda: both files are named, and both remedies', () => {
    expect(faults({ ...without(hl02, 'virtio0'), scsi0: 'local:32' })).toEqual([
      {
        files: ['disko.ts', vmFile],
        option: 'disko.devices.disk.main.device',
        value: "'/dev/vda'",
        reason: 'the VM has no disk that the guest sees under this name: scsi0 appears as /dev/sda.',
        remedy: "Declare the device as '/dev/sda', or give the VM this disk as virtio0 in vm.ts.",
      },
    ]);
  });

  it.each([
    ['/dev/vdb', 'virtio1'],
    ['/dev/sda', 'scsi0'],
  ])('%s, which the VM does not have', (device, key) => {
    expect(faults(hl02, { disks: [disk('/dev/vda'), disk(device, 'data')] })).toEqual([
      expect.objectContaining({
        value: `'${device}'`,
        remedy: expect.stringContaining(`as ${key} in vm.ts`),
      }),
    ]);
  });

  it('of a name that no key of Proxmox gives', () => {
    expect(faults(hl02, { disks: [disk('/dev/nvme0n1')] })[0]).toMatchObject({
      remedy: "Declare the device as '/dev/vda', or give the VM a disk of that name in vm.ts.",
    });
  });

  it('of a VM without any', () => {
    expect(faults(without(hl02, 'virtio0')).map(({ reason }) => reason)).toEqual(['the VM has no disk.']);
  });

  it('without a size', () => {
    expect(faults({ ...hl02, virtio0: 'local:vm-100-disk-0' })).toEqual([
      expect.objectContaining({ option: 'virtio0.size', files: [vmFile] }),
    ]);
  });

  it('declared twice', () => {
    expect(faults(hl02, { disks: [disk('/dev/vda'), disk('/dev/vda', 'again')] })).toEqual([
      expect.objectContaining({ reason: 'disko.devices.disk.main.device is the same disk.' }),
    ]);
  });

  it('by a link', () => {
    const scsi = { ...without(hl02, 'virtio0'), scsi0: 'local:32' };
    const link = '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0';
    expect(faults(scsi, { disks: [disk(link)] })).toEqual([
      expect.objectContaining({ value: `'${link}'`, remedy: "Declare the device as '/dev/sda'." }),
    ]);
  });

  it('that the firmware never tries', () => {
    expect(faults({ ...hl02, boot: { order: ['net0'] } })).toEqual([
      expect.objectContaining({ option: 'boot', value: "'order=net0'", files: [vmFile] }),
    ]);
    expect(faults({ ...hl02, boot: { order: ['net0', 'virtio0'] } })).toEqual([]);
  });
});

describe('the agent', () => {
  it.each([
    ['off', { agent: 0 }],
    ['not mentioned', { agent: undefined }],
  ])('on in the guest and %s in the VM', (_name, agent) => {
    expect(faults({ ...hl02, ...agent } as VmDefinition)).toEqual([
      expect.objectContaining({
        files: ['role.ts', vmFile],
        option: 'services.qemuGuest.enable',
        remedy: 'Set agent: 1 in vm.ts, or services.qemuGuest.enable to false.',
      }),
    ]);
  });

  it('on in the guest, and of type isa in the VM', () => {
    expect(faults({ ...hl02, agent: '1,type=isa' })).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("'isa'") }),
    ]);
  });

  it('off in the guest is no contradiction, whatever the VM has', () => {
    const agent = { enable: false, files: ['role.ts'] };
    expect(faults(hl02, { agent })).toEqual([]);
    expect(faults({ ...hl02, agent: 0 }, { agent })).toEqual([]);
  });
});

describe('the console', () => {
  it.each([
    ['console=ttyS0', {}, 0],
    ['console=ttyS0,115200', {}, 0],
    ['console=ttyS1', {}, 1],
    ['console=ttyS1', { serial1: 'socket' }, 1 - 1],
    ['console=tty0', {}, 0],
  ] as const)('%s', (parameter, more, count) => {
    const kernelParams = { values: [parameter], files: ['role.ts'] };
    expect(faults({ ...hl02, ...more }, { kernelParams })).toHaveLength(count);
  });

  it('on a port that the VM does not have', () => {
    expect(faults(without(hl02, 'serial0'))).toEqual([
      {
        files: ['role.ts', vmFile],
        option: 'boot.kernelParams',
        value: "'console=ttyS0'",
        reason: 'the VM has no serial0: nobody would see this console.',
        remedy: "Add serial0: 'socket' to vm.ts, or drop the parameter.",
      },
    ]);
  });
});

describe('the firmware', () => {
  const systemdBoot = { enable: false, files: ['role.ts'] };

  it('SeaBIOS does not start systemd-boot', () => {
    const seabios = { ...without(hl02, 'efidisk0'), bios: 'seabios' } as const;
    expect(faults(seabios)).toEqual([
      expect.objectContaining({ files: ['role.ts', vmFile], option: 'boot.loader.systemd-boot.enable' }),
    ]);
    expect(faults(seabios, { systemdBoot })).toEqual([]);
  });

  it('OVMF without a disk for its variables', () => {
    expect(faults(without(hl02, 'efidisk0'))).toEqual([
      expect.objectContaining({ option: 'efidisk0', files: [vmFile] }),
    ]);
  });

  it('Secure Boot refuses a loader that is not signed', () => {
    const keys = (more: object, definition: VmDefinition = hl02) => ({
      ...definition,
      efidisk0: { storage: 'local', efitype: '4m', 'pre-enrolled-keys': true, ...more } as const,
    });
    expect(faults(keys({}))).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('Secure Boot') }),
    ]);
    expect(faults(keys({}), { systemdBoot })).toEqual([]);
    // Only q35 with the larger firmware has Secure Boot at all.
    expect(faults(keys({ efitype: '2m' }))).toEqual([]);
    expect(faults(keys({}, without(hl02, 'machine')))).toEqual([]);
  });
});
