import type { Fault } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';
import { printed } from './check-keys.ts';
import type { CheckedKeys } from './defaults.ts';
import type { VmConfiguration } from './vm.ts';

/** What is wrong between the keys of a VM, each of them right by itself. */
export function checkTogether(vm: VmConfiguration, checked: CheckedKeys): Fault[] {
  const filesOf = (...keys: readonly string[]) => {
    const found = keys.flatMap((key) => checked[key]?.file ?? []);
    return found.length > 0 ? [...new Set(found)] : vm.files.slice(0, 1);
  };
  return [
    ...bootFaults(vm, filesOf),
    ...processorFaults(vm, checked, filesOf),
    ...diskFaults(vm, filesOf),
    ...nicFaults(vm, filesOf),
    ...displayFaults(vm, filesOf),
  ];
}

type FilesOf = (...keys: readonly string[]) => readonly string[];

function bootFaults({ bootIndexes, disks, nics }: VmConfiguration, filesOf: FilesOf): Fault[] {
  const devices = [...disks, ...nics].map(({ key }) => key);
  return Object.keys(bootIndexes)
    .filter((key) => !devices.includes(key) && !/^(usb|hostpci)\d+$/.test(key))
    .map((key) => {
      const near = nearestNames(key, devices);
      return {
        files: filesOf('boot', 'bootdisk'),
        option: 'boot',
        value: printed(key),
        reason: 'the VM has no such device to boot from.',
        remedy:
          near.length > 0
            ? `Did you mean ${near.join(' or ')}?`
            : `It has ${devices.join(', ') || 'no disk and no NIC'}.`,
      };
    });
}

function processorFaults(vm: VmConfiguration, checked: CheckedKeys, filesOf: FilesOf): Fault[] {
  const { vcpus, sockets, cores, memory } = vm;
  const balloon = checked['balloon']?.value;
  return [
    ...(vcpus > sockets * cores
      ? [
          {
            files: filesOf('vcpus', 'cores', 'sockets'),
            option: 'vcpus',
            value: String(vcpus),
            reason: `sockets and cores make ${sockets * cores}, and no more than these can be plugged in.`,
            remedy: 'Lower vcpus, or give the VM more cores.',
          },
        ]
      : []),
    ...(typeof balloon === 'number' && balloon > memory
      ? [
          {
            files: filesOf('balloon', 'memory'),
            option: 'balloon',
            value: String(balloon),
            reason: `it is the least memory that the VM keeps, and its memory is ${memory} MiB.`,
            remedy: 'Lower balloon, or raise memory.',
          },
        ]
      : []),
  ];
}

function diskFaults({ disks }: VmConfiguration, filesOf: FilesOf): Fault[] {
  return disks
    .filter(({ media, volume, size }) => media === 'disk' && volume === undefined && size === undefined)
    .map(({ key }) => ({
      files: filesOf(key),
      option: `${key}.size`,
      reason: 'a new disk has to have a size.',
      remedy: "Give it one: size: '32G'.",
    }));
}

function nicFaults({ nics }: VmConfiguration, filesOf: FilesOf): Fault[] {
  return nics.flatMap(({ key, macaddr }, position) => {
    const other = nics.slice(0, position).find((nic) => nic.macaddr === macaddr);
    if (other === undefined) return [];
    return [
      {
        files: filesOf(key, other.key),
        option: `${key}.macaddr`,
        value: printed(macaddr),
        reason: `${other.key} has the same address.`,
        remedy: 'Give each NIC its own, or leave them out.',
      },
    ];
  });
}

function displayFaults({ vga, serialPorts }: VmConfiguration, filesOf: FilesOf): Fault[] {
  const port = /^serial(\d)$/.exec(vga.type)?.[1];
  if (port === undefined || serialPorts.includes(Number(port))) return [];
  return [
    {
      files: filesOf('vga'),
      option: 'vga',
      value: printed(vga.type),
      reason: `the display is put on a serial port that the VM does not have.`,
      remedy: `Add serial${port}: 'socket', or choose another display.`,
    },
  ];
}
