import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import { makeSocketFolder } from '../host/xdg.ts';
import { QmpClient } from '../machine/qmp.ts';
import { type Listener, listenOnce } from '../machine/sockets.ts';
import { Usernet } from '../machine/usernet.ts';

/** The snapshot's name in the overlay. */
const name = 'mutation';
/** How long QEMU may take to connect, to write the machine's memory, or to read it. Milliseconds. */
const connectMs = 30_000;
const memoryMs = 120_000;

/**
 * A second monitor of a machine, for its snapshot: QEMU takes the memory, the devices and the disks at one moment, and
 * puts them all back. What the guest's connections to the outside had said since then is lost on the guest alone: they
 * have to be made anew.
 */
export class SnapshotMonitor {
  readonly #folder: string;
  readonly #listener: Listener;
  #qmp: QmpClient | undefined;

  private constructor(folder: string, listener: Listener) {
    this.#folder = folder;
    this.#listener = listener;
  }

  /** Listens for QEMU, which is yet to be started with `qemuArguments`. */
  static async listen(): Promise<SnapshotMonitor> {
    const folder = await makeSocketFolder();
    return new SnapshotMonitor(folder, await listenOnce(socketOf(folder)));
  }

  /** What QEMU's command line needs besides. */
  get qemuArguments(): string[] {
    return [
      ...['-chardev', `socket,id=snapshots,path=${socketOf(this.#folder)},server=off`],
      ...['-mon', 'chardev=snapshots,mode=control'],
    ];
  }

  /** Greets QEMU, once it runs. */
  async open(machine: Scope): Promise<Usernet> {
    const deadline = Deadline.after(connectMs);
    const late = () =>
      new BootproofError('QEMU did not connect its second monitor in time', { kind: 'unproven' });
    const socket: Socket = await within(deadline, machine.race(this.#listener.connection), late);
    this.#qmp = await QmpClient.open(socket, deadline, machine);
    return new Usernet(this.#qmp);
  }

  /** Keeps the machine as it is now. */
  take(): Promise<void> {
    return this.#ask(`savevm ${name}`);
  }

  /** Puts the machine back to what was kept. */
  restore(): Promise<void> {
    return this.#ask(`loadvm ${name}`);
  }

  async close(): Promise<void> {
    this.#qmp?.close();
    this.#listener.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The human monitor's snapshot commands say nothing when they succeed. */
  async #ask(line: string): Promise<void> {
    const said = await this.#qmp?.human(line, { deadline: Deadline.after(memoryMs) });
    if (said?.trim() === '') return;
    throw new BootproofError(`QEMU could not do ${line}: ${said?.trim() ?? 'it is not connected'}`, {
      kind: 'unproven',
      hint: 'A snapshot needs every disk of the machine to be able to hold one; a second, empty disk is not.',
    });
  }
}

const socketOf = (folder: string): string => join(folder, 'snap.sock');
