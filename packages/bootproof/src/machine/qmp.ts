import type { Socket } from 'node:net';
import * as v from 'valibot';
import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import { Scope } from '../host/scope.ts';
import { LineSplitter } from './lines.ts';
import { whenClosed } from './sockets.ts';

/** QEMU refused a command. */
export class QmpError extends BootproofError {
  /** `GenericError`, `CommandNotFound`, … */
  readonly errorClass: string;

  constructor(command: string, errorClass: string, description: string) {
    super(`QEMU refused ${command}: ${description}`, { kind: 'unproven' });
    this.name = 'QmpError';
    this.errorClass = errorClass;
  }
}

/** Something that QEMU tells unasked: `SHUTDOWN`, `RESET`, `VSERPORT_CHANGE`, … */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

// The protocol: QEMU's docs/interop/qmp-spec.rst. Unknown keys are to be ignored, which v.object does.
const Greeting = v.object({
  QMP: v.object({
    version: v.object({
      qemu: v.object({ major: v.number(), minor: v.number(), micro: v.number() }),
      package: v.string(),
    }),
  }),
});
const Message = v.object({
  id: v.optional(v.unknown()),
  return: v.optional(v.unknown()),
  error: v.optional(v.object({ class: v.string(), desc: v.string() })),
  event: v.optional(v.string()),
  data: v.optional(v.record(v.string(), v.unknown())),
});

interface Pending {
  readonly command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a command may take unless told. QEMU answers in milliseconds, but not while it is busy emulating. */
const defaultDeadlineMs = 15_000;

/** A client of QEMU's machine protocol. */
export class QmpClient {
  /** `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)` */
  readonly version: string;
  readonly #socket: Socket;
  readonly #pending: Map<number, Pending>;
  readonly #connection: Scope;
  readonly #listeners: Set<(event: QmpEvent) => void>;
  #nextId = 1;

  private constructor(link: Link, version: string) {
    this.version = version;
    this.#socket = link.socket;
    this.#pending = link.pending;
    this.#connection = link.connection;
    this.#listeners = link.listeners;
  }

  /**
   * Greets QEMU over a fresh connection.
   *
   * @param machine closes when QEMU ends.
   * @throws Error when the deadline passes first, the connection closes, or the peer is no QMP server.
   */
  static async open(socket: Socket, deadline: Deadline, machine: Scope): Promise<QmpClient> {
    const link = linkTo(socket, machine);
    const late = () =>
      new BootproofError('QEMU did not greet on its monitor socket in time', { kind: 'unproven' });
    try {
      const greeting = await within(deadline, link.connection.race(link.greeting), late);
      const { qemu, package: distribution } = greeting.QMP.version;
      const version = `${qemu.major}.${qemu.minor}.${qemu.micro}${distribution ? ` (${distribution})` : ''}`;
      const client = new QmpClient(link, version);
      await client.execute('qmp_capabilities', {}, { deadline });
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /**
   * Runs a command. Its answer is not looked at: use `ask` where it matters.
   *
   * @throws QmpError when QEMU refuses; BootproofError when the deadline passes or the connection ends.
   */
  async execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    { deadline = Deadline.after(defaultDeadlineMs) }: { readonly deadline?: Deadline } = {},
  ): Promise<unknown> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject });
    });
    answer.catch(() => undefined);
    if (!this.#connection.closed) {
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    }
    const late = () =>
      new BootproofError(`QEMU did not answer ${command} within ${Math.round(deadline.budgetMs)} ms`, {
        kind: 'unproven',
      });
    try {
      return await within(deadline, this.#connection.race(answer), late);
    } finally {
      // An answer that comes after its deadline finds nobody waiting and is dropped.
      this.#pending.delete(id);
    }
  }

  /** Runs a command and checks its answer's shape. */
  async ask<Schema extends v.GenericSchema>(
    command: string,
    schema: Schema,
    args: Readonly<Record<string, unknown>> = {},
    options: { readonly deadline?: Deadline } = {},
  ): Promise<v.InferOutput<Schema>> {
    const answer = v.safeParse(schema, await this.execute(command, args, options));
    if (answer.success) return answer.output;
    throw new BootproofError(`QEMU answered ${command} unexpectedly: ${answer.issues[0].message}`, {
      kind: 'unproven',
    });
  }

  /** Runs a command of the human monitor, for what QMP has none, and gives its text. */
  async human(line: string, options: { readonly deadline?: Deadline } = {}): Promise<string> {
    return this.ask('human-monitor-command', v.string(), { 'command-line': line }, options);
  }

  /** Hears every event from now on. Returns the way to stop. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Why the connection ended; undefined while it stands. */
  get closedBy(): Error | undefined {
    return this.#connection.reason;
  }

  close(): void {
    this.#connection.close(new BootproofError('the monitor connection was closed', { kind: 'unproven' }));
    this.#socket.destroy();
  }
}

/** A connection with what is waiting on it. */
interface Link {
  readonly socket: Socket;
  readonly pending: Map<number, Pending>;
  readonly listeners: Set<(event: QmpEvent) => void>;
  /** Closes with the connection, ending every wait on it. */
  readonly connection: Scope;
  readonly greeting: Promise<v.InferOutput<typeof Greeting>>;
}

function linkTo(socket: Socket, machine: Scope): Link {
  const lines = new LineSplitter();
  const connection = new Scope();
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: QmpEvent) => void>();
  const end = (reason: string, cause?: unknown) => {
    connection.close(new BootproofError(reason, { kind: 'unproven', cause }));
    socket.destroy();
  };
  let greeted = false;
  const greeting = new Promise<v.InferOutput<typeof Greeting>>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) {
          const value: unknown = JSON.parse(line.toString('utf8'));
          if (greeted) deliver(v.parse(Message, value), pending, listeners);
          else {
            resolve(v.parse(Greeting, value));
            greeted = true;
          }
        }
      } catch (error) {
        end('the monitor connection does not speak QMP', error);
      }
    });
  });
  whenClosed(socket, machine, 'the monitor connection', (reason) => connection.close(reason));
  socket.resume();
  return { socket, pending, listeners, connection, greeting };
}

function deliver(
  message: v.InferOutput<typeof Message>,
  pending: Map<number, Pending>,
  listeners: Iterable<(event: QmpEvent) => void>,
): void {
  if (message.event !== undefined) {
    const event = { event: message.event, data: message.data ?? {} };
    for (const listener of [...listeners]) listener(event);
    return;
  }
  // QEMU leaves the id out of an error that it met before it had read it; answers come in the order of the questions.
  const id = typeof message.id === 'number' ? message.id : pending.keys().next().value;
  const waiting = id === undefined ? undefined : pending.get(id);
  if (!waiting) return;
  if (message.error) {
    waiting.reject(new QmpError(waiting.command, message.error.class, message.error.desc));
  } else waiting.resolve(message.return);
}
