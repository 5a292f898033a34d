import { device, json, keyed, plain, since } from './qemu-options.ts';
import type { VmConfiguration } from './vm.ts';

type Accelerator = 'kvm' | 'tcg';

/** OVMF: its code, and this machine's own copy of its variables. */
export interface Firmware {
  readonly code: string;
  readonly vars: string;
  /** How the copy is stored; `raw` unless told. A machine that is to be snapshotted needs `qcow2`. */
  readonly varsFormat?: 'raw' | 'qcow2';
}

/** The board, and what is on it without being a device. */
export function board(
  vm: VmConfiguration,
  accelerator: Accelerator,
  firmware: Firmware | undefined,
): string[] {
  const { machine, machineVersion, ostype } = vm;
  // Without a screen SeaBIOS may hang in system management mode, so Proxmox takes that away.
  const noScreen = /^(serial\d|none)$/.test(vm.vga.type);
  const powerStates = machine === 'q35' ? 'ICH9-LPC' : 'PIIX4_PM';
  return [
    ...keyed('-machine', machine, {
      acpi: vm.acpi ? undefined : 'off',
      hpet: ostype === 'l26' && since(machineVersion, '10.1') ? 'off' : undefined,
      smm: vm.bios === 'seabios' && noScreen ? 'off' : undefined,
      pflash0: firmware && 'pflash0',
      pflash1: firmware && 'drive-efidisk0',
    }),
    ...['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ...(since(machineVersion, '9.2+pve1')
      ? ['-global', `${powerStates}.disable_s3=1`, '-global', `${powerStates}.disable_s4=1`]
      : []),
    ...(machine === 'q35' && !vm.bridgeHotplug
      ? ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
      : []),
    ...(firmware === undefined ? [] : flash(firmware)),
  ];
}

function flash({ code, vars, varsFormat = 'raw' }: Firmware): string[] {
  return [
    ...json('-blockdev', {
      driver: 'raw',
      'node-name': 'pflash0',
      'read-only': true,
      file: { driver: 'file', filename: code, 'read-only': true },
    }),
    ...json('-blockdev', {
      driver: varsFormat,
      'node-name': 'drive-efidisk0',
      file: { driver: 'file', filename: vars },
    }),
  ];
}

/** CPU types that Proxmox defines by others. Source: qemu-server 9.2, CPUConfig.pm. */
const proxmoxCpus: Readonly<Record<string, readonly [model: string, ...flags: string[]]>> = (() => {
  const v2 = ['qemu64', '+popcnt', '+pni', '+sse4.1', '+sse4.2', '+ssse3'] as const;
  const v3 = ['+avx', '+avx2', '+bmi1', '+bmi2', '+f16c', '+fma', '+abm', '+movbe', '+xsave'];
  const v4 = ['+avx512f', '+avx512bw', '+avx512cd', '+avx512dq', '+avx512vl'];
  return {
    'x86-64-v2': v2,
    'x86-64-v2-AES': [...v2, '+aes'],
    'x86-64-v3': [...v2, '+aes', ...v3],
    'x86-64-v4': [...v2, '+aes', ...v3, ...v4],
    // There never was such a processor; Proxmox takes the server's.
    'Icelake-Client': ['Icelake-Server'],
    'Icelake-Client-noTSX': ['Icelake-Server-noTSX'],
  };
})();

/** Models that have no vendor of their own: with KVM they take that of the real processor. */
const anyVendor = /^(kvm|qemu)(32|64)$/;

/** QEMU's `-cpu`. With TCG the flags that are about KVM are left out. */
export function cpuModel({ cpu, ostype }: VmConfiguration, accelerator: Accelerator): string {
  const [model, ...builtin] = proxmoxCpus[cpu.type] ?? [cpu.type];
  // nested-virt is Proxmox's word for svm or vmx, whichever the real processor has; TCG has only the former.
  const own = cpu.flags.filter((flag) => !/^[+-](nested-virt|hv-.*)$/.test(flag));
  const proxmox = [
    ...(model === 'kvm64' ? ['+lahf_lm'] : []),
    ...(/^kvm(32|64)$/.test(model) ? ['+sep'] : []),
    ...(ostype === 'solaris' ? ['-x2apic'] : []),
    ...(model.startsWith('Opteron') ? ['-rdtscp'] : []),
  ];
  const flags = [...proxmox, ...builtin, ...own];
  if (accelerator === 'kvm') {
    const kvm = [...(model === 'host' ? [] : ['enforce']), '+kvm_pv_eoi', '+kvm_pv_unhalt'];
    return [model, ...kvm, ...flags, ...(cpu.hidden ? ['kvm=off'] : [])].join(',');
  }
  return [model === 'host' ? 'max' : model, ...flags, ...emulationFlags(model, flags)].join(',');
}

function emulationFlags(model: string, flags: readonly string[]): string[] {
  return [
    // Linux's AES code takes pclmulqdq for granted beside aes, as on every real processor.
    ...(flags.includes('+aes') && !flags.includes('-pclmulqdq') ? ['+pclmulqdq'] : []),
    // Emulation has no real processor whose vendor it could show. At Intel's name Linux isolates page tables against a fault
    // that TCG does not have, and every system call then costs a flush of all translations.
    ...(anyVendor.test(model) ? ['vendor=AuthenticAMD'] : []),
  ];
}

export function processorAndMemory(vm: VmConfiguration, accelerator: Accelerator): string[] {
  const { sockets, cores, vcpus, memory } = vm;
  return [
    ...['-cpu', cpuModel(vm, accelerator)],
    ...['-smp', `${vcpus},sockets=${sockets},cores=${cores},maxcpus=${sockets * cores}`],
    ...['-m', `${memory}`],
  ];
}

/** What the firmware tells of the machine: its own strings, and those that carry credentials for systemd. */
export function smbios({ smbios1 }: VmConfiguration, credentials: readonly string[]): string[] {
  return [
    ...(Object.keys(smbios1).length > 0 ? keyed('-smbios', 'type=1', smbios1) : []),
    ...credentials.flatMap((credential) => ['-smbios', `type=11,value=${plain(credential)}`]),
  ];
}

export const generationId = ({ vmgenid }: VmConfiguration): string[] =>
  vmgenid === undefined ? [] : device('vmgenid', { guid: vmgenid });
