import { BootproofError } from '../base/errors.ts';
import { shellQuote } from '../base/shell-word.ts';
import { Deadline } from '../host/deadline.ts';
import { type Look, poll } from '../host/poll.ts';
import type { Scope } from '../host/scope.ts';
import { listeningPorts } from '../probes/kinds/listening-port.ts';
import type { CommandResult } from '../probes/target.ts';
import { startsOfALoop } from './boot-signs.ts';
import { type Guest, NoWayIn } from './guest.ts';

export interface WaitOptions {
  /** How long to wait. 60 s unless told. Milliseconds. */
  readonly deadlineMs?: number;
}

/** What a wait takes unless told. Milliseconds. */
export const defaultWaitMs = 60_000;

/** One look may not eat the whole wait: a command that hangs is asked again. Milliseconds. */
const lookMs = 15_000;

/** What is waited for cannot come any more. */
export class Hopeless extends BootproofError {
  constructor(message: string, hint: string) {
    super(message, { kind: 'unproven', hint });
    this.name = 'Hopeless';
  }
}

/** Waits for what can be seen in the guest. Each says on time-out what it saw last, and ends at once with the machine. */
export class Waits {
  readonly #guest: Guest;
  readonly #scope: Scope;

  constructor(guest: Guest, scope: Scope) {
    this.#guest = guest;
    this.#scope = scope;
  }

  /**
   * Until a unit is active. Ends early when it cannot become so: it is masked or absent, has failed for good, or starts
   * over again and again.
   */
  async unit(name: string, options: WaitOptions = {}): Promise<void> {
    await this.#until(options, `${name} to be active`, async () => {
      const unit = await this.#guest.unitInfo(name);
      const { LoadState = 'unknown', ActiveState = 'unknown', SubState = 'unknown', NRestarts } = unit;
      if (ActiveState === 'active') return { done: true, value: undefined };
      const loops = Number(NRestarts ?? 0) >= startsOfALoop;
      const seen = `${LoadState}, ${ActiveState} (${SubState})${loops ? `, started over ${NRestarts} times` : ''}`;
      const unloadable = ['masked', 'not-found', 'bad-setting', 'error'].includes(LoadState);
      if (unloadable || ActiveState === 'failed' || loops) {
        throw new Hopeless(
          `${name} cannot become active: ${seen}`,
          `In the machine: systemctl status ${name}; journalctl -b -u ${name}`,
        );
      }
      return { done: false, seen };
    });
  }

  /** Until a TCP port has a listener in the guest, or has none. */
  async port(port: number, state: 'open' | 'closed', options: WaitOptions = {}): Promise<void> {
    await this.#until(options, `TCP port ${port} to be ${state}`, async () => {
      const paths = ['/proc/net/tcp', '/proc/net/tcp6'];
      const tables = await Promise.all(paths.map((path) => this.#guest.readFile(path)));
      const ports = listeningPorts(tables.join('\n'));
      if (ports.has(port) === (state === 'open')) return { done: true, value: undefined };
      const listed = [...ports].sort((a, b) => a - b).join(', ');
      return { done: false, seen: listed ? `listeners on ${listed}` : 'no listener' };
    });
  }

  /** Until a path exists in the guest. */
  async file(path: string, options: WaitOptions = {}): Promise<void> {
    const folder = path.replace(/\/[^/]*$/, '') || '/';
    const command = `[ -e ${shellQuote(path)} ] || { ls -a ${shellQuote(folder)} 2>&1; exit 1; }`;
    await this.#until(options, `${path} to exist`, async () => {
      const { exitCode, stdout } = await this.#look(command);
      if (exitCode === 0) return { done: true, value: undefined };
      return { done: false, seen: `${folder} holds ${stdout.trim().split('\n').slice(0, 20).join(' ')}` };
    });
  }

  /** Until a command ends with status 0; gives what it printed. */
  async success(command: string, options: WaitOptions = {}): Promise<string> {
    return this.#until(options, `success of: ${command}`, async () => {
      const result = await this.#look(command);
      return result.exitCode === 0
        ? { done: true, value: result.stdout }
        : { done: false, seen: wordResult(result) };
    });
  }

  /** Until a command ends with another status than 0; gives all of its outcome. */
  async failure(command: string, options: WaitOptions = {}): Promise<CommandResult> {
    return this.#until(options, `failure of: ${command}`, async () => {
      const result = await this.#look(command);
      return result.exitCode !== 0
        ? { done: true, value: result }
        : { done: false, seen: wordResult(result) };
    });
  }

  #look(command: string): Promise<CommandResult> {
    return this.#guest.execute(command, { deadlineMs: lookMs });
  }

  /** A look that could not be made is told as what was seen: the way in may be on its way back. */
  #until<T>(options: WaitOptions, describe: string, look: () => Promise<Look<T>>): Promise<T> {
    return poll<T>({
      deadline: Deadline.after(options.deadlineMs ?? defaultWaitMs),
      scope: this.#scope,
      describe,
      attempt: async () => {
        try {
          return await look();
        } catch (error) {
          const final = this.#scope.closed || error instanceof Hopeless || error instanceof NoWayIn;
          if (final || !(error instanceof BootproofError)) throw error;
          return { done: false, seen: error.message };
        }
      },
    });
  }
}

/** A command's outcome in a line or two, for messages. */
export function wordResult({ exitCode, stdout, stderr }: CommandResult): string {
  const printed = `${stdout}${stderr}`.trim();
  return `exit status ${exitCode}${printed ? `: ${printed.slice(-400)}` : ', no output'}`;
}
