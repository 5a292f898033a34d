import { BootproofError } from '../base/errors.ts';
import { Deadline, within } from '../host/deadline.ts';
import { CommandTimeout } from './command-timeout.ts';
import { execute, Shell, type ShellResult } from './shell.ts';
import type { SshConnection } from './ssh.ts';

/** Shells that a machine has at most: enough that a slow command holds up no other, few enough for a small guest. */
const defaultSize = 3;
/** How long the killing of a command that ran past its deadline may take. Milliseconds. */
const killMs = 5000;

/**
 * Runs commands side by side over one SSH connection, in shells that are kept. Another shell is opened only when all
 * are busy; past the pool's size commands wait their turn.
 */
export class ShellPool {
  readonly #connection: SshConnection;
  readonly #size: number;
  readonly #idle: Shell[] = [];
  readonly #waiting: (() => void)[] = [];
  #opened = 0;

  constructor(connection: SshConnection, { size = defaultSize }: { readonly size?: number } = {}) {
    this.#connection = connection;
    this.#size = size;
  }

  /**
   * Runs a command with /bin/sh. Waiting for a free shell counts towards the deadline. A command that runs past it is
   * killed in the guest, with its children.
   *
   * @throws CommandTimeout; the connection's reason when that ends.
   */
  async run(command: string, deadline: Deadline): Promise<ShellResult> {
    const shell = await this.#take(deadline, command);
    try {
      const result = await shell.run(command, deadline);
      this.#idle.push(shell);
      return result;
    } catch (error) {
      this.#opened -= 1;
      // Not waited for: the caller's deadline has passed.
      if (error instanceof CommandTimeout) void this.#kill(shell);
      else shell.close();
      throw error;
    } finally {
      this.#waiting.shift()?.();
    }
  }

  async #take(deadline: Deadline, command: string): Promise<Shell> {
    for (;;) {
      const shell = this.#idle.pop();
      if (shell && !shell.ended) return shell;
      if (shell) this.#opened -= 1;
      else if (this.#opened < this.#size) return this.#open(deadline);
      else await this.#turn(deadline, command);
    }
  }

  async #open(deadline: Deadline): Promise<Shell> {
    this.#opened += 1;
    try {
      return await Shell.open(this.#connection.client, this.#connection.scope, deadline);
    } catch (error) {
      this.#opened -= 1;
      this.#waiting.shift()?.();
      throw error;
    }
  }

  async #turn(deadline: Deadline, command: string): Promise<void> {
    let free = () => {};
    const turn = new Promise<void>((resolve) => {
      free = resolve;
      this.#waiting.push(free);
    });
    const late = () =>
      new BootproofError(`every shell was busy for ${Math.round(deadline.budgetMs)} ms, before: ${command}`, {
        kind: 'unproven',
      });
    try {
      await within(deadline, this.#connection.scope.race(turn), late);
    } catch (error) {
      const place = this.#waiting.indexOf(free);
      if (place >= 0) this.#waiting.splice(place, 1);
      // It was this one's turn already: pass it on.
      else this.#waiting.shift()?.();
      throw error;
    }
  }

  /** sshd makes each command's shell the leader of a session, so the whole group can be killed at once. */
  async #kill(shell: Shell): Promise<void> {
    try {
      if (shell.processGroup > 1) {
        const killing = execute(this.#connection.client, `kill -9 -${shell.processGroup}`).then(
          (stream) =>
            new Promise<void>((resolve) => {
              stream.on('close', () => resolve());
              stream.resume();
              stream.stderr.resume();
            }),
        );
        await within(Deadline.after(killMs), killing, () => new Error('the kill took too long'));
      }
    } catch {
      // The connection is gone, and its commands with it, or the guest is past answering: the shell is given up anyway.
    } finally {
      shell.close();
    }
  }
}
