import { agentPortName, nicPlace, type PciPlace, pciPlaces, virtioPlace } from './devices.ts';
import type { VmConfiguration, VmDisk, VmNic } from './vm.ts';

/** What a machine's command line follows from, besides its VM: what this computer has and where the run keeps its files. */
export interface QemuInput {
  readonly vm: VmConfiguration;
  /** Whether the guest agent's channel is there: it is exactly when the configuration runs the agent. */
  readonly agentChannel: boolean;
  readonly accelerator: 'kvm' | 'tcg';
  /** Unix sockets to which QEMU connects as a client; the driver listens there. */
  readonly sockets: { readonly qmp: string; readonly agent: string; readonly console: string };
  /** OVMF: its code, read only, and this machine's own copy of the variables. Undefined with SeaBIOS. */
  readonly firmware: { readonly code: string; readonly vars: string } | undefined;
  /** The file of the disk that the machine boots from, and the key under which the VM has it: `virtio0`. */
  readonly disk: { readonly key: string; readonly file: string; readonly format: 'qcow2' | 'raw' };
  /** systemd credentials, as `name=value` texts of SMBIOS type 11. */
  readonly credentials: readonly string[];
}

type Json = string | number | boolean | { readonly [key: string]: Json };

const device = (properties: Readonly<Record<string, Json>>): string[] => [
  '-device',
  JSON.stringify(properties),
];

/**
 * QEMU's arguments for a VM: a pure function of it, with devices at the buses and addresses where Proxmox puts them, so
 * that the guest sees the same names. What is Proxmox's own host (tap, VNC, the volumes) is replaced: user-mode network
 * that leads nowhere, no display, an overlay. Source: qemu-server 9.2 and its cfg2cmd tests.
 */
export function qemuArguments(input: QemuInput): string[] {
  const { vm, credentials } = input;
  return [
    ...identity(input),
    ...processor(input),
    ...firmwareArguments(input),
    ...(vm.machine === 'q35' ? q35Buses() : i440fxBuses(vm)),
    ...display(vm),
    ...(vm.balloon ? device({ driver: 'virtio-balloon-pci', id: 'balloon0', ...pciPlaces.balloon0 }) : []),
    ...monitor(input),
    ...serialPorts(input),
    ...(input.agentChannel ? agentChannel(input) : []),
    ...disks(input),
    ...vm.nics.flatMap((nic) => network(nic)),
    ...credentials.flatMap((credential) => ['-smbios', `type=11,value=${credential.replaceAll(',', ',,')}`]),
  ];
}

function identity({ vm, accelerator }: QemuInput): string[] {
  return [
    ...['-name', vm.name ?? 'bootproof'],
    ...['-machine', vm.machine],
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...['-nodefaults', '-no-user-config'],
    ...['-display', 'none'],
    // No network boot to fall back to: a disk that does not boot shall be seen as that.
    ...['-boot', 'menu=on,strict=on,reboot-timeout=1000'],
  ];
}

/** CPU types that Proxmox defines itself. Source: PVE::QemuServer::CPUConfig. */
const proxmoxCpus: Readonly<Record<string, string>> = {
  'x86-64-v2': 'qemu64,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3',
  'x86-64-v2-AES': 'qemu64,+aes,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3',
};

/** A processor as QEMU takes it. `kvm_*` flags and `enforce` make sense with KVM alone. */
export function cpuArgument(cpu: string, accelerator: 'kvm' | 'tcg'): string {
  const [type = 'kvm64'] = cpu.replace(/^cputype=/, '').split(',');
  const model = proxmoxCpus[type] ?? type;
  if (accelerator === 'kvm') {
    return type === 'host'
      ? 'host,+kvm_pv_eoi,+kvm_pv_unhalt'
      : `${model},enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+lahf_lm,+sep`;
  }
  // With KVM the guest sees the real processor's vendor; emulation has none, and Linux takes Intel's name as a reason for
  // page-table isolation against a fault that TCG does not have.
  if (type === 'host' || type === 'max') return 'max';
  // TCG hides pclmulqdq where it was not asked for, and Linux's AES code takes it for granted beside aes.
  return `${model}${model.includes('+aes') ? ',+pclmulqdq' : ''},+lahf_lm,+sep,vendor=AuthenticAMD`;
}

function processor({ vm, accelerator }: QemuInput): string[] {
  const total = vm.sockets * vm.cores;
  return [
    ...['-cpu', cpuArgument(vm.cpu, accelerator)],
    ...['-smp', `${total},sockets=${vm.sockets},cores=${vm.cores},maxcpus=${total}`],
    ...['-m', `${vm.memory}`],
  ];
}

function firmwareArguments({ firmware }: QemuInput): string[] {
  if (firmware === undefined) return [];
  const flash = (unit: number, file: string, more = '') =>
    `if=pflash,unit=${unit},format=raw${more},file=${file.replaceAll(',', ',,')}`;
  return ['-drive', flash(0, firmware.code, ',readonly=on'), '-drive', flash(1, firmware.vars)];
}

/**
 * q35 as Proxmox lays it out: four root ports, and the PCI buses pci.0 to pci.3 behind a bridge at 1e.0. Without ACPI
 * hotplug behind bridges Linux names a NIC by its bus and slot, which stays the same.
 */
function q35Buses(): string[] {
  const rootPorts = [0, 1, 2, 3].flatMap((index) =>
    device({
      driver: 'pcie-root-port',
      id: `ich9-pcie-port-${index + 1}`,
      'x-speed': '16',
      'x-width': '32',
      bus: 'pcie.0',
      addr: `1c.${index}`,
      multifunction: true,
      port: index + 1,
      chassis: index + 1,
    }),
  );
  const bridges = [0, 1, 2, 3].flatMap((index) =>
    device({
      driver: 'pci-bridge',
      id: `pci.${index}`,
      bus: 'pcidmi',
      addr: `${index + 1}.0`,
      chassis_nr: index + 1,
    }),
  );
  return [
    ...['-global', 'ICH9-LPC.disable_s3=1', '-global', 'ICH9-LPC.disable_s4=1'],
    ...['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
    ...usbController('1d', 'ehci', 1),
    ...rootPorts,
    ...device({ driver: 'i82801b11-bridge', id: 'pcidmi', bus: 'pcie.0', addr: '1e.0' }),
    ...bridges,
  ];
}

/** A USB 2 controller of the ICH9 with its three companions, in one slot. */
function usbController(slot: string, id: string, firstCompanion: number): string[] {
  const companions = [0, 1, 2].flatMap((index) =>
    device({
      driver: `ich9-usb-uhci${index + 1}`,
      id: `uhci-${firstCompanion + index}`,
      bus: 'pcie.0',
      addr: `${slot}.${index}`,
      multifunction: true,
      masterbus: `${id}.0`,
      firstport: index * 2,
    }),
  );
  return [
    ...device({ driver: 'ich9-usb-ehci1', id, bus: 'pcie.0', addr: `${slot}.7`, multifunction: true }),
    ...companions,
  ];
}

function i440fxBuses({ tablet }: VmConfiguration): string[] {
  return [
    ...['-global', 'PIIX4_PM.disable_s3=1', '-global', 'PIIX4_PM.disable_s4=1'],
    ...device({ driver: 'pci-bridge', id: 'pci.1', chassis_nr: 1, bus: 'pci.0', addr: '0x1e' }),
    ...device({ driver: 'pci-bridge', id: 'pci.2', chassis_nr: 2, bus: 'pci.0', addr: '0x1f' }),
    ...(tablet ? device({ driver: 'piix3-usb-uhci', id: 'uhci', bus: 'pci.0', addr: '1.2' }) : []),
  ];
}

const screens: Readonly<Record<string, string>> = {
  std: 'VGA',
  virtio: 'virtio-vga',
  qxl: 'qxl-vga',
  cirrus: 'cirrus-vga',
  vmware: 'vmware-svga',
};

function display({ vga, machine, tablet }: VmConfiguration): string[] {
  const screen = screens[vga];
  const place = machine === 'q35' ? { bus: 'pcie.0', addr: '0x1' } : { bus: 'pci.0', addr: '0x2' };
  return [
    ...(tablet
      ? device({
          driver: 'usb-tablet',
          id: 'tablet',
          bus: machine === 'q35' ? 'ehci.0' : 'uhci.0',
          port: '1',
        })
      : []),
    ...(screen === undefined ? [] : device({ driver: screen, id: 'vga', ...place })),
  ];
}

const client = (id: string, path: string): string[] => [
  '-chardev',
  `socket,id=${id},path=${path.replaceAll(',', ',,')},server=off`,
];

function monitor({ sockets }: QemuInput): string[] {
  return [...client('qmp', sockets.qmp), '-mon', 'chardev=qmp,mode=control'];
}

/** The first serial port is the driver's console; others lead nowhere. */
function serialPorts({ vm, sockets }: QemuInput): string[] {
  return vm.serialPorts.flatMap((port, position) => [
    ...(position === 0 ? client(`serial${port}`, sockets.console) : ['-chardev', `null,id=serial${port}`]),
    ...device({ driver: 'isa-serial', chardev: `serial${port}`, index: port }),
  ]);
}

function agentChannel({ vm, sockets }: QemuInput): string[] {
  if (vm.agent.type === 'isa') {
    return [...client('qga0', sockets.agent), ...device({ driver: 'isa-serial', chardev: 'qga0' })];
  }
  return [
    ...client('qga0', sockets.agent),
    ...device({ driver: 'virtio-serial-pci', id: 'qga0', ...pciPlaces.qga0 }),
    ...device({ driver: 'virtserialport', chardev: 'qga0', name: agentPortName }),
  ];
}

/** The boot disk, from its file, and the VM's other disks, empty and of their declared size. */
function disks({ vm, disk }: QemuInput): string[] {
  const ordered = [...vm.disks].sort((a, b) => bootRank(vm, a, disk.key) - bootRank(vm, b, disk.key));
  return [
    ...scsiControllers(vm),
    ...(vm.disks.some(({ bus }) => bus === 'sata')
      ? device({ driver: 'ahci', id: 'ahci0', multifunction: true, ...pciPlaces.ahci0 })
      : []),
    ...ordered.flatMap((each, position) => [
      ...backend(each, disk),
      ...device({
        ...frontend(vm, each),
        id: each.key,
        drive: `drive-${each.key}`,
        bootindex: 100 + position,
        ...serialOf(each),
      }),
    ]),
  ];
}

function bootRank({ bootOrder }: VmConfiguration, { key }: VmDisk, bootDisk: string): number {
  const declared = bootOrder?.indexOf(key) ?? -1;
  if (declared >= 0) return declared;
  return key === bootDisk ? 100 : 101;
}

const serialOf = ({ serial }: VmDisk): Readonly<Record<string, Json>> =>
  serial === undefined ? {} : { serial };

function backend({ key, sizeBytes, discard }: VmDisk, boot: QemuInput['disk']): string[] {
  const shared = { 'node-name': `drive-${key}`, discard: discard ? 'unmap' : 'ignore' };
  const node =
    key === boot.key
      ? {
          driver: boot.format,
          ...shared,
          file: { driver: 'file', filename: boot.file, discard: shared.discard },
        }
      : { driver: 'null-co', ...shared, size: sizeBytes ?? 0, 'read-zeroes': true };
  return ['-blockdev', JSON.stringify(node)];
}

function frontend(
  { scsihw, machine }: VmConfiguration,
  { bus, index }: VmDisk,
): Readonly<Record<string, Json>> {
  switch (bus) {
    case 'virtio':
      return { driver: 'virtio-blk-pci', ...virtioPlace(index) };
    case 'scsi':
      return scsihw === 'virtio-scsi-single'
        ? { driver: 'scsi-hd', bus: `virtioscsi${index}.0`, channel: 0, 'scsi-id': 0, lun: index }
        : { driver: 'scsi-hd', bus: 'scsihw0.0', ...scsiAddress(scsihw, index) };
    case 'sata':
      return { driver: 'ide-hd', bus: `ahci0.${index}` };
    case 'ide':
      return machine === 'q35'
        ? { driver: 'ide-hd', bus: `ide.${index}` }
        : { driver: 'ide-hd', bus: `ide.${index >> 1}`, unit: index & 1 };
  }
}

/** lsi addresses disks by target alone; the others by target too, with channel and LUN spelled out. */
const scsiAddress = (scsihw: string, index: number): Readonly<Record<string, Json>> =>
  scsihw.startsWith('lsi') ? { 'scsi-id': index } : { channel: 0, 'scsi-id': 0, lun: index };

const scsiModels: Readonly<Record<string, string>> = {
  lsi: 'lsi',
  lsi53c810: 'lsi53c810',
  'virtio-scsi-pci': 'virtio-scsi-pci',
  megasas: 'megasas',
  pvscsi: 'pvscsi',
};

function scsiControllers({ disks: all, scsihw }: VmConfiguration): string[] {
  const scsi = all.filter(({ bus }) => bus === 'scsi');
  if (scsi.length === 0) return [];
  if (scsihw !== 'virtio-scsi-single') {
    return device({ driver: scsiModels[scsihw] ?? scsihw, id: 'scsihw0', ...pciPlaces.scsihw0 });
  }
  return [
    ...scsi.flatMap(({ index }) => {
      const place: PciPlace = { bus: 'pci.3', addr: `0x${(index + 1).toString(16)}` };
      return device({ driver: 'virtio-scsi-pci', id: `virtioscsi${index}`, ...place });
    }),
  ];
}

const nicModels: Readonly<Record<VmNic['model'], string>> = {
  virtio: 'virtio-net-pci',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: 'rtl8139',
  vmxnet3: 'vmxnet3',
};

/** A NIC on a network of QEMU's own: DHCP answers, nothing leads out. Forwards from 127.0.0.1 are added by the driver. */
function network({ key, index, model, macaddr }: VmNic): string[] {
  return [
    ...['-netdev', `user,id=${key},restrict=on`],
    ...device({
      driver: nicModels[model],
      id: key,
      mac: macaddr,
      netdev: key,
      bootindex: 300 + index,
      ...nicPlace(index),
    }),
  ];
}
