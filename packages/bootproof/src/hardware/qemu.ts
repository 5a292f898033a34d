import { agentPortName } from './devices.ts';
import { pciPlace } from './pci.ts';
import { buses } from './qemu-buses.ts';
import { type DiskFile, disks } from './qemu-disks.ts';
import { board, type Firmware, generationId, processorAndMemory, smbios } from './qemu-machine.ts';
import { type Guard, network } from './qemu-network.ts';
import { device, json, keyed, plain, since, socketClient } from './qemu-options.ts';
import type { VmConfiguration } from './vm.ts';

/** What a machine's command line follows from, besides its VM: what this computer has and where the run keeps its files. */
export interface QemuInput {
  readonly vm: VmConfiguration;
  /** Whether the guest agent's channel is there: it is exactly when the configuration runs the agent. */
  readonly agentChannel: boolean;
  readonly accelerator: 'kvm' | 'tcg';
  /** Unix sockets to which QEMU connects as a client; the driver listens there. */
  readonly sockets: {
    readonly qmp: string;
    readonly agent: string;
    readonly console: string;
  } & Partial<Guard>;
  /** Undefined with SeaBIOS, which QEMU brings along. */
  readonly firmware: Firmware | undefined;
  /** The disk that the machine boots from. The VM's other disks are there too, empty. */
  readonly disk: DiskFile;
  /** systemd credentials, as `name=value` texts of SMBIOS type 11. */
  readonly credentials: readonly string[];
}

/**
 * QEMU's arguments for a VM: a pure function of it, with devices at the buses and addresses where Proxmox puts them, so
 * that the guest sees the same names. What belongs to Proxmox's own host (tap devices, VNC, volumes) is replaced: a
 * user-mode network, no display, an overlay. For QEMU 7.2 and later. Source: qemu-server 9.2.
 */
export function qemuArguments(input: QemuInput): string[] {
  const { vm, accelerator, firmware } = input;
  return [
    ...['-name', plain(vm.name ?? 'vm')],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    // Proxmox has menu=on too: three seconds in which a person may press a key.
    ...['-boot', 'strict=on,reboot-timeout=1000'],
    ...board(vm, accelerator, firmware),
    ...processorAndMemory(vm, accelerator),
    ...smbios(vm, input.credentials),
    ...monitor(input),
    ...buses(vm),
    ...generationId(vm),
    ...screenAndTablet(vm),
    ...serialPorts(input),
    ...(input.agentChannel ? agent(input) : []),
    ...random(vm),
    ...balloon(vm),
    ...disks(vm, [input.disk]),
    ...network(vm, guard(input)),
  ];
}

function guard({ sockets: { fromGuest, toNetwork } }: QemuInput): Guard | undefined {
  return fromGuest === undefined || toNetwork === undefined ? undefined : { fromGuest, toNetwork };
}

const monitor = ({ sockets }: QemuInput): string[] => [
  ...socketClient('qmp', sockets.qmp),
  ...keyed('-mon', 'chardev=qmp', { mode: 'control' }),
];

/** The serial terminals and `none` have no screen; SPICE's own is shown as the standard one, which every QEMU has. */
const screens: Readonly<Record<string, string>> = {
  std: 'VGA',
  cirrus: 'cirrus-vga',
  vmware: 'vmware-svga',
  virtio: 'virtio-vga',
  'virtio-gl': 'virtio-vga',
  qxl: 'VGA',
  qxl2: 'VGA',
  qxl3: 'VGA',
  qxl4: 'VGA',
};

function screenAndTablet({ machine, tablet, vga }: VmConfiguration): string[] {
  const q35 = machine === 'q35';
  const screen = screens[vga.type];
  const place = q35 ? { bus: 'pcie.0', addr: '0x1' } : pciPlace('vga0');
  const memory = screen?.startsWith('virtio')
    ? { max_hostmem: vga.memory && vga.memory * 2 ** 20 }
    : { vgamem_mb: vga.memory };
  return [
    ...(tablet ? device('usb-tablet', { id: 'tablet', bus: q35 ? 'ehci.0' : 'uhci.0', port: '1' }) : []),
    ...(screen === undefined ? [] : device(screen, { id: 'vga', ...memory }, place)),
  ];
}

/** The first serial port is the driver's console; others lead nowhere. */
function serialPorts({ vm, sockets }: QemuInput): string[] {
  return vm.serialPorts.flatMap((port, position) => {
    const id = `serial${port}`;
    return [
      ...(position === 0 ? socketClient(id, sockets.console) : keyed('-chardev', 'null', { id })),
      ...device('isa-serial', { chardev: id, index: port }),
    ];
  });
}

function agent({ vm, sockets }: QemuInput): string[] {
  const channel = socketClient('qga0', sockets.agent);
  if (vm.agent.type === 'isa') return [...channel, ...device('isa-serial', { chardev: 'qga0' })];
  return [
    ...channel,
    ...device('virtio-serial-pci', { id: 'qga0' }, pciPlace('qga0')),
    ...device('virtserialport', { id: 'qga0-port', chardev: 'qga0', name: agentPortName }),
  ];
}

/** Where Proxmox's host takes its randomness from is nothing that a guest could see. */
function random({ rng }: VmConfiguration): string[] {
  if (rng === undefined) return [];
  const limits = rng.maxBytes === 0 ? {} : { 'max-bytes': rng.maxBytes, period: rng.period };
  return [
    ...json('-object', { 'qom-type': 'rng-random', id: 'rng0', filename: '/dev/urandom' }),
    ...device('virtio-rng-pci', { rng: 'rng0', ...limits }, pciPlace('rng0')),
  ];
}

function balloon(vm: VmConfiguration): string[] {
  if (!vm.balloon) return [];
  const reporting = since(vm.machineVersion, '6.2') ? { 'free-page-reporting': true } : {};
  return device('virtio-balloon-pci', { id: 'balloon0', ...reporting }, pciPlace('balloon0'));
}
