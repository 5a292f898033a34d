import { BootproofError, messageOf } from '../base/errors.ts';
import { Scope } from '../host/scope.ts';

/**
 * A way into a machine: SSH, or its guest agent. It opens, it may be lost and opened again, or it is given up with a
 * reason.
 */
export class Way<Opened> {
  readonly name: string;
  readonly #open: (attempt: WayAttempt) => Promise<Opened>;
  readonly #machine: Scope;
  #opening: Scope | undefined;
  #opened: Promise<Opened>;
  #value: Opened | undefined;
  #seen = 'not tried yet';

  /**
   * @param name as people read it: `SSH`.
   * @param open opens the way, however long it takes; it ends with the attempt's scope.
   */
  constructor(name: string, machine: Scope, open: (attempt: WayAttempt) => Promise<Opened>) {
    this.name = name;
    this.#machine = machine;
    this.#open = open;
    this.#opened = Promise.reject(new BootproofError(`${name} was not tried`, { kind: 'unproven' }));
    this.#opened.catch(() => undefined);
  }

  /** Settles when the way opens, or is given up, which it rejects with. After a loss or a reboot: a new promise. */
  get opened(): Promise<Opened> {
    return this.#opened;
  }

  /** The open way; undefined while it is shut. */
  get value(): Opened | undefined {
    return this.#value;
  }

  /** Why it is shut, as last seen; undefined while it is open. */
  get shutBecause(): string | undefined {
    return this.#value === undefined ? `${this.name}: ${this.#seen}` : undefined;
  }

  /** Opens the way, anew when it was open or being opened. */
  begin(): void {
    this.#opening?.close(new BootproofError(`${this.name} is opened anew`, { kind: 'unproven' }));
    const opening = new Scope();
    const leave = this.#machine.onClose((reason) => opening.close(reason));
    this.#opening = opening;
    this.#value = undefined;
    const saw = (seen: string) => {
      if (this.#opening === opening) this.#seen = seen;
    };
    const opened = opening.race(this.#open({ scope: opening, saw }));
    opened
      .then(
        (value) => {
          if (this.#opening === opening) this.#value = value;
        },
        (error: unknown) => saw(messageOf(error)),
      )
      .finally(leave);
    this.#opened = opened;
  }

  /** Ends the attempt to open it; an open way is left alone. */
  giveUp(reason: string): void {
    if (this.#value !== undefined) return;
    this.#opening?.close(
      new BootproofError(`${this.name} was given up: ${reason}; last seen: ${this.#seen}`, {
        kind: 'unproven',
      }),
    );
  }

  /** There is no such way on this machine. */
  static absent<Opened>(name: string, reason: string): Way<Opened> {
    const way = new Way<Opened>(name, new Scope(), () =>
      Promise.reject(new BootproofError(reason, { kind: 'unproven' })),
    );
    way.#seen = reason;
    way.begin();
    return way;
  }
}

export interface WayAttempt {
  /** Closes when the attempt is over before it came to anything. */
  readonly scope: Scope;
  /** Says what was seen of the way while it is still shut. */
  saw(seen: string): void;
}
