import { describe, expect, it } from 'vitest';
import { DeclarationError, type Fault } from '../../src/base/errors.ts';
import { defineVm, isVm, resolveVm, type Vm, type VmDefinition } from '../../src/hardware/vm.ts';

const here = import.meta.filename;

const resolve = (definition: VmDefinition) => resolveVm(defineVm(definition));

function faultsOf(vm: Vm | Record<string, unknown>): readonly Fault[] {
  try {
    resolveVm(isVm(vm) ? vm : defineVm(vm as VmDefinition));
  } catch (error) {
    if (error instanceof DeclarationError) return error.faults;
    throw error;
  }
  return [];
}

describe('a VM without any keys', () => {
  it("has Proxmox's defaults", () => {
    expect(resolve({})).toMatchObject({
      bios: 'seabios',
      machine: 'pc',
      machineVersion: undefined,
      cpu: { type: 'kvm64', flags: [], hidden: false },
      sockets: 1,
      cores: 1,
      vcpus: 1,
      memory: 512,
      balloon: true,
      acpi: true,
      ostype: 'other',
      agent: { enabled: false, type: 'virtio' },
      serialPorts: [],
      vga: { type: 'std' },
      tablet: true,
      scsihw: 'lsi',
      efidisk: undefined,
      disks: [],
      nics: [],
      bootIndexes: {},
      notModelled: [],
      files: [here],
    });
  });

  it('is frozen through and through, and the same after a round trip through JSON', () => {
    const vm = resolve({ virtio0: 'local:1', net0: 'virtio,bridge=vmbr0', agent: 1 });
    expect(Object.isFrozen(vm) && Object.isFrozen(vm.disks[0]) && Object.isFrozen(vm.cpu.flags)).toBe(true);
    expect(JSON.parse(JSON.stringify(vm))).toEqual(vm);
  });
});

describe('the same thing written in two ways', () => {
  it.each<[string, VmDefinition, VmDefinition]>([
    ['a new disk', { virtio0: 'local-lvm:32' }, { virtio0: { storage: 'local-lvm', size: '32G' } }],
    [
      'a disk with parts',
      { scsi1: 'local:vm-100-disk-0,size=32G,discard=on,ssd=1,iothread=0' },
      {
        scsi1: {
          storage: 'local',
          volume: 'vm-100-disk-0',
          size: '32G',
          discard: true,
          ssd: true,
          iothread: 0,
        },
      },
    ],
    ['a disk by Proxmox’s own word', { virtio0: { file: 'local:8' } }, { virtio0: 'local:8' }],
    ['an empty CD-ROM drive', { ide2: 'none,media=cdrom' }, { ide2: { volume: 'none', media: 'cdrom' } }],
    [
      'a NIC',
      { net0: 'virtio=bc:24:11:00:00:01,bridge=vmbr0,tag=5,firewall=1' },
      { net0: { model: 'virtio', macaddr: 'BC:24:11:00:00:01', bridge: 'vmbr0', tag: 5, firewall: true } },
    ],
    [
      'a NIC without an address',
      { net0: 'e1000,bridge=vmbr0' },
      { net0: { model: 'e1000', bridge: 'vmbr0' } },
    ],
    ['the agent', { agent: 1 }, { agent: { enabled: true } }],
    ['the agent, off', { agent: false }, { agent: '0' }],
    ['the agent with parts', { agent: '1,type=isa' }, { agent: { enabled: 1, type: 'isa' } }],
    ['the memory', { memory: 2048 }, { memory: { current: 2048 } }],
    ['the boot order', { net0: 'virtio', boot: 'order=net0' }, { net0: 'virtio', boot: { order: ['net0'] } }],
    ['the CPU', { cpu: 'host,flags=+aes;-pcid' }, { cpu: { cputype: 'host', flags: '+aes;-pcid' } }],
    ['the machine', { machine: 'q35' }, { machine: { type: 'q35' } }],
    ['a flag', { onboot: 1, tablet: 0 }, { onboot: true, tablet: false }],
    [
      'the EFI disk',
      { efidisk0: 'local:1,efitype=4m,pre-enrolled-keys=1' },
      { efidisk0: { storage: 'local', size: '1G', efitype: '4m', 'pre-enrolled-keys': true } },
    ],
  ])('%s', (_name, one, other) => {
    expect({ ...resolve(one), filesByKey: {} }).toEqual({ ...resolve(other), filesByKey: {} });
  });

  it('and undefined is as good as left out', () => {
    const definition = { cores: undefined, virtio0: { storage: 'local', size: '1G', serial: undefined } };
    expect(resolve(definition as never)).toEqual(resolve({ virtio0: { storage: 'local', size: '1G' } }));
  });
});

describe('what follows from the keys', () => {
  it('disks and NICs come in their order, with what they were given', () => {
    const { disks, nics } = resolve({
      net6: 'rtl8139',
      net0: 'virtio,mtu=1',
      virtio1: 'local:2',
      virtio0: 'local:1,cache=directsync,serial=abc',
      scsi10: 'local:3',
      scsi9: 'local:3',
    });
    expect(disks.map(({ key }) => key)).toEqual(['scsi9', 'scsi10', 'virtio0', 'virtio1']);
    expect(disks[2]).toMatchObject({
      bus: 'virtio',
      index: 0,
      storage: 'local',
      size: '1G',
      sizeBytes: 2 ** 30,
      serial: 'abc',
      writeCache: false,
    });
    expect(nics.map(({ key, mtu }) => [key, mtu])).toEqual([
      ['net0', undefined],
      ['net6', undefined],
    ]);
  });

  it('an address that was not given follows from the name, and is one of Proxmox’s', () => {
    const address = (name: string, key: string) => resolve({ name, [key]: 'virtio' }).nics[0]?.macaddr;
    expect(address('hl02', 'net0')).toMatch(/^BC:24:11(:[0-9A-F]{2}){3}$/);
    expect(address('hl02', 'net0')).toBe(address('hl02', 'net0'));
    expect(new Set([address('a', 'net0'), address('a', 'net1'), address('b', 'net0')]).size).toBe(3);
  });

  it('the boot order: what Proxmox writes down for a new VM', () => {
    const order = (definition: VmDefinition) => resolve(definition).bootIndexes;
    const devices: VmDefinition = {
      virtio0: 'local:1',
      virtio1: 'local:1',
      ide2: 'none,media=cdrom',
      net0: 'virtio',
      net1: 'virtio',
    };
    expect(order(devices)).toEqual({ virtio0: 100, ide2: 101, net0: 102 });
    expect(order({ ...devices, boot: 'order=net1;virtio1' })).toEqual({ net1: 100, virtio1: 101 });
    // The old forms.
    expect(order({ ...devices, bootdisk: 'virtio1' })).toEqual({
      virtio1: 100,
      ide2: 200,
      net0: 300,
      net1: 301,
    });
    expect(order({ ...devices, boot: 'dc', bootdisk: 'virtio0' })).toEqual({ ide2: 100, virtio0: 200 });
    expect(order({ ...devices, boot: 'c' })).toEqual({});
    expect(order({ ...devices, boot: '' })).toEqual({});
  });

  it('hotplug behind bridges: off for Linux on q35, unless a newer QEMU made the VM or the machine has a version', () => {
    const hotplug = (definition: VmDefinition) => resolve(definition).bridgeHotplug;
    expect(hotplug({ machine: 'q35', ostype: 'l26' })).toBe(false);
    expect(hotplug({ machine: 'q35', ostype: 'l26', meta: 'creation-qemu=6.0.1' })).toBe(false);
    expect(hotplug({ machine: 'q35', ostype: 'l26', meta: 'creation-qemu=6.1' })).toBe(true);
    expect(hotplug({ machine: 'q35', ostype: 'l26', meta: { 'creation-qemu': '10.0.2' } })).toBe(true);
    expect(hotplug({ machine: 'pc-q35-9.0', ostype: 'l26' })).toBe(true);
    expect(hotplug({ machine: 'q35' })).toBe(true);
    expect(hotplug({ ostype: 'l26' })).toBe(true);
  });

  it('the machine version, the SMBIOS strings, the tablet', () => {
    expect(resolve({ machine: 'pc-q35-9.2+pve1' })).toMatchObject({
      machine: 'q35',
      machineVersion: '9.2+pve1',
    });
    expect(resolve({ machine: 'pc-i440fx-8.1' })).toMatchObject({ machine: 'pc', machineVersion: '8.1' });
    expect(resolve({ smbios1: 'manufacturer=SG9tZQ==,base64=1' }).smbios1).toEqual({ manufacturer: 'Home' });
    expect(resolve({ vga: 'serial0', serial0: 'socket' }).tablet).toBe(false);
    expect(resolve({ vga: 'qxl' }).tablet).toBe(false);
    expect(resolve({ vga: 'qxl', tablet: 1 }).tablet).toBe(true);
  });

  it('names what a guest on Proxmox would see and the machine under test does not have', () => {
    const { notModelled } = resolve({
      onboot: 1,
      description: 'x',
      numa: 0,
      hotplug: 'network,disk',
      tpmstate0: 'local:1',
      usb0: 'host=1234:5678',
      machine: 'q35,viommu=intel',
      cpu: 'custom-mine',
      net0: 'virtio,queues=4,link_down=1',
      serial1: '/dev/ttyS0',
      vga: 'qxl',
      ostype: 'win11',
    });
    expect([...notModelled].sort()).toEqual([
      'cpu.cputype',
      'hotplug',
      'machine.viommu',
      'net0.link_down',
      'net0.queues',
      'ostype',
      'serial1',
      'tpmstate0',
      'usb0',
      'vga.type',
    ]);
  });
});

describe('extending other VMs', () => {
  const role = defineVm({ bios: 'ovmf', cores: 4, agent: '1,type=isa' });
  const other = defineVm({ cores: 8, memory: 1024 });

  it('takes over keys as wholes; a later one counts, and its own above all', () => {
    const vm = resolveVm(defineVm({ extends: [role, other], memory: 2048, agent: 1 }));
    expect(vm).toMatchObject({
      bios: 'ovmf',
      cores: 8,
      memory: 2048,
      agent: { enabled: true, type: 'virtio' },
    });
  });

  it('goes through more than one level', () => {
    const middle = defineVm({ extends: [role], cores: 6 });
    expect(resolveVm(defineVm({ extends: [middle] }))).toMatchObject({ bios: 'ovmf', cores: 6 });
  });

  it('remembers the file of each key, seen from a folder', () => {
    const folder = import.meta.dirname;
    const vm = resolveVm(defineVm({ extends: [role], memory: 64 }), folder);
    expect(vm.files).toEqual(['vm.test.ts']);
    expect(vm.filesByKey).toEqual({
      bios: 'vm.test.ts',
      cores: 'vm.test.ts',
      agent: 'vm.test.ts',
      memory: 'vm.test.ts',
    });
  });

  it('says a fault of a role once, and also where a host hides it', () => {
    const wrong = defineVm({ cores: 0 });
    const left = defineVm({ extends: [wrong] });
    const right = defineVm({ extends: [wrong] });
    expect(faultsOf(defineVm({ extends: [left, right], cores: 2 }))).toHaveLength(1);
  });
});

describe('what is wrong', () => {
  it('is told all at once, each with its file, key, value, reason and remedy', () => {
    const faults = faultsOf({
      memroy: 1,
      memory: 8,
      cores: 0,
      bios: 'uefi',
      virtio0: { storage: 'local', size: '32 gigs', cahce: 'none' },
      virtio16: 'local:1',
      net0: { bridge: 'vmbr0' },
      agent: 'maybe',
    });
    expect(faults.every(({ files }) => files.length === 1 && files[0] === here)).toBe(true);
    expect(faults.map(({ option, value, reason, remedy }) => [option, value, reason, remedy])).toEqual([
      ['memroy', '1', 'Proxmox has no such key.', 'Did you mean memory?'],
      ['memory.current', '8', 'it takes a whole number of MiB, 16 or more.', 'See memory in qm.conf(5).'],
      ['cores', '0', 'it takes a whole number, 1 or more.', 'See cores in qm.conf(5).'],
      ['bios', "'uefi'", "it takes one of 'seabios', 'ovmf'.", 'See bios in qm.conf(5).'],
      [
        'virtio0.size',
        "'32 gigs'",
        "it takes a size such as '32G' or '512M'.",
        'See virtio[n] in qm.conf(5).',
      ],
      ['virtio0.cahce', "'none'", 'virtio0 has no such part.', 'Did you mean cache?'],
      ['virtio16', "'local:1'", 'virtio counts from 0 to 15.', 'Use virtio0 to virtio15.'],
      ['net0.model', undefined, 'net0 cannot do without it.', 'See net[n] in qm.conf(5).'],
      ['agent.enabled', "'maybe'", 'it takes true or false (or 1 or 0).', 'See agent in qm.conf(5).'],
    ]);
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['a near miss of a choice', { bios: 'OVMF' }, 'bios', /Did you mean 'ovmf'/],
    ['a list for a number', { cores: [2] }, 'cores', /whole number/],
    ['half a core', { cores: 1.5 }, 'cores', /whole number/],
    ['a number for a disk', { virtio0: 5 }, 'virtio0.file', /a volume such as/],
    ['null for a disk', { virtio0: null }, 'virtio0', /takes an object such as/],
    ['a part that comes twice', { net0: 'virtio,bridge=a,bridge=b' }, 'net0', /'bridge' comes twice/],
    ['a part without a name', { net0: 'virtio,vmbr0' }, 'net0', /'vmbr0' is no name=value/],
    ['an address of many', { net0: 'virtio=01:00:5E:00:00:01' }, 'net0.macaddr', /address of one machine/],
    ['an unknown NIC', { net0: 'virtoi,bridge=vmbr0' }, 'net0.model', /Did you mean 'virtio'/],
    ['a VLAN that is none', { net0: 'virtio,tag=5000' }, 'net0.tag', /1 to 4094/],
    ['a machine of another architecture', { machine: 'virt' }, 'machine.type', /'pc', 'q35'/],
    ['a name that is none', { name: 'my_vm' }, 'name', /DNS name/],
    [
      'a serial number that is too long',
      { virtio0: `local:1,serial=${'x'.repeat(21)}` },
      'virtio0.serial',
      /20/,
    ],
    ['a part of another bus', { virtio0: 'local:1,ssd=1' }, 'virtio0.ssd', /no such part/],
    ['more plugged in than there is', { cores: 2, vcpus: 3 }, 'vcpus', /make 2/],
    ['more kept than there is', { memory: 512, balloon: 1024 }, 'balloon', /512 MiB/],
    ['a new disk without a size', { virtio0: { storage: 'local' } }, 'virtio0.size', /has to have a size/],
    [
      'a boot device that is not there',
      { scsi0: 'local:1', boot: 'order=scsi1' },
      'boot',
      /Did you mean scsi0/,
    ],
    [
      'a boot disk that is not there',
      { virtio0: 'local:1', bootdisk: 'virtio1', boot: 'order=x9' },
      'boot',
      /It has virtio0/,
    ],
    [
      'two NICs of one address',
      { net0: 'virtio=BC:24:11:00:00:01', net1: 'e1000=bc:24:11:00:00:01' },
      'net1.macaddr',
      /net0 has the same/,
    ],
    ['a display on no port', { vga: 'serial1', serial0: 'socket' }, 'vga', /serial1/],
    ['toString as a key', { toString: 1 }, 'toString', /no such key/],
  ])('%s', (_name, definition, option, text) => {
    const faults = faultsOf(definition);
    expect(faults.map((fault) => fault.option)).toEqual([option]);
    expect(`${faults[0]?.reason} ${faults[0]?.remedy}`).toMatch(text);
  });

  it('is found by its type in the editor', () => {
    // @ts-expect-error: no such key
    defineVm({ memroy: 1 });
    // @ts-expect-error: not one of its values
    defineVm({ bios: 'uefi' });
    // @ts-expect-error: virtio counts to 15
    defineVm({ virtio16: 'local:1' });
    // @ts-expect-error: no such part
    defineVm({ virtio0: { storage: 'local', size: '1G', ssd: true } });
    // @ts-expect-error: a NIC has a model
    defineVm({ net0: { bridge: 'vmbr0' } });
    // @ts-expect-error: no number
    defineVm({ cores: '2' });
    const fine = defineVm({
      virtio15: 'local:1',
      net31: { model: 'virtio' },
      memory: 64,
      agent: true,
      vga: 'none',
    });
    expect(isVm(fine)).toBe(true);
    expect(isVm({ keys: {} })).toBe(false);
  });
});
