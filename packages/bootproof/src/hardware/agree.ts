import type { Fault } from '../base/errors.ts';
import { diskBehind, type GuestDisk, guestDisks } from './devices.ts';
import type { VmConfiguration } from './vm.ts';

/** What a configuration says of its hardware, as plain data. `files` are where it says so. */
export interface Declarations {
  readonly vm: VmConfiguration;
  readonly disks: readonly {
    readonly option: string;
    readonly device: string;
    readonly files: readonly string[];
  }[];
  readonly agent: { readonly enable: boolean; readonly files: readonly string[] };
  readonly kernelParams: { readonly values: readonly string[]; readonly files: readonly string[] };
  readonly systemdBoot: { readonly enable: boolean; readonly files: readonly string[] };
}

/**
 * Where the configuration and the VM contradict each other. Each fault names the files of both, and says how either side
 * can give way.
 *
 * An agent's channel without an agent in the guest is no contradiction: Proxmox then waits for nobody, and the test's
 * machine leaves the channel out.
 */
export function agree(declared: Declarations): Fault[] {
  return [
    ...diskFaults(declared),
    ...sharedDisks(declared),
    ...agentFaults(declared),
    ...consoleFaults(declared),
    ...loaderFaults(declared),
  ];
}

/** The files of these keys; of the VM itself when it says nothing of them. */
const filesOf = (vm: VmConfiguration, ...keys: readonly string[]): readonly string[] => {
  const own = keys.flatMap((key) => vm.filesByKey[key] ?? []);
  return own.length > 0 ? own : vm.files.slice(0, 1);
};

const both = (...files: readonly (readonly string[])[]) => [...new Set(files.flat())];

function diskFaults({ vm, disks }: Declarations): Fault[] {
  return disks.flatMap(({ option, device, files }): Fault[] => {
    const found = diskBehind(vm, device);
    if (found === undefined) return [missingDisk(vm, { option, device, files })];
    return [
      ...(found.device === device ? [] : [linkFault(found, { option, device, files })]),
      ...(found.sizeBytes === undefined ? [noSize(vm, found)] : []),
    ];
  });
}

const noSize = (vm: VmConfiguration, { key, device }: GuestDisk): Fault => ({
  files: filesOf(vm, key),
  option: `${key}.size`,
  reason: `it has no size, so nobody can say where the partitions of ${device} will lie.`,
  remedy: "Give it one: size: '32G'.",
});

/** Partitions of a link have names of another form; nothing here follows them yet. */
const linkFault = (found: GuestDisk, { option, device, files }: Declarations['disks'][number]): Fault => ({
  files,
  option,
  value: `'${device}'`,
  reason: `this is ${found.key}, by a link that is not followed here.`,
  remedy: `Declare the device as '${found.device}'.`,
});

function missingDisk(vm: VmConfiguration, { option, device, files }: Declarations['disks'][number]): Fault {
  const there = guestDisks(vm);
  const only = there.length === 1 ? there[0] : undefined;
  const appearances = there.map(({ key, device: name }) => `${key} appears as ${name}`).join(', ');
  const wanted = keyFor(device);
  const give = `${only === undefined ? 'Give' : 'or give'} the VM ${wanted === undefined ? 'a disk of that name' : `this disk as ${wanted}`} in vm.ts`;
  return {
    files: both(files, filesOf(vm, ...there.map(({ key }) => key))),
    option,
    value: `'${device}'`,
    reason:
      there.length === 0
        ? 'the VM has no disk.'
        : `the VM has no disk that the guest sees under this name: ${appearances}.`,
    remedy: only === undefined ? `${give}.` : `Declare the device as '${only.device}', ${give}.`,
  };
}

/** The key of Proxmox under which a disk gets that name: `virtio0` for /dev/vda. */
function keyFor(device: string): string | undefined {
  const [, kind, letter] = /^\/dev\/(vd|sd)([a-z])$/.exec(device) ?? [];
  const index = (letter ?? 'a').charCodeAt(0) - 97;
  if (kind === 'vd') return index <= 15 ? `virtio${index}` : undefined;
  return kind === 'sd' ? `scsi${index}` : undefined;
}

function sharedDisks({ vm, disks }: Declarations): Fault[] {
  return disks.flatMap(({ option, device, files }, position): Fault[] => {
    const key = diskBehind(vm, device)?.key;
    const other = disks
      .slice(0, position)
      .find(
        (each) => each.device === device || (key !== undefined && diskBehind(vm, each.device)?.key === key),
      );
    if (other === undefined) return [];
    return [
      {
        files: both(files, other.files),
        option,
        value: `'${device}'`,
        reason: `${other.option} is the same disk.`,
        remedy: 'Give each disk a device of its own.',
      },
    ];
  });
}

function agentFaults({ vm, agent }: Declarations): Fault[] {
  if (!agent.enable) return [];
  const fault = (reason: string, remedy: string): Fault => ({
    files: both(agent.files, filesOf(vm, 'agent')),
    option: 'services.qemuGuest.enable',
    value: 'true',
    reason,
    remedy,
  });
  if (!vm.agent.enabled) {
    return [
      fault(
        'the guest runs the agent, and agent is off in vm.ts: the VM has no channel on which Proxmox could reach it.',
        'Set agent: 1 in vm.ts, or services.qemuGuest.enable to false.',
      ),
    ];
  }
  if (vm.agent.type === 'virtio') return [];
  return [
    fault(
      "NixOS starts the agent on a virtio port, and agent has type 'isa' in vm.ts: a serial port in its place.",
      'Leave the type out of agent in vm.ts, or set services.qemuGuest.enable to false.',
    ),
  ];
}

function consoleFaults({ vm, kernelParams }: Declarations): Fault[] {
  return kernelParams.values.flatMap((parameter): Fault[] => {
    const port = /^console=ttyS(\d)(,.*)?$/.exec(parameter)?.[1];
    if (port === undefined || vm.serialPorts.includes(Number(port))) return [];
    return [
      {
        files: both(kernelParams.files, vm.files.slice(0, 1)),
        option: 'boot.kernelParams',
        value: `'${parameter}'`,
        reason: `the VM has no serial${port}: nobody would see this console.`,
        remedy: `Add serial${port}: 'socket' to vm.ts, or drop the parameter.`,
      },
    ];
  });
}

function loaderFaults({ vm, systemdBoot, disks }: Declarations): Fault[] {
  return [
    ...(systemdBoot.enable ? systemdBootFaults(vm, systemdBoot.files) : []),
    ...(vm.bios === 'ovmf' && vm.efidisk === undefined
      ? [
          {
            files: filesOf(vm, 'bios'),
            option: 'efidisk0',
            reason:
              'the VM boots by UEFI and has no efidisk0: Proxmox forgets its EFI variables at every stop.',
            remedy:
              "Add efidisk0: { storage: 'local-lvm', efitype: '4m' } to vm.ts, or boot by bios 'seabios'.",
          },
        ]
      : []),
    ...bootOrderFaults(vm, disks),
  ];
}

function systemdBootFaults(vm: VmConfiguration, files: readonly string[]): Fault[] {
  const fault = (key: string, reason: string, remedy: string): Fault => ({
    files: both(files, filesOf(vm, key)),
    option: 'boot.loader.systemd-boot.enable',
    value: 'true',
    reason,
    remedy,
  });
  if (vm.bios !== 'ovmf') {
    return [
      fault(
        'bios',
        `systemd-boot is started by UEFI, and the VM's bios is ${vm.bios}.`,
        "Set bios: 'ovmf' and an efidisk0 in vm.ts, or use another boot loader.",
      ),
    ];
  }
  // Secure Boot needs system management mode, which Proxmox's firmware has on q35 only, and in the 4 MiB build.
  const secureBoot = vm.machine === 'q35' && vm.efidisk?.efitype === '4m' && vm.efidisk.preEnrolledKeys;
  if (!secureBoot) return [];
  return [
    fault(
      'efidisk0',
      "efidisk0 has pre-enrolled-keys, which turns Secure Boot on, and NixOS's systemd-boot is not signed: the firmware would refuse it.",
      "Set 'pre-enrolled-keys' of efidisk0 to false in vm.ts, or use a boot loader that is signed.",
    ),
  ];
}

/** Proxmox boots strictly: what is not in the order is never tried. */
function bootOrderFaults(vm: VmConfiguration, disks: Declarations['disks']): Fault[] {
  const found = disks.flatMap(({ device }) => diskBehind(vm, device) ?? []);
  if (found.length === 0 || found.some(({ key }) => key in vm.bootIndexes)) return [];
  const keys = found.map(({ key }) => key);
  return [
    {
      files: filesOf(vm, 'boot', 'bootdisk'),
      option: 'boot',
      value: `'order=${Object.keys(vm.bootIndexes).join(';')}'`,
      reason: `the firmware tries only what is in the boot order, and ${keys.join(' and ')} is not.`,
      remedy: `Put ${keys[0]} into the order, or leave boot out.`,
    },
  ];
}
