import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskBehind } from '../hardware/devices.ts';
import { qemuArguments } from '../hardware/qemu.ts';
import type { AcceleratorVerdict } from '../host/accelerator.ts';
import { Deadline } from '../host/deadline.ts';
import { run } from '../host/process.ts';
import type { BuiltImage } from '../image/built-image.ts';
import { bootMachine } from '../machine/boot.ts';
import { sshCredential } from '../machine/credentials.ts';
import type { MachineFiles } from '../machine/files.ts';
import { requireOvmf } from '../machine/firmware.ts';
import type { Machine } from '../machine/machine.ts';
import { makeSshKeyPair } from '../machine/ssh.ts';
import type { Usernet } from '../machine/usernet.ts';
import type { Test } from '../plan/test.ts';
import { SnapshotMonitor } from './snapshot.ts';

export interface HostParts {
  readonly test: Test;
  readonly image: Pick<BuiltImage, 'path' | 'kind' | 'inspection'>;
  readonly accelerator: AcceleratorVerdict;
  /** The run folder; logs stay there. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** How long the machine may take to come up. Seconds. */
  readonly bootSeconds: number;
}

/** A machine that can be kept and put back, with the key that logs in. */
export interface KeptMachine {
  readonly machine: Machine;
  readonly monitor: SnapshotMonitor;
  readonly usernet: Usernet;
  readonly privateKey: string;
  close(): Promise<void>;
}

/** Boots a host as `check` does, but with disks that can hold a snapshot and without a lasting SSH connection. */
export async function bootForSnapshots(parts: HostParts): Promise<KeptMachine> {
  const { test, image, folder, signal, bootSeconds } = parts;
  await mkdir(folder, { recursive: true });
  const { vm, agentChannel } = test.hardware;
  const monitor = await SnapshotMonitor.listen();
  const template = join(folder, 'efivars-template.qcow2');
  let machine: Machine | undefined;
  const close = async () => {
    await machine?.close();
    await monitor.close();
  };
  try {
    const firmware = vm.bios === 'ovmf' ? requireOvmf() : undefined;
    const key = makeSshKeyPair();
    machine = await bootMachine({
      name: test.hostName,
      folder,
      image: { path: image.path, format: 'qcow2' },
      ...(firmware === undefined
        ? {}
        : { efiVarsTemplate: await makeVariables(firmware.varsTemplate, template, signal) }),
      command: (files) => ({
        binary: 'qemu-system-x86_64',
        args: [
          ...argumentsOf(parts, files, firmware?.code, sshCredential(image.kind, key.publicKey)),
          ...monitor.qemuArguments,
        ],
      }),
      channels: { agent: agentChannel, console: vm.serialPorts.length > 0, egress: vm.nics.length > 0 },
      signal,
      bootDeadlineMs: bootSeconds * 1000,
      // A mutant may shut the agent for as long as it lasts; it is to open again with the snapshot.
      afterLoginMs: 2 ** 30,
    });
    const usernet = await monitor.open(machine.scope);
    return { machine, monitor, usernet, privateKey: key.privateKey, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await rm(template, { force: true });
  }
}

/** OVMF's empty variables as qcow2: a snapshot takes in every disk that is written to. */
async function makeVariables(empty: string, path: string, signal: AbortSignal): Promise<string> {
  const convert = ['convert', '-f', 'raw', '-O', 'qcow2', empty, path];
  await run('qemu-img', convert, { deadline: Deadline.after(30_000), signal });
  return path;
}

function argumentsOf(
  { test, accelerator }: HostParts,
  files: MachineFiles,
  code: string | undefined,
  credential: string,
): string[] {
  const { vm, agentChannel } = test.hardware;
  const disk = diskBehind(vm, test.image.disk.device);
  if (disk === undefined) throw new Error(`the VM has no disk ${test.image.disk.device}`);
  return qemuArguments({
    vm,
    agentChannel,
    accelerator: accelerator.accelerator,
    sockets: files.sockets,
    firmware: code === undefined ? undefined : { code, vars: files.efiVars, varsFormat: 'qcow2' },
    disk: { key: disk.key, file: files.overlay, format: 'qcow2' },
    credentials: [credential],
  });
}
