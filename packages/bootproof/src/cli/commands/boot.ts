import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../../base/errors.ts';
import { runtimeFolder } from '../../host/xdg.ts';
import type { Machine } from '../../machine/machine.ts';
import { makeSshKeyPair } from '../../machine/ssh.ts';
import { startMachine } from '../../runner/start-machine.ts';
import type { CommandContext } from '../context.ts';
import { openHomelab, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';
import { sshLine } from '../ssh-line.ts';

type BootOptions = GlobalOptions & ImageOptions;

/** Ctrl-], as telnet and virsh use it: a guest has no other use for it. */
const leaveKey = 0x1d;

/** Boots a host with its serial console in this terminal, until the machine powers off or the user leaves. */
export async function boot(name: string, options: BootOptions, context: CommandContext): Promise<number> {
  const open = await openHomelab(options);
  const [planned] = await planHosts([name], open);
  if (planned === undefined) return 2;
  const { test } = planned;
  if (test.hardware.vm.serialPorts.length === 0) {
    throw new BootproofError(`${name} has no serial port, so there is no console to show.`, {
      kind: 'declaration',
      hint: "Give it serial0: 'socket' in vm.ts.",
    });
  }
  const say = (text: string) => process.stderr.write(`${text}\r\n`);
  const images = new Images(open, options, context.signal);
  const image = await images.of(planned, ({ detail }) => say(detail));
  const accelerator = await images.chooseAccelerator();
  const folder = await mkdtemp(join(runtimeFolder(), 'bootproof-boot-'));
  const key = makeSshKeyPair();
  const keyFile = join(folder, 'ssh-key');
  let machine: Machine | undefined;
  try {
    await writeFile(keyFile, key.privateKey, { mode: 0o600 });
    machine = await startMachine({
      test,
      image,
      accelerator,
      folder,
      key,
      signal: context.signal,
      bootSeconds: 3600,
      onConsoleData: (chunk) => process.stdout.write(chunk),
    });
    if (test.ssh !== undefined)
      say(`log in: ${sshLine(await machine.forwardPort(test.ssh.guestPort), keyFile)}`);
    say('leave: Ctrl-]   (the disk is thrown away)');
    await followTerminal(machine);
    return 0;
  } finally {
    await machine?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hands the keyboard to the machine's console. Ends with Ctrl-], or when the machine is gone. */
async function followTerminal(machine: Machine): Promise<void> {
  const { stdin } = process;
  const raw = stdin.isTTY === true;
  if (raw) stdin.setRawMode(true);
  const left = new Promise<void>((resolve) => {
    stdin.on('data', (chunk: Buffer) => {
      if (chunk.includes(leaveKey)) resolve();
      else machine.console.type(chunk.toString('latin1'));
    });
  });
  try {
    await machine.scope.race(left);
  } catch (error) {
    // The machine ended: by its own power-off that is how it should be.
    const breakdown = machine.breakdown();
    if (breakdown !== undefined && breakdown.kind !== 'QEMU died') throw error;
  } finally {
    if (raw) stdin.setRawMode(false);
    process.stdout.write('\r\n');
    stdin.pause();
  }
}
