import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { BootproofError } from '../base/errors.ts';
import { Deadline } from '../host/deadline.ts';
import type { AgentInterface, CommandResult } from '../probes/target.ts';
import { type AgentChannel, AgentError, AgentTimeout } from './agent-channel.ts';
import { CommandTimeout } from './command-timeout.ts';

// The shapes of the answers: QEMU's qga/qapi-schema.json.
const Info = v.object({
  version: v.string(),
  supported_commands: v.array(v.object({ name: v.string(), enabled: v.boolean() })),
});
const HostName = v.object({ 'host-name': v.string() });
const Interfaces = v.array(
  v.object({
    name: v.string(),
    'hardware-address': v.optional(v.string()),
    'ip-addresses': v.optional(
      v.array(
        v.object({
          'ip-address': v.string(),
          'ip-address-type': v.picklist(['ipv4', 'ipv6']),
          prefix: v.number(),
        }),
      ),
      [],
    ),
  }),
);
const OsInfo = v.object({
  id: v.optional(v.string()),
  'pretty-name': v.optional(v.string()),
  'version-id': v.optional(v.string()),
  'kernel-release': v.optional(v.string()),
  machine: v.optional(v.string()),
});
const Started = v.object({ pid: v.number() });
const Status = v.object({
  exited: v.boolean(),
  exitcode: v.optional(v.number()),
  signal: v.optional(v.number()),
  'out-data': v.optional(v.string(), ''),
  'err-data': v.optional(v.string(), ''),
  'out-truncated': v.optional(v.boolean(), false),
  'err-truncated': v.optional(v.boolean(), false),
});
const Read = v.object({ count: v.number(), 'buf-b64': v.string(), eof: v.boolean() });

export type AgentOsInfo = Readonly<v.InferOutput<typeof OsInfo>>;

/** What an answer may take unless told. The agent's own work is small, but the guest may be busy booting. */
const defaultDeadlineMs = 10_000;

/** The QEMU guest agent, as a host talks to it. Calls made side by side are answered one after the other. */
export class Agent {
  readonly #channel: AgentChannel;
  /** Whether `setsid` is in the guest: found out by the first command. */
  #hasSetsid = true;

  constructor(channel: AgentChannel) {
    this.#channel = channel;
  }

  /** `guest-ping`; resolves when it was answered. */
  async ping(deadline = Deadline.after(defaultDeadlineMs)): Promise<void> {
    await this.#channel.ask('guest-ping', {}, deadline);
  }

  /** The agent's version and the names of the commands that the guest allows. */
  async info(
    deadline = Deadline.after(defaultDeadlineMs),
  ): Promise<{ readonly version: string; readonly commands: readonly string[] }> {
    const info = await this.#ask('guest-info', Info, {}, deadline);
    const allowed = info.supported_commands.filter((command) => command.enabled);
    return { version: info.version, commands: allowed.map((command) => command.name) };
  }

  async hostName(deadline = Deadline.after(defaultDeadlineMs)): Promise<string> {
    return (await this.#ask('guest-get-host-name', HostName, {}, deadline))['host-name'];
  }

  async networkInterfaces(deadline = Deadline.after(defaultDeadlineMs)): Promise<readonly AgentInterface[]> {
    const interfaces = await this.#ask('guest-network-get-interfaces', Interfaces, {}, deadline);
    return interfaces.map((one) => ({
      name: one.name,
      hardwareAddress: one['hardware-address'],
      addresses: one['ip-addresses'].map((address) => ({
        address: address['ip-address'],
        family: address['ip-address-type'],
        prefix: address.prefix,
      })),
    }));
  }

  async osInfo(deadline = Deadline.after(defaultDeadlineMs)): Promise<AgentOsInfo> {
    return this.#ask('guest-get-osinfo', OsInfo, {}, deadline);
  }

  /**
   * Runs a command with the guest's /bin/sh, standard input empty. Killed in the guest when the deadline passes.
   *
   * @throws CommandTimeout; AgentError when the guest forbids `guest-exec`; AgentTimeout when the agent is silent;
   *   BootproofError when the output was cut.
   */
  async execute(command: string, deadline = Deadline.after(defaultDeadlineMs)): Promise<CommandResult> {
    const pid = await this.#start(command, deadline);
    try {
      for (let gapMs = 5; !deadline.expired; gapMs = Math.min(500, gapMs * 1.5)) {
        const status = await this.#ask('guest-exec-status', Status, { pid }, deadline);
        if (status.exited) return resultOf(status, command);
        await delay(Math.min(gapMs, deadline.remainingMs()));
      }
    } catch (error) {
      if (!(error instanceof AgentTimeout)) throw error;
    }
    // Not waited for: the caller's deadline has passed.
    void this.#kill(pid);
    throw new CommandTimeout(command, deadline.budgetMs);
  }

  /** A file of the guest, byte for byte; undefined when it does not exist. */
  async readFile(path: string, deadline = Deadline.after(defaultDeadlineMs)): Promise<Buffer | undefined> {
    const handle = await this.#open(path, deadline);
    if (handle === undefined) return undefined;
    try {
      const parts: Buffer[] = [];
      for (;;) {
        const part = await this.#ask('guest-file-read', Read, { handle, count: 2 ** 20 }, deadline);
        parts.push(Buffer.from(part['buf-b64'], 'base64'));
        if (part.eof || part.count === 0) return Buffer.concat(parts);
      }
    } finally {
      await this.#channel.ask('guest-file-close', { handle }, Deadline.after(2000)).catch(() => undefined);
    }
  }

  /** Asks the guest to power down or to reboot, as `qm shutdown` does. Resolves when it was asked. */
  async shutdown(mode: 'powerdown' | 'reboot', deadline = Deadline.after(defaultDeadlineMs)): Promise<void> {
    await this.#channel.tell('guest-shutdown', { mode }, deadline);
  }

  async #open(path: string, deadline: Deadline): Promise<number | undefined> {
    try {
      return await this.#ask('guest-file-open', v.number(), { path, mode: 'r' }, deadline);
    } catch (error) {
      if (error instanceof AgentError && error.message.includes('No such file or directory'))
        return undefined;
      throw error;
    }
  }

  /** In a session of its own where the guest has setsid, so that the command's children can be killed with it. */
  async #start(command: string, deadline: Deadline): Promise<number> {
    const shell = ['/bin/sh', '-c', command];
    const start = async ([path, ...arg]: readonly string[]) =>
      (await this.#ask('guest-exec', Started, { path, arg, 'capture-output': true }, deadline)).pid;
    if (this.#hasSetsid) {
      try {
        return await start(['setsid', ...shell]);
      } catch (error) {
        if (!(error instanceof AgentError) || !/setsid/.test(error.message)) throw error;
        this.#hasSetsid = false;
      }
    }
    return start(shell);
  }

  async #kill(pid: number): Promise<void> {
    // dash's kill takes neither `--` nor a signal's name before a group.
    const kill = `kill -9 ${this.#hasSetsid ? -pid : pid}`;
    const args = { path: '/bin/sh', arg: ['-c', kill] };
    await this.#channel.ask('guest-exec', args, Deadline.after(2000)).catch(() => undefined);
  }

  async #ask<Schema extends v.GenericSchema>(
    command: string,
    schema: Schema,
    args: Readonly<Record<string, unknown>>,
    deadline: Deadline,
  ): Promise<v.InferOutput<Schema>> {
    const answer = v.safeParse(schema, await this.#channel.ask(command, args, deadline));
    if (answer.success) return answer.output;
    throw new AgentError(command, 'Protocol', `an unexpected answer: ${answer.issues[0].message}`);
  }
}

function resultOf(status: v.InferOutput<typeof Status>, command: string): CommandResult {
  if (status['out-truncated'] || status['err-truncated']) {
    throw new BootproofError(`the guest agent cut the output of \`${command}\``, { kind: 'unproven' });
  }
  return {
    stdout: Buffer.from(status['out-data'], 'base64').toString('utf8'),
    stderr: Buffer.from(status['err-data'], 'base64').toString('utf8'),
    // As a shell says it.
    exitCode: status.exitcode ?? 128 + (status.signal ?? 0),
  };
}
