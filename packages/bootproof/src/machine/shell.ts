import { randomBytes } from 'node:crypto';
import type ssh2 from 'ssh2';
import { BootproofError } from '../base/errors.ts';
import { shellQuote } from '../base/shell-word.ts';
import { type Deadline, within } from '../host/deadline.ts';
import { Scope } from '../host/scope.ts';
import { CommandTimeout } from './command-timeout.ts';

/** A finished command, its outputs byte for byte. */
export interface ShellResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

/** One output of the shell, cut at the mark that ends a command. */
class Output {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #mark = Buffer.alloc(0);
  #markAt = -1;
  /** The last bytes that were searched: a mark may have begun in them. */
  #tail = Buffer.alloc(0);

  expect(mark: string): void {
    this.#mark = Buffer.from(mark);
    this.#markAt = -1;
    this.#tail = Buffer.alloc(0);
  }

  push(chunk: Buffer): void {
    if (this.#markAt < 0) {
      const window = Buffer.concat([this.#tail, chunk]);
      const at = window.indexOf(this.#mark);
      if (at >= 0) this.#markAt = this.#bytes - this.#tail.length + at;
      this.#tail = window.subarray(-this.#mark.length);
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** What was written before the mark, and the number after it, once all of it is there. */
  take(): { before: Buffer; code: number } | undefined {
    if (this.#markAt < 0) return undefined;
    const all = Buffer.concat(this.#chunks);
    const after = this.#markAt + this.#mark.length;
    const code = /^(\d{1,3});/.exec(all.subarray(after, after + 4).toString('latin1'))?.[1];
    if (code === undefined) return undefined;
    this.#chunks = [];
    this.#bytes = 0;
    return { before: all.subarray(0, this.#markAt), code: Number(code) };
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/**
 * A /bin/sh of the guest that lives on, over one channel of an SSH connection without a terminal. A command costs it a
 * fork, not a login.
 *
 * Each command runs in a subshell, so that neither `exit` nor a syntax error ends the shell, with an empty standard
 * input, so that it cannot eat the next command. A fresh random mark on both outputs then tells where they end; what a
 * command leaves running in the background must not write to them.
 */
export class Shell {
  readonly #stream: ssh2.ClientChannel;
  readonly #scope = new Scope();
  readonly #stdout = new Output();
  readonly #stderr = new Output();
  #arrived: () => void = () => {};
  /** The shell's process group in the guest, which its commands share. */
  processGroup = 0;

  private constructor(stream: ssh2.ClientChannel, connection: Scope) {
    this.#stream = stream;
    const gone = (reason: string) => this.#scope.close(new BootproofError(reason, { kind: 'unproven' }));
    stream.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk);
      this.#arrived();
    });
    stream.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk);
      this.#arrived();
    });
    stream.on('close', () => gone('the shell in the guest ended'));
    connection.onClose((reason) => this.#scope.close(reason));
  }

  /** Starts a shell over a connection. */
  static async open(client: ssh2.Client, connection: Scope, deadline: Deadline): Promise<Shell> {
    const late = () => new BootproofError('the guest gave no shell in time', { kind: 'unproven' });
    const stream = await within(deadline, connection.race(execute(client, 'exec /bin/sh')), late);
    const shell = new Shell(stream, connection);
    const { stdout } = await shell.run('echo "$$"', deadline);
    shell.processGroup = Number(stdout.toString('utf8'));
    return shell;
  }

  get ended(): boolean {
    return this.#scope.closed;
  }

  /**
   * Runs a command. One at a time: the caller sees to that.
   *
   * @throws CommandTimeout at the deadline; the command runs on then and the shell is of no use until it is killed.
   */
  async run(command: string, deadline: Deadline): Promise<ShellResult> {
    const mark = `\n${randomBytes(12).toString('hex')}:`;
    this.#stdout.expect(mark);
    this.#stderr.expect(mark);
    const finished = new Promise<ShellResult>((resolve) => {
      let stdout: ReturnType<Output['take']>;
      let stderr: ReturnType<Output['take']>;
      this.#arrived = () => {
        stdout ??= this.#stdout.take();
        stderr ??= this.#stderr.take();
        if (stdout && stderr) {
          resolve({ stdout: stdout.before, stderr: stderr.before, exitCode: stdout.code });
        }
      };
    });
    // The space keeps a command that begins with a dash from being taken for an option of eval.
    const line = `(eval ${shellQuote(` ${command}`)}) </dev/null; r=$?; printf '\\n%s:%d;' ${mark.slice(1, -1)} $r; printf '\\n%s:0;' ${mark.slice(1, -1)} >&2\n`;
    this.#stream.write(line);
    const late = () =>
      new CommandTimeout(command, deadline.budgetMs, {
        stdout: this.#stdout.text(),
        stderr: this.#stderr.text(),
      });
    return within(deadline, this.#scope.race(finished), late);
  }

  close(): void {
    this.#stream.destroy();
    this.#scope.close(new BootproofError('the shell was closed', { kind: 'unproven' }));
  }
}

/** Starts a command over an SSH connection. */
export function execute(client: ssh2.Client, command: string): Promise<ssh2.ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}
