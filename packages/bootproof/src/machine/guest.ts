import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import type { Scope } from '../host/scope.ts';
import type { CommandResult, UnitProperties } from '../probes/target.ts';
import type { Agent } from './agent.ts';
import { Batch } from './batch.ts';
import { parseUnits, readFilesCommand, showUnitsCommand } from './guest-queries.ts';
import { type CommandRecord, cut } from './records.ts';
import type { ShellPool } from './shell-pool.ts';
import type { SshConnection } from './ssh.ts';
import type { Way } from './way.ts';

/** An SSH connection with the shells that run over it. */
export interface OpenSsh {
  readonly connection: SshConnection;
  readonly shells: ShellPool;
}

/** Every way into the machine was given up. */
export class NoWayIn extends BootproofError {
  constructor(message: string) {
    super(message, { kind: 'unproven' });
    this.name = 'NoWayIn';
  }
}

export interface ExecuteOptions {
  /** How long the command may take, the waiting for a way in included. 30 s. Milliseconds. */
  readonly deadlineMs?: number;
  /** The way to take: SSH when it is open, else the agent, unless told. */
  readonly via?: 'ssh' | 'agent';
}

const defaultDeadlineMs = 30_000;

/** The machine's inside, as commands see it: one interface, whichever way leads in. */
export class Guest {
  readonly commands: CommandRecord[] = [];
  readonly #ssh: Way<OpenSsh>;
  readonly #agent: Way<Agent>;
  readonly #scope: Scope;
  readonly #now: () => number;
  readonly #units: Batch<UnitProperties>;
  readonly #files: Batch<string | undefined>;

  constructor(ways: { ssh: Way<OpenSsh>; agent: Way<Agent> }, scope: Scope, now: () => number) {
    this.#ssh = ways.ssh;
    this.#agent = ways.agent;
    this.#scope = scope;
    this.#now = now;
    this.#units = new Batch((units) => this.#showUnits(units));
    this.#files = new Batch((paths) => this.#readFiles(paths));
  }

  /** The way that a command takes now; undefined while there is none. */
  get way(): 'ssh' | 'agent' | undefined {
    if (this.#ssh.value) return 'ssh';
    return this.#agent.value ? 'agent' : undefined;
  }

  /** Resolves when some way in is open; rejects when none is and all have been given up. */
  async open(deadline: Deadline): Promise<void> {
    const late = () =>
      new BootproofError(
        `no way into the machine within ${Math.round(deadline.budgetMs)} ms; ${this.whyShut().join('; ')}`,
        { kind: 'unproven' },
      );
    const any = Promise.any([this.#ssh.opened, this.#agent.opened]).catch(() => {
      throw new NoWayIn(`there is no way into the machine; ${this.whyShut().join('; ')}`);
    });
    await within(deadline, this.#scope.race(any), late);
  }

  /** Why the ways that are shut are shut, as last seen. */
  whyShut(): string[] {
    return [this.#ssh.shutBecause, this.#agent.shutBecause].filter((reason) => reason !== undefined);
  }

  /**
   * Runs a command with the guest's /bin/sh, standard input empty.
   *
   * @throws CommandTimeout, AgentTimeout, or BootproofError when the way in is lost or there is none. A command that
   *   ends with another status than 0 is no error here.
   */
  async execute(command: string, options: ExecuteOptions = {}): Promise<CommandResult> {
    const deadline = Deadline.after(options.deadlineMs ?? defaultDeadlineMs);
    const startedMs = this.#now();
    if (options.via === undefined && this.way === undefined) await this.open(deadline);
    const via = options.via ?? this.way ?? 'ssh';
    let result: CommandResult | undefined;
    try {
      result = await this.#scope.race(
        via === 'ssh' ? this.#bySsh(command, deadline) : this.#byAgent(command, deadline),
      );
      return result;
    } finally {
      this.commands.push({
        via,
        command,
        exitCode: result?.exitCode,
        stdout: cut(result?.stdout ?? ''),
        stderr: cut(result?.stderr ?? ''),
        startedMs,
        durationMs: this.#now() - startedMs,
      });
    }
  }

  /** A unit's properties. Units asked for in the same turn of the event loop travel in one command. */
  unitInfo(unit: string): Promise<UnitProperties> {
    return this.#units.get(unit);
  }

  /** The text of a small file; undefined when it does not exist. Files asked for together travel together. */
  readFile(path: string): Promise<string | undefined> {
    return this.#files.get(path);
  }

  async #bySsh(command: string, deadline: Deadline): Promise<CommandResult> {
    const { shells } = await within(deadline, this.#ssh.opened, () =>
      this.#shut('SSH', this.#ssh.shutBecause),
    );
    const { stdout, stderr, exitCode } = await shells.run(command, deadline);
    return { stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), exitCode };
  }

  async #byAgent(command: string, deadline: Deadline): Promise<CommandResult> {
    const agent = await within(deadline, this.#agent.opened, () =>
      this.#shut('the guest agent', this.#agent.shutBecause),
    );
    return agent.execute(command, deadline);
  }

  #shut(way: string, because: string | undefined): BootproofError {
    return new BootproofError(`${way} did not open in time${because ? `; ${because}` : ''}`, {
      kind: 'unproven',
    });
  }

  async #showUnits(units: readonly string[]): Promise<ReadonlyMap<string, UnitProperties>> {
    const result = await this.execute(showUnitsCommand(units));
    return parseUnits(units, result);
  }

  async #readFiles(paths: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    const reading = readFilesCommand(paths);
    return reading.parse(await this.execute(reading.command));
  }
}
