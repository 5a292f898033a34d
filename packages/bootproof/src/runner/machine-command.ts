import { diskBehind } from '../hardware/devices.ts';
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
  const { device } = test.image.disk;
  const disk = diskBehind(vm, device);
  if (disk === undefined) throw new Error(`the plan boots from ${device}, and its VM has no such disk`);
  return {
    binary: 'qemu-system-x86_64',
    args: qemuArguments({
      vm,
      agentChannel,
      accelerator,
      sockets: files.sockets,
      firmware: firmwareCode === undefined ? undefined : { code: firmwareCode, vars: files.efiVars },
      disk: { key: disk.key, file: files.overlay, format: 'qcow2' },
      credentials,
    }),
  };
}
