import type { Fault } from '../base/errors.ts';
import { guestDisks } from './devices.ts';
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

/** Where the configuration and the VM contradict each other. Each fault names the files of both. */
export function agree(declared: Declarations): Fault[] {
  return [
    ...diskFaults(declared),
    ...agentFaults(declared),
    ...consoleFaults(declared),
    ...firmwareFaults(declared),
  ];
}

const filesOf = (vm: VmConfiguration, ...keys: readonly string[]): readonly string[] => {
  const own = keys.flatMap((key) => vm.filesByKey[key] ?? []);
  return own.length > 0 ? own : vm.files.slice(0, 1);
};

function diskFaults({ vm, disks }: Declarations): Fault[] {
  const there = guestDisks(vm);
  return disks.flatMap(({ option, device, files }): Fault[] => {
    const found = there.find((disk) => disk.device === device);
    if (found?.sizeBytes !== undefined) return [];
    if (found !== undefined) {
      return [
        {
          files: filesOf(vm, found.key),
          option: `${found.key}.size`,
          reason: `${found.key} has no size, so the layout of ${device} cannot be worked out.`,
          remedy: "Give it one: size: '32G'.",
        },
      ];
    }
    const keys = there.map(({ key }) => key);
    const appearances = there.map(({ key, device: other }) => `${key} appears as ${other}`).join(', ');
    const only = there.length === 1 ? there[0] : undefined;
    return [
      {
        files: [...new Set([...files, ...filesOf(vm, ...keys)])],
        option,
        value: JSON.stringify(device),
        reason: there.length === 0 ? 'The VM has no disk.' : `The VM has no such disk: ${appearances}.`,
        remedy: [
          only === undefined ? undefined : `Declare the device as ${only.device}`,
          `${only === undefined ? 'Give' : 'or give'} the VM the disk under ${keyFor(device)} in vm.ts.`,
        ]
          .filter((part) => part !== undefined)
          .join(', '),
      },
    ];
  });
}

/** The key of Proxmox under which a disk gets that name. */
function keyFor(device: string): string {
  const match = /^\/dev\/(vd|sd)([a-z])$/.exec(device);
  if (match === null) return 'a key that gives it this name';
  const index = (match[2] ?? 'a').charCodeAt(0) - 97;
  return `${match[1] === 'vd' ? 'virtio' : 'scsi'}${index}`;
}

function agentFaults({ vm, agent }: Declarations): Fault[] {
  if (agent.enable === vm.agent.enabled || !agent.enable) return [];
  return [
    {
      files: [...new Set([...agent.files, ...filesOf(vm, 'agent')])],
      option: 'services.qemuGuest.enable',
      value: 'true',
      reason:
        'The guest runs the agent, but the VM has no channel for it (agent is off in vm.ts), so Proxmox could not reach it.',
      remedy: 'Set agent: 1 in vm.ts, or turn services.qemuGuest off.',
    },
  ];
}

function consoleFaults({ vm, kernelParams }: Declarations): Fault[] {
  return kernelParams.values.flatMap((parameter): Fault[] => {
    const port = /^console=ttyS(\d)(,.*)?$/.exec(parameter)?.[1];
    if (port === undefined || vm.serialPorts.includes(Number(port))) return [];
    return [
      {
        files: [...new Set([...kernelParams.files, ...vm.files.slice(0, 1)])],
        option: 'boot.kernelParams',
        value: JSON.stringify(parameter),
        reason: `The VM has no serial${port}, so this console would be nowhere.`,
        remedy: `Give the VM serial${port}: 'socket' in vm.ts, or drop the parameter.`,
      },
    ];
  });
}

function firmwareFaults({ vm, systemdBoot }: Declarations): Fault[] {
  const faults: Fault[] = [];
  if (systemdBoot.enable && vm.bios !== 'ovmf') {
    faults.push({
      files: [...new Set([...systemdBoot.files, ...filesOf(vm, 'bios')])],
      option: 'boot.loader.systemd-boot.enable',
      value: 'true',
      reason: `systemd-boot is started by UEFI, and the VM's firmware is ${vm.bios}.`,
      remedy: "Set bios: 'ovmf' and an efidisk0 in vm.ts, or use another boot loader.",
    });
  }
  if (vm.bios === 'ovmf' && !vm.efidisk) {
    faults.push({
      files: filesOf(vm, 'bios'),
      option: 'efidisk0',
      reason:
        'The VM boots by UEFI but has no efidisk0, so Proxmox would forget its EFI variables at every stop.',
      remedy: "Add efidisk0: { storage: 'local-lvm', efitype: '4m' } to vm.ts.",
    });
  }
  return faults;
}
