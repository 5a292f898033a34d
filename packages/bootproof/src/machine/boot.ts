import { rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import { shellLine } from '../host/environment.ts';
import { poll, reasonOf } from '../host/poll.ts';
import { Scope } from '../host/scope.ts';
import { Teardown, type TeardownFault } from '../host/teardown.ts';
import type { Breakdown } from '../probes/target.ts';
import { Agent } from './agent.ts';
import { AgentChannel, AgentLost } from './agent-channel.ts';
import { type ConsoleLine, type MarkSeen, SerialConsole } from './console.ts';
import { type DiskImage, makeWritableParts } from './disks.ts';
import { guardEgress } from './egress.ts';
import { MachineBroken, machineEvent } from './events.ts';
import { type MachineFiles, makeMachineFiles, removeTransientFiles } from './files.ts';
import type { OpenSsh } from './guest.ts';
import { Machine } from './machine.ts';
import { MachineGone, type Qemu, type QemuCommand, startQemu } from './qemu.ts';
import { QmpClient } from './qmp.ts';
import { ShellPool } from './shell-pool.ts';
import { type Listener, listenOnce } from './sockets.ts';
import { connectSsh } from './ssh.ts';
import { Usernet } from './usernet.ts';
import { Way } from './way.ts';

export interface BootOptions {
  readonly name: string;
  /** The run folder; logs stay there. */
  readonly folder: string;
  /** Booted through an overlay; undefined when the overlay is there already, or the command line brings its own disk. */
  readonly image?: DiskImage;
  /** OVMF's empty variables, of which the machine gets a copy. */
  readonly efiVarsTemplate?: string;
  /**
   * QEMU's command line for these files. Its chardevs for the monitor, the agent and the serial port connect to
   * `files.sockets` as clients (`server=off`), and a `hostfwd` leaves the host's port to QEMU (`tcp:127.0.0.1:0-:22`).
   */
  readonly command: (files: MachineFiles) => QemuCommand;
  /** What the command line has: a channel that is not there is not waited for. */
  readonly channels: { readonly agent: boolean; readonly console: boolean; readonly egress?: boolean };
  /** How the driver logs in; without it SSH is no way in. */
  readonly ssh?: { readonly guestPort: number; readonly user: string; readonly privateKey: string };
  /** Ends the machine when it is aborted, in whatever phase it is. */
  readonly signal?: AbortSignal;
  /** How long the ways in may take to open, from QEMU's start. 300 s. Milliseconds. */
  readonly bootDeadlineMs?: number;
  /** How long after the login prompt a way that is still shut is waited for. 45 s. Milliseconds. */
  readonly afterLoginMs?: number;
  /** Keeps the overlay and the EFI variables when the machine is closed. */
  readonly keep?: boolean;
  readonly onLine?: (line: ConsoleLine) => void;
  readonly onMark?: (mark: MarkSeen) => void;
  /** Gets what the serial console sends, escape sequences and all, for a terminal. */
  readonly onConsoleData?: (chunk: Uint8Array) => void;
}

/** How long QEMU may take from its start until it has connected to its sockets. Milliseconds. */
const connectMs = 30_000;

/**
 * Starts a machine. Resolves as soon as QEMU runs and its monitor answers: `ways` tells when the guest lets somebody in.
 *
 * @throws BootproofError when QEMU does not start or ends at once, with its last words; nothing is left behind then.
 */
export async function bootMachine(options: BootOptions): Promise<Machine> {
  const boot = new Boot(options);
  try {
    return await boot.start();
  } catch (error) {
    await boot.end();
    throw error;
  }
}

interface Sockets {
  readonly qmp: Listener;
  readonly agent: Listener | undefined;
  readonly console: Listener | undefined;
  readonly fromGuest: Listener | undefined;
  readonly toNetwork: Listener | undefined;
}

/** A machine on its way up. */
class Boot {
  readonly #teardown = new Teardown();
  readonly #options: BootOptions;
  readonly #scope = new Scope();
  readonly #onReset = new Set<() => void>();
  #qemu: Qemu | undefined;
  #agentChannel: AgentChannel | undefined;
  #ssh: Way<OpenSsh> = Way.absent('SSH', 'the driver has no key for this machine');
  #agent: Way<Agent> = Way.absent('guest agent', 'the machine has no channel for it');
  #console: SerialConsole | undefined;
  #breakdown: Breakdown | undefined;
  #resets = 0;
  #started = false;
  #sawAgent: (seen: string) => void = () => {};
  #giveUp: NodeJS.Timeout | undefined;

  constructor(options: BootOptions) {
    this.#options = options;
  }

  async start(): Promise<Machine> {
    const options = this.#options;
    this.#linkSignal();
    const files = await makeMachineFiles(options.folder);
    this.#teardown.add('remove what only a running machine needs', () =>
      removeTransientFiles(files, options.keep),
    );
    this.#checkSignal();
    if (options.image) {
      await makeWritableParts(files, options.image, options.efiVarsTemplate, options.signal);
    }
    const sockets = await this.#listen(files);
    this.#checkSignal();
    const qemu = await this.#startQemu(files);
    const console = this.#openConsole(files, qemu);
    const late = (what: string) => () =>
      new BootproofError(`QEMU did not connect its ${what} within ${connectMs / 1000} s`, {
        kind: 'unproven',
      });
    const deadline = Deadline.after(connectMs);
    const connected = <S extends Listener | undefined>(listener: S, what: string) =>
      listener
        ? within(deadline, this.#scope.race(listener.connection), late(what))
        : Promise.resolve(undefined);
    const [qmpSocket, agentSocket, consoleSocket, fromGuest, toNetwork] = await Promise.all([
      connected(sockets.qmp, 'monitor'),
      connected(sockets.agent, "agent's channel"),
      connected(sockets.console, 'serial port'),
      connected(sockets.fromGuest, 'network filter'),
      connected(sockets.toNetwork, 'network filter'),
    ]);
    if (fromGuest && toNetwork) guardEgress(fromGuest, toNetwork);
    // Everybody is connected: the socket files have served, and no kill can leave them behind any more.
    await rm(files.socketFolder, { recursive: true, force: true });
    const consoleShown = this.#attachConsole(console, consoleSocket);
    const qmp = await this.#scope.race(QmpClient.open(qmpSocket as Socket, deadline, this.#scope));
    this.#teardown.add('close the monitor', () => qmp.close());
    qmp.onEvent((event) => this.#react(machineEvent(event)));
    const usernet = new Usernet(qmp);
    this.#checkSignal();
    this.#openWays(qemu, usernet, agentSocket);
    this.#started = true;
    return this.#assemble({ files, qemu, qmp, usernet, console, consoleShown });
  }

  /** Ends all waits, then undoes everything in reverse order. Never rejects. */
  end(): Promise<readonly TeardownFault[]> {
    this.#qemu?.expectEnd('the machine was closed');
    this.#scope.close(new MachineGone('the machine was closed', { unexpected: false }));
    clearTimeout(this.#giveUp);
    return this.#teardown.run();
  }

  #assemble(
    parts: Pick<
      ConstructorParameters<typeof Machine>[0],
      'files' | 'qemu' | 'qmp' | 'usernet' | 'console' | 'consoleShown'
    >,
  ): Machine {
    return new Machine({
      ...parts,
      name: this.#options.name,
      ssh: this.#ssh,
      sshPort: this.#options.ssh?.guestPort,
      agent: this.#agent,
      scope: this.#scope,
      end: () => this.end(),
      breakdown: () => this.#breakdown,
      nextReset: () =>
        new Promise((resolve) => {
          const heard = () => {
            this.#onReset.delete(heard);
            resolve();
          };
          this.#onReset.add(heard);
        }),
    });
  }

  #linkSignal(): void {
    const { signal } = this.#options;
    // While the machine is still being put together, the next step finds the scope closed and `bootMachine` cleans up.
    const abort = () => {
      this.#scope.close(reasonOf(signal));
      if (this.#started) void this.end();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#teardown.add('let go of the signal', () => signal?.removeEventListener('abort', abort));
    this.#checkSignal();
  }

  #checkSignal(): void {
    if (this.#options.signal?.aborted) throw reasonOf(this.#options.signal);
  }

  async #listen(files: MachineFiles): Promise<Sockets> {
    const { agent, console, egress = false } = this.#options.channels;
    const listen = async (path: string) => {
      const listener = await listenOnce(path);
      this.#teardown.add(`stop listening at ${path}`, () => listener.close());
      return listener;
    };
    return {
      qmp: await listen(files.sockets.qmp),
      agent: agent ? await listen(files.sockets.agent) : undefined,
      console: console ? await listen(files.sockets.console) : undefined,
      fromGuest: egress ? await listen(files.sockets.fromGuest) : undefined,
      toNetwork: egress ? await listen(files.sockets.toNetwork) : undefined,
    };
  }

  async #startQemu(files: MachineFiles): Promise<Qemu> {
    const command = this.#options.command(files);
    await writeFile(files.qemuCommand, `#!/bin/sh\nexec ${shellLine(command.binary, command.args)}\n`, {
      mode: 0o755,
    });
    this.#checkSignal();
    this.#teardown.add('kill QEMU', async () => {
      await this.#qemu?.kill();
    });
    this.#qemu = startQemu({ ...command, logFile: files.qemuLog, scope: this.#scope });
    return this.#qemu;
  }

  #openConsole(files: MachineFiles, qemu: Qemu): SerialConsole {
    const console = new SerialConsole({
      logFile: files.consoleLog,
      scope: this.#scope,
      now: () => performance.now() - qemu.startedAt,
      onMark: (mark) => {
        if (mark.mark === 'login') this.#afterLogin();
        this.#options.onMark?.(mark);
      },
      onBreakdown: (breakdown) => this.#breakDown(breakdown),
      ...(this.#options.onLine ? { onLine: this.#options.onLine } : {}),
      ...(this.#options.onConsoleData ? { onData: this.#options.onConsoleData } : {}),
    });
    this.#console = console;
    this.#teardown.add('close the console log', () => console.close());
    return console;
  }

  #attachConsole(console: SerialConsole, socket: Socket | undefined): Promise<void> {
    if (!socket) {
      const none = Promise.reject(new BootproofError('the machine has no serial port', { kind: 'unproven' }));
      none.catch(() => undefined);
      return none;
    }
    const shown = this.#scope.race(new Promise<void>((resolve) => socket.once('data', () => resolve())));
    shown.catch(() => undefined);
    console.attach(socket);
    return shown;
  }

  #openWays(qemu: Qemu, usernet: Usernet, agentSocket: Socket | undefined): void {
    const { ssh, bootDeadlineMs = 300_000 } = this.#options;
    const spent = performance.now() - qemu.startedAt;
    const deadline = () => Deadline.after(this.#resets === 0 ? bootDeadlineMs - spent : bootDeadlineMs);
    if (agentSocket) {
      const channel = new AgentChannel(agentSocket, this.#scope);
      this.#agentChannel = channel;
      this.#teardown.add("close the agent's channel", () => channel.close());
      this.#agent = new Way('guest agent', this.#scope, ({ scope, saw }) => {
        this.#sawAgent = saw;
        saw("nobody answers on the agent's port");
        return this.#meetAgent(new Agent(channel), deadline(), scope);
      });
      this.#agent.begin();
    }
    if (ssh) {
      this.#ssh = new Way('SSH', this.#scope, async ({ scope, saw }) => {
        const connection = await connectSsh({
          port: await usernet.forward(ssh.guestPort),
          login: { user: ssh.user, privateKey: ssh.privateKey },
          deadline: deadline(),
          scope,
          unanswered: (port, by) => usernet.unanswered(port, by),
          onSeen: saw,
        });
        this.#whenLost(connection.scope, this.#ssh);
        return { connection, shells: new ShellPool(connection) };
      });
      this.#teardown.add('close SSH', () => this.#ssh.value?.connection.close());
      this.#ssh.begin();
    }
  }

  #meetAgent(agent: Agent, deadline: Deadline, scope: Scope): Promise<Agent> {
    return poll({
      deadline,
      scope,
      describe: 'the guest agent to answer a ping',
      attempt: async () => {
        try {
          await agent.ping(deadline);
          return { done: true, value: agent };
        } catch (error) {
          if (error instanceof AgentLost) return { done: false, seen: error.message };
          throw error;
        }
      },
    });
  }

  /** A connection that ends while the machine runs is opened anew. */
  #whenLost(connection: Scope, way: Way<OpenSsh>): void {
    connection.onClose(() => {
      if (!this.#scope.closed && way.value?.connection.scope === connection) way.begin();
    });
  }

  /** The login prompt comes when the boot is nearly done: what is shut long after it will not open. */
  #afterLogin(): void {
    const { afterLoginMs = 45_000 } = this.#options;
    clearTimeout(this.#giveUp);
    this.#giveUp = setTimeout(() => {
      const reason = `shut ${afterLoginMs / 1000} s after the login prompt`;
      this.#ssh.giveUp(reason);
      this.#agent.giveUp(reason);
    }, afterLoginMs);
    this.#giveUp.unref();
  }

  #react(event: ReturnType<typeof machineEvent>): void {
    switch (event?.type) {
      case 'reset':
        this.#startOver();
        return;
      case 'shutdown':
        if (event.byGuest) this.#qemu?.explainEnd('the guest powered itself off');
        return;
      case 'agent port':
        if (event.open) {
          this.#sawAgent("the guest has opened the agent's port, but answers nothing");
          this.#agentChannel?.nudge();
        } else {
          this.#sawAgent("the guest has closed the agent's port");
          this.#agentChannel?.lost();
          if (this.#agent.value) this.#agent.begin();
        }
        return;
      case 'panic':
        this.#breakDown({
          kind: 'kernel panic',
          detail: 'told by QEMU',
          lines: this.#console?.tail(20) ?? [],
        });
        return;
      case 'host disk full':
        this.#scope.close(
          new BootproofError("this computer's disk is full: QEMU has stopped the machine", {
            kind: 'missing',
            hint: 'Free some space where the run folder is.',
          }),
        );
    }
  }

  #startOver(): void {
    this.#resets += 1;
    clearTimeout(this.#giveUp);
    this.#console?.restart();
    this.#agentChannel?.lost();
    const old = this.#ssh.value;
    if (this.#options.ssh) this.#ssh.begin();
    old?.connection.close();
    if (this.#options.channels.agent) this.#agent.begin();
    for (const heard of [...this.#onReset]) heard();
  }

  /** Ends every wait, but for a unit loop: the rest of the machine may well come up, and be asked. */
  #breakDown(breakdown: Breakdown): void {
    if (this.#breakdown && this.#breakdown.kind !== 'unit loop') return;
    this.#breakdown = breakdown;
    if (breakdown.kind !== 'unit loop') this.#scope.close(new MachineBroken(breakdown));
  }
}
