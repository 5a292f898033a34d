import type { Socket } from 'node:net';
import { BootproofError } from '../base/errors.ts';
import { atDeadline, type Deadline, within } from '../host/deadline.ts';
import { Scope } from '../host/scope.ts';
import { whenClosed } from './sockets.ts';

/** The agent refused a command: `GenericError`, `CommandNotFound`, with its own words. */
export class AgentError extends BootproofError {
  readonly errorClass: string;

  constructor(command: string, errorClass: string, description: string) {
    super(`the guest agent refused ${command}: ${description}`, { kind: 'unproven' });
    this.name = 'AgentError';
    this.errorClass = errorClass;
  }
}

/** The agent did not answer in time. */
export class AgentTimeout extends BootproofError {
  constructor(command: string, budgetMs: number) {
    super(`the guest agent did not answer ${command} within ${Math.round(budgetMs)} ms`, {
      kind: 'unproven',
    });
    this.name = 'AgentTimeout';
  }
}

interface Waiting {
  /** The guest's end was closed: no answer will come. */
  lose?(): void;
  /** Takes an answer; true when it was the one waited for. */
  accept(message: AgentMessage): void;
}

/** The guest closed its end of the channel, or started over, before it answered. */
export class AgentLost extends BootproofError {
  constructor(command: string) {
    super(`the guest closed the agent's channel before it answered ${command}`, { kind: 'unproven' });
    this.name = 'AgentLost';
  }
}

interface AgentMessage {
  /** A 0xFF byte came right before it. */
  readonly delimited: boolean;
  readonly value: Readonly<Record<string, unknown>>;
}

const sentinel = 0xff;
/** Gaps between two attempts to get in step with an agent that is silent. Milliseconds. */
const firstSyncGapMs = 1000;
const longestSyncGapMs = 5000;
/** An answer longer than this is no agent's: it reads at most 48 MiB of a file at once, in base64. Bytes. */
const longestAnswer = 72 * 2 ** 20;

/**
 * The wire to the guest agent: one question at a time, each with its own answer.
 *
 * The channel has no connection that could tell one asker's answers from another's. So it gets in step with
 * `guest-sync-delimited` before the first question and again after each one that was not answered in time: whatever
 * comes before the sentinel byte and the fresh number is an answer to a question long given up, and is dropped
 * (QEMU's qga/qapi-schema.json).
 */
export class AgentChannel {
  readonly #socket: Socket;
  readonly #connection = new Scope();
  #inStep = false;
  #waiting: Waiting | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #bytes: Buffer[] = [];
  #length = 0;
  #delimited = false;
  #resync: (() => void) | undefined;
  #nextSync = 1 + Math.floor(Math.random() * 2 ** 40);

  /** @param machine closes when QEMU ends. */
  constructor(socket: Socket, machine: Scope) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    whenClosed(socket, machine, "the agent's channel", (reason) => this.#connection.close(reason));
    socket.resume();
  }

  /**
   * Asks one question; questions asked meanwhile wait for their turn.
   *
   * @returns what the answer's `return` holds, unchecked.
   * @throws AgentError, AgentTimeout, or BootproofError when the channel ended.
   */
  ask(command: string, args: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<unknown> {
    return this.#inTurn(deadline, command, () => this.#exchange(command, args, deadline));
  }

  /** Says a thing that the agent gives no answer to when it succeeds (`guest-shutdown`). */
  async tell(command: string, args: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<void> {
    await this.#inTurn(deadline, command, async () => {
      this.#send({ execute: command, arguments: args });
      this.#inStep = false;
    });
  }

  /** The guest has just opened its end: an agent is there now, so ask at once instead of after the gap. */
  nudge(): void {
    this.#resync?.();
  }

  /** The guest has closed its end, or was reset: what is still to come is nobody's answer. */
  lost(): void {
    this.#inStep = false;
    this.#waiting?.lose?.();
  }

  close(): void {
    this.#connection.close(new BootproofError("the agent's channel was closed", { kind: 'unproven' }));
    this.#socket.destroy();
  }

  /** Waits for its turn, which counts towards the deadline, and for being in step; then does the work. */
  #inTurn<T>(deadline: Deadline, command: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      await this.#getInStep(deadline, command);
      return work();
    });
    this.#queue = turn.catch(() => undefined);
    const late = () => new AgentTimeout(command, deadline.budgetMs);
    return within(deadline, this.#connection.race(turn), late);
  }

  async #getInStep(deadline: Deadline, command: string): Promise<void> {
    if (this.#connection.reason) throw this.#connection.reason;
    if (deadline.expired) throw new AgentTimeout(command, deadline.budgetMs);
    if (this.#inStep) return;
    await new Promise<void>((resolve, reject) => this.#sync(deadline, command, resolve, reject));
    this.#inStep = true;
  }

  /**
   * Sends a numbered sync, and another after each gap, until the last one sent is answered. An answer to an earlier one
   * shows that somebody reads, and that the last one's answer is on its way: the next gap is the longest then.
   */
  #sync(deadline: Deadline, command: string, done: () => void, fail: (error: Error) => void): void {
    const sent = new Set<number>();
    let last = 0;
    let gapMs = firstSyncGapMs;
    let again: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(again);
      callOff();
      leave();
      this.#waiting = undefined;
      this.#resync = undefined;
    };
    const send = () => {
      clearTimeout(again);
      last = this.#nextSync++;
      sent.add(last);
      // The leading byte makes the agent drop half a question that it may have read before.
      this.#socket.write(Buffer.of(sentinel));
      this.#send({ execute: 'guest-sync-delimited', arguments: { id: last } });
      again = setTimeout(send, gapMs);
      gapMs = Math.min(longestSyncGapMs, gapMs * 1.5);
    };
    const leave = this.#connection.onClose((reason) => {
      stop();
      fail(reason);
    });
    const callOff = atDeadline(deadline, () => {
      stop();
      fail(new AgentTimeout(command, deadline.budgetMs));
    });
    this.#waiting = {
      accept: ({ delimited, value }) => {
        const answered = value['return'];
        if (typeof answered !== 'number' || !sent.has(answered)) return;
        if (answered !== last || !delimited) {
          clearTimeout(again);
          again = setTimeout(send, longestSyncGapMs);
          return;
        }
        stop();
        done();
      },
    };
    this.#resync = send;
    send();
  }

  #exchange(command: string, args: Readonly<Record<string, unknown>>, deadline: Deadline): Promise<unknown> {
    const { reason } = this.#connection;
    if (reason) return Promise.reject(reason);
    return new Promise<unknown>((resolve, reject) => {
      const finish = () => {
        callOff();
        leave();
        this.#waiting = undefined;
      };
      const leave = this.#connection.onClose((reason) => {
        finish();
        reject(reason);
      });
      const callOff = atDeadline(deadline, () => {
        finish();
        this.#inStep = false;
        reject(new AgentTimeout(command, deadline.budgetMs));
      });
      this.#waiting = {
        lose: () => {
          finish();
          reject(new AgentLost(command));
        },
        accept: ({ value }) => {
          finish();
          const error = value['error'];
          if (typeof error === 'object' && error !== null) {
            const { class: errorClass, desc } = error as { class?: unknown; desc?: unknown };
            reject(new AgentError(command, String(errorClass), String(desc)));
          } else if ('return' in value) resolve(value['return']);
          else {
            this.#inStep = false;
            reject(new AgentError(command, 'Protocol', 'the answer holds neither a result nor an error'));
          }
        },
      };
      this.#send({ execute: command, ...(Object.keys(args).length > 0 ? { arguments: args } : {}) });
    });
  }

  #send(message: unknown): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === sentinel) {
        this.#forget();
        this.#delimited = true;
        start = at + 1;
      } else if (byte === 0x0a) {
        this.#bytes.push(chunk.subarray(start, at));
        start = at + 1;
        this.#deliver(Buffer.concat(this.#bytes).toString('utf8'));
        this.#forget();
      }
    }
    this.#bytes.push(chunk.subarray(start));
    this.#length += chunk.length - start;
    if (this.#length > longestAnswer) this.close();
  }

  #forget(): void {
    this.#bytes = [];
    this.#length = 0;
    this.#delimited = false;
  }

  #deliver(line: string): void {
    const value = parseObject(line);
    if (value) this.#waiting?.accept({ delimited: this.#delimited, value });
    // Noise while a question is open: its answer can no longer be told from what follows, so get in step again.
    else if (line.trim() !== '' && this.#inStep) this.#inStep = false;
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
