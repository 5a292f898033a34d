import type { AcceleratorVerdict } from '../host/accelerator.ts';
import type { BuiltImage } from '../image/built-image.ts';
import { type BootOptions, bootMachine } from '../machine/boot.ts';
import { sshCredential } from '../machine/credentials.ts';
import { requireOvmf } from '../machine/firmware.ts';
import type { Machine } from '../machine/machine.ts';
import type { SshKeyPair } from '../machine/ssh.ts';
import type { Test } from '../plan/test.ts';
import { machineCommand } from './machine-command.ts';

export interface StartOptions extends Pick<BootOptions, 'onMark' | 'onConsoleData'> {
  readonly test: Pick<Test, 'hostName' | 'hardware' | 'image' | 'ssh'>;
  readonly image: Pick<BuiltImage, 'path' | 'kind'>;
  readonly accelerator: AcceleratorVerdict;
  /** The run folder. */
  readonly folder: string;
  /** The key that logs in as root, brought in from outside for this boot alone. */
  readonly key: SshKeyPair;
  readonly signal: AbortSignal;
  /** How long the ways in may take to open. Seconds. */
  readonly bootSeconds: number;
  /** Keeps the overlay and the EFI variables when the machine is closed. */
  readonly keep?: boolean;
  /** Boots the overlay and the EFI variables that are in the run folder already: another machine wrote to them. */
  readonly again?: boolean;
}

/** Starts a test's machine on its image, with the hardware that Proxmox would give it. */
export function startMachine(options: StartOptions): Promise<Machine> {
  const { test, image, accelerator, folder, key, signal, bootSeconds, onMark, onConsoleData } = options;
  const { keep = false, again = false } = options;
  const { vm, agentChannel } = test.hardware;
  const ovmf = vm.bios === 'ovmf' ? requireOvmf() : undefined;
  return bootMachine({
    name: test.hostName,
    folder,
    keep,
    ...(again ? {} : { image: { path: image.path, format: 'qcow2' as const } }),
    ...(ovmf === undefined ? {} : { efiVarsTemplate: ovmf.varsTemplate }),
    command: (files) =>
      machineCommand({
        test,
        accelerator: accelerator.accelerator,
        files,
        firmwareCode: ovmf?.code,
        credentials: [sshCredential(image.kind, key.publicKey)],
      }),
    channels: { agent: agentChannel, console: vm.serialPorts.length > 0, egress: vm.nics.length > 0 },
    ...(test.ssh === undefined ? {} : { ssh: { ...test.ssh, user: 'root', privateKey: key.privateKey } }),
    signal,
    bootDeadlineMs: bootSeconds * 1000,
    ...(onMark === undefined ? {} : { onMark }),
    ...(onConsoleData === undefined ? {} : { onConsoleData }),
  });
}
