import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSocketFolder } from '../host/xdg.ts';

/** Every file of a machine, by name: nothing else spells one out. */
export interface MachineFiles {
  /** The run folder, which stays. */
  readonly folder: string;
  /** The overlay that takes the guest's writes, so that the image never changes. */
  readonly overlay: string;
  /** The machine's own EFI variables. */
  readonly efiVars: string;
  readonly consoleLog: string;
  readonly qemuLog: string;
  /** The exact command line, to be pasted into a shell. */
  readonly qemuCommand: string;
  readonly screenshot: string;
  /** A private folder that lives no longer than it takes QEMU to connect. */
  readonly socketFolder: string;
  /**
   * Unix sockets on which the driver listens. QEMU connects to them as a client (`server=off`) when it starts: nobody
   * has to wait for a socket file to appear, and a QEMU without its driver ends by itself.
   */
  readonly sockets: {
    readonly qmp: string;
    readonly agent: string;
    readonly console: string;
    /** Packets that the guest sends, before the network gets them; and the way on for those that may pass. */
    readonly fromGuest: string;
    readonly toNetwork: string;
  };
}

/** The names of a machine's files, in these two folders. */
export function nameMachineFiles(folder: string, socketFolder: string): MachineFiles {
  return {
    folder,
    overlay: join(folder, 'disk.qcow2'),
    efiVars: join(folder, 'efivars.fd'),
    consoleLog: join(folder, 'console.log'),
    qemuLog: join(folder, 'qemu.log'),
    qemuCommand: join(folder, 'qemu.sh'),
    screenshot: join(folder, 'screenshot.png'),
    socketFolder,
    sockets: {
      qmp: join(socketFolder, 'qmp.sock'),
      agent: join(socketFolder, 'agent.sock'),
      console: join(socketFolder, 'console.sock'),
      fromGuest: join(socketFolder, 'from.sock'),
      toNetwork: join(socketFolder, 'to.sock'),
    },
  };
}

/** Makes the run folder and a private folder for the sockets, whose paths are short wherever the run folder lies. */
export async function makeMachineFiles(folder: string): Promise<MachineFiles> {
  await mkdir(folder, { recursive: true });
  return nameMachineFiles(folder, await makeSocketFolder());
}

/**
 * Removes what only a running machine needs: the sockets, and unless `keep` is set the overlay and the EFI variables. The
 * logs stay.
 */
export async function removeTransientFiles(files: MachineFiles, keep = false): Promise<void> {
  const transient = keep ? [files.socketFolder] : [files.socketFolder, files.overlay, files.efiVars];
  await Promise.all(transient.map((path) => rm(path, { recursive: true, force: true })));
}
