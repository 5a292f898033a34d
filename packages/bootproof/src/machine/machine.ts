import { readFile } from 'node:fs/promises';
import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import type { TeardownFault } from '../host/teardown.ts';
import type {
  BootState,
  Breakdown,
  CommandResult,
  Outside,
  SshHandshake,
  UnitProperties,
} from '../probes/target.ts';
import type { Agent } from './agent.ts';
import type { SerialConsole } from './console.ts';
import type { MachineFiles } from './files.ts';
import { type ExecuteOptions, Guest, type OpenSsh } from './guest.ts';
import { keysOf } from './keys.ts';
import { tcpFromOutside, udpFromOutside } from './outside.ts';
import { MachineGone, type Qemu } from './qemu.ts';
import type { QmpClient } from './qmp.ts';
import type { CommandRecord, Span } from './records.ts';
import { sshHandshake } from './ssh.ts';
import { copyFiles } from './transfer.ts';
import type { Usernet } from './usernet.ts';
import { type WaitOptions, Waits, wordResult } from './waits.ts';
import type { Way } from './way.ts';

/** The ways into a machine, each settling when it opens or is given up. After a reboot they are new promises. */
export interface MachineWays {
  readonly ssh: Promise<unknown>;
  readonly agent: Promise<unknown>;
  /** Resolves with the first thing that the serial console shows. */
  readonly console: Promise<unknown>;
}

/** What a machine is put together from, once its QEMU runs (`bootMachine`). */
export interface MachineParts {
  readonly name: string;
  readonly files: MachineFiles;
  readonly qemu: Qemu;
  readonly qmp: QmpClient;
  readonly usernet: Usernet;
  readonly console: SerialConsole;
  readonly consoleShown: Promise<void>;
  readonly ssh: Way<OpenSsh>;
  readonly sshPort: number | undefined;
  readonly agent: Way<Agent>;
  /** Every wait on the machine ends when it closes. */
  readonly scope: Scope;
  /** Ends the machine and undoes what was set up for it. */
  readonly end: () => Promise<readonly TeardownFault[]>;
  readonly breakdown: () => Breakdown | undefined;
  /** Resolves at the next reset. */
  readonly nextReset: () => Promise<void>;
}

/** A command ended with another status than was wanted. */
export class CommandFailed extends BootproofError {
  readonly result: CommandResult;

  constructor(wanted: string, command: string, result: CommandResult) {
    super(`${wanted}: ${command}\n${wordResult(result)}`, { kind: 'unproven' });
    this.name = 'CommandFailed';
    this.result = result;
  }
}

/** How long a machine may take to go down or to start over. Milliseconds. */
const powerMs = 90_000;

/** A running VM. Everything that waits takes a deadline and ends at once when the machine breaks down or is gone. */
export class Machine {
  readonly name: string;
  readonly files: MachineFiles;
  readonly console: SerialConsole;
  /** QEMU's exact command line, one argument an entry. */
  readonly command: readonly string[];
  readonly qemuVersion: string;
  /** Closes with the reason when the machine breaks down, is shut down or is closed. */
  readonly scope: Scope;
  readonly #parts: MachineParts;
  readonly #guest: Guest;
  readonly #waits: Waits;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.files = parts.files;
    this.console = parts.console;
    this.command = parts.qemu.command;
    this.qemuVersion = parts.qmp.version;
    this.scope = parts.scope;
    this.#guest = new Guest({ ssh: parts.ssh, agent: parts.agent }, parts.scope, () => this.now());
    this.#waits = new Waits(this.#guest, parts.scope);
  }

  /** Milliseconds since QEMU was started. */
  now(): number {
    return performance.now() - this.#parts.qemu.startedAt;
  }

  /** The id of the QEMU process and of its process group. */
  get pid(): number | undefined {
    return this.#parts.qemu.pid;
  }

  get ways(): MachineWays {
    const { ssh, agent, consoleShown } = this.#parts;
    return { ssh: ssh.opened, agent: agent.opened, console: consoleShown };
  }

  /** Every command that was run in the guest so far. */
  get commands(): readonly CommandRecord[] {
    return this.#guest.commands;
  }

  /** firmware, loader, kernel, userspace, login: as seen on the console. Milliseconds since QEMU was started. */
  get bootPhases(): readonly Span[] {
    return this.console.phases();
  }

  bootState(): BootState {
    return {
      marks: this.console.marks.map(({ mark }) => mark),
      breakdown: this.breakdown(),
      shell: this.scope.closed ? undefined : this.#guest.way,
      waysSeen: this.#guest.whyShut(),
    };
  }

  /** Why the machine is not coming up or has ended unasked; undefined while nothing of the kind was seen. */
  breakdown(): Breakdown | undefined {
    const seen = this.#parts.breakdown();
    const reason = this.scope.reason;
    if (seen || !(reason instanceof MachineGone) || !reason.unexpected) return seen;
    return { kind: 'QEMU died', detail: reason.message.split('\n')[0] ?? '', lines: reason.lines };
  }

  /** The guest agent, whatever else is open. Rejects when the channel is absent or nobody answers in time. */
  get agent(): AgentCalls {
    const ready = async (deadlineMs: number): Promise<Agent> => {
      const { agent } = this.#parts;
      const late = () =>
        new BootproofError(agent.shutBecause ?? 'the guest agent is not there', { kind: 'unproven' });
      return within(Deadline.after(deadlineMs), this.scope.race(agent.opened), late);
    };
    const call =
      <T>(ask: (agent: Agent, deadline: Deadline) => Promise<T>) =>
      async ({ deadlineMs = 10_000 }: WaitOptions = {}): Promise<T> => {
        const deadline = Deadline.after(deadlineMs);
        const agent = await ready(deadlineMs);
        return this.scope.race(ask(agent, deadline));
      };
    return {
      ping: call((agent, deadline) => agent.ping(deadline)),
      info: call((agent, deadline) => agent.info(deadline)),
      hostName: call((agent, deadline) => agent.hostName(deadline)),
      networkInterfaces: call((agent, deadline) => agent.networkInterfaces(deadline)),
      osInfo: call((agent, deadline) => agent.osInfo(deadline)),
      readFile: (path, options) => call((agent, deadline) => agent.readFile(path, deadline))(options),
      execute: (command, options) => this.execute(command, { ...options, via: 'agent' }),
    };
  }

  /** Runs a command with the guest's /bin/sh: over SSH when it is open, else through the agent. Any status is fine. */
  execute(command: string, options?: ExecuteOptions): Promise<CommandResult> {
    return this.#guest.execute(command, options);
  }

  /**
   * What a command printed.
   *
   * @throws CommandFailed when it ends with another status than 0.
   */
  async succeed(command: string, options?: ExecuteOptions): Promise<string> {
    const result = await this.execute(command, options);
    if (result.exitCode !== 0) throw new CommandFailed('the command failed', command, result);
    return result.stdout;
  }

  /**
   * What a command printed that has to fail.
   *
   * @throws CommandFailed when it ends with status 0.
   */
  async fail(command: string, options?: ExecuteOptions): Promise<CommandResult> {
    const result = await this.execute(command, options);
    if (result.exitCode === 0) throw new CommandFailed('the command succeeded unexpectedly', command, result);
    return result;
  }

  /** Runs systemctl with these words: `systemctl('restart sshd.service')`. */
  systemctl(words: string, options?: ExecuteOptions): Promise<CommandResult> {
    return this.execute(`systemctl --no-pager ${words}`, options);
  }

  unitInfo(unit: string): Promise<UnitProperties> {
    return this.#guest.unitInfo(unit);
  }

  readFile(path: string): Promise<string | undefined> {
    return this.#guest.readFile(path);
  }

  /** Waits until some way in is open. */
  async waitForShell({ deadlineMs = 300_000 }: WaitOptions = {}): Promise<void> {
    await this.#guest.open(Deadline.after(deadlineMs));
  }

  waitForUnit(unit: string, options?: WaitOptions): Promise<void> {
    return this.#waits.unit(unit, options);
  }

  /** Waits until a TCP port has a listener in the guest. */
  waitForOpenPort(port: number, options?: WaitOptions): Promise<void> {
    return this.#waits.port(port, 'open', options);
  }

  waitForClosedPort(port: number, options?: WaitOptions): Promise<void> {
    return this.#waits.port(port, 'closed', options);
  }

  waitForFile(path: string, options?: WaitOptions): Promise<void> {
    return this.#waits.file(path, options);
  }

  /** Waits until the serial console has shown a text; what it showed before counts. Gives the text that matched. */
  waitForConsoleText(pattern: string | RegExp, { deadlineMs = 60_000 }: WaitOptions = {}): Promise<string> {
    return this.console.waitFor(pattern, Deadline.after(deadlineMs));
  }

  waitUntilSucceeds(command: string, options?: WaitOptions): Promise<string> {
    return this.#waits.success(command, options);
  }

  waitUntilFails(command: string, options?: WaitOptions): Promise<CommandResult> {
    return this.#waits.failure(command, options);
  }

  /**
   * Takes a picture of the screen, as PNG.
   *
   * @returns its path: `screenshot.png` in the run folder unless told.
   * @throws BootproofError when the machine has no display, or this QEMU cannot write PNG (before 7.1, or built without).
   */
  async screenshot(path = this.files.screenshot): Promise<string> {
    await this.#parts.qmp.execute('screendump', { filename: path, format: 'png' });
    const head = await readFile(path).then((file) => file.subarray(1, 4).toString('latin1'));
    if (head !== 'PNG') throw new BootproofError(`QEMU wrote no picture to ${path}`, { kind: 'unproven' });
    return path;
  }

  /** Presses a chord of keys on the machine's keyboard: `ctrl-alt-delete`, `ret`, `a`. */
  async sendKey(chord: string): Promise<void> {
    await this.#parts.qmp.execute('send-key', { keys: keysOf(chord) });
  }

  /** Copies a file or a folder into the guest, over SSH. */
  async copyFromHost(
    source: string,
    destination: string,
    { deadlineMs = 60_000 }: WaitOptions = {},
  ): Promise<void> {
    const deadline = Deadline.after(deadlineMs);
    await copyFiles(await this.#connection(deadline), 'from host', source, destination, deadline);
  }

  /** Copies a file or a folder out of the guest, over SSH. */
  async copyFromGuest(
    source: string,
    destination: string,
    { deadlineMs = 60_000 }: WaitOptions = {},
  ): Promise<void> {
    const deadline = Deadline.after(deadlineMs);
    await copyFiles(await this.#connection(deadline), 'from guest', source, destination, deadline);
  }

  /** The port of 127.0.0.1 that leads to a TCP port of the guest, made at the first call for each. */
  forwardPort(guestPort: number): Promise<number> {
    return this.scope.race(this.#parts.usernet.forward(guestPort));
  }

  /** The guest's ports, as packets from outside find them. */
  get outside(): Outside {
    const parts = {
      usernet: this.#parts.usernet,
      scope: this.scope,
      exchange: async () => {
        const sameWay = this.#guest.way === 'ssh';
        await this.execute('true');
        return sameWay;
      },
    };
    return {
      tcp: (guestPort) => tcpFromOutside(parts, guestPort),
      udp: (guestPort, count) => udpFromOutside(parts, guestPort, count),
    };
  }

  /**
   * What a SSH server of the guest says to a connection from outside. For the port that the driver itself is connected
   * to, that connection's facts.
   */
  async sshHandshake(guestPort: number, { deadlineMs = 10_000 }: WaitOptions = {}): Promise<SshHandshake> {
    const { ssh, sshPort, usernet } = this.#parts;
    const deadline = Deadline.after(deadlineMs);
    if (guestPort === sshPort) {
      const late = () => new BootproofError(ssh.shutBecause ?? 'SSH is not open', { kind: 'unproven' });
      return (await within(deadline, this.scope.race(ssh.opened), late)).connection.facts;
    }
    return sshHandshake({
      port: await this.forwardPort(guestPort),
      deadline,
      scope: this.scope,
      unanswered: (port, by) => usernet.unanswered(port, by),
    });
  }

  /** Reboots through the guest, and waits until a way in is open again. */
  async reboot({ deadlineMs = 300_000 }: WaitOptions = {}): Promise<void> {
    const deadline = Deadline.after(deadlineMs);
    await this.startOver({ deadlineMs });
    await this.#guest.open(deadline);
  }

  /**
   * Reboots through the guest: by its agent, else by `systemctl reboot`. Resolves when the machine has gone down and starts
   * over; `ways` are new ones then, and tell when somebody is let in.
   *
   * @throws BootproofError when it has not gone down by the deadline, or within 90 s.
   */
  async startOver({ deadlineMs = powerMs }: WaitOptions = {}): Promise<void> {
    const deadline = Deadline.after(deadlineMs);
    const reset = this.#parts.nextReset();
    await this.#askGuest('reboot', deadline);
    await this.#inTime(deadline.capped(powerMs), reset, 'start over');
  }

  /** Shuts the machine down, through the agent as Proxmox does, else by its power button, and waits for QEMU's end. */
  async shutdown({ deadlineMs = powerMs }: WaitOptions = {}): Promise<void> {
    if (this.scope.reason instanceof MachineGone) return;
    const deadline = Deadline.after(deadlineMs);
    this.#parts.qemu.expectEnd('the machine was shut down');
    await this.#askGuest('powerdown', deadline);
    const late = () =>
      new BootproofError(
        `the machine did not shut down within ${Math.round(deadlineMs / 1000)} s; its console's last lines:\n${this.console.tail(8).join('\n')}`,
        { kind: 'unproven' },
      );
    await within(deadline, this.#parts.qemu.exited, late);
  }

  /** Takes the power away: QEMU is killed, and the disk is left as it was at that moment. */
  async crash(): Promise<void> {
    this.#parts.qemu.expectEnd('the machine was crashed');
    await this.#parts.qemu.kill();
  }

  /** Ends the machine at once and removes what only a running one needs. Never rejects; tells what went wrong. */
  close(): Promise<readonly TeardownFault[]> {
    return this.#parts.end();
  }

  async #connection(deadline: Deadline): Promise<OpenSsh['connection']> {
    const { ssh } = this.#parts;
    const late = () => new BootproofError(ssh.shutBecause ?? 'SSH is not open', { kind: 'unproven' });
    return (await within(deadline, this.scope.race(ssh.opened), late)).connection;
  }

  async #askGuest(mode: 'powerdown' | 'reboot', deadline: Deadline): Promise<void> {
    const { agent, ssh, qmp } = this.#parts;
    if (agent.value) await agent.value.shutdown(mode, deadline.capped(10_000));
    else if (mode === 'powerdown') await qmp.execute('system_powerdown');
    // The answer may be cut off by what it asks for.
    else if (ssh.value) await this.execute('systemctl reboot', { deadlineMs: 10_000 }).catch(() => undefined);
    else await qmp.execute('system_reset');
  }

  #inTime<T>(deadline: Deadline, promise: Promise<T>, what: string): Promise<T> {
    const late = () =>
      new BootproofError(
        `the machine did not ${what} in time; its console's last lines:\n${this.console.tail(8).join('\n')}`,
        { kind: 'unproven' },
      );
    return within(deadline, this.scope.race(promise), late);
  }
}

/** The guest agent, as the host asks it. Each call may take 10 s unless told. */
export interface AgentCalls {
  ping(options?: WaitOptions): Promise<void>;
  info(options?: WaitOptions): Promise<{ readonly version: string; readonly commands: readonly string[] }>;
  hostName(options?: WaitOptions): Promise<string>;
  networkInterfaces(options?: WaitOptions): ReturnType<Agent['networkInterfaces']>;
  osInfo(options?: WaitOptions): ReturnType<Agent['osInfo']>;
  readFile(path: string, options?: WaitOptions): Promise<Buffer | undefined>;
  execute(command: string, options?: WaitOptions): Promise<CommandResult>;
}
