import { guestDisks } from '../hardware/devices.ts';
import { qemuArguments } from '../hardware/qemu.ts';
import type { MachineFiles } from '../machine/files.ts';
import type { QemuCommand } from '../machine/qemu.ts';
import type { Test } from '../plan/test.ts';

interface CommandInput {
  readonly test: Pick<Test, 'hardware' | 'image'>;
  readonly accelerator: 'kvm' | 'tcg';
  readonly files: MachineFiles;
  readonly firmwareCode: string | undefined;
  readonly credentials: readonly string[];
}

/** QEMU's command line for a test, with this run's files. */
export function machineCommand({
  test,
  accelerator,
  files,
  firmwareCode,
  credentials,
}: CommandInput): QemuCommand {
  const { vm, agentChannel } = test.hardware;
  const disk = guestDisks(vm).find(({ device }) => device === test.image.disk.device);
  return {
    binary: 'qemu-system-x86_64',
    args: qemuArguments({
      vm,
      agentChannel,
      accelerator,
      sockets: files.sockets,
      firmware: firmwareCode === undefined ? undefined : { code: firmwareCode, vars: files.efiVars },
      disk: { key: disk?.key ?? 'virtio0', file: files.overlay, format: 'qcow2' },
      credentials,
    }),
  };
}
