/**
 * The errors that a user can meet. Each carries the exit status it leads to, and a hint on what to do next.
 */

/**
 * Why a run ended, as the command's exit status.
 *
 * `unproven` 1: the machine is not what was declared; `declaration` 2: the declaration or the call is wrong;
 * `missing` 3: this computer lacks something (a tool, disk space, the network); `interrupted` 130: a signal ended it.
 */
export type ExitKind = 'unproven' | 'declaration' | 'missing' | 'interrupted';

export const exitStatus: Readonly<Record<ExitKind, number>> = {
  unproven: 1,
  declaration: 2,
  missing: 3,
  interrupted: 130,
};

export interface ErrorDetails {
  readonly kind: ExitKind;
  /** What the user can do about it: one or more whole sentences. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error meant for the user: the message says what is wrong, the hint says what to do. */
export class BootproofError extends Error {
  readonly kind: ExitKind;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BootproofError';
    this.kind = details.kind;
    this.hint = details.hint;
  }
}

/** One thing that is wrong in a declaration, with all that a person needs to mend it. */
export interface Fault {
  /** The file that has to be edited; more than one when two files disagree. */
  readonly files: readonly string[];
  /** The option's path (`networking.hostId`) or the VM key (`virtio0`); absent for a fault of the whole file. */
  readonly option?: string;
  /** The value that was found, printed as the user would write it. */
  readonly value?: string;
  readonly reason: string;
  readonly remedy: string;
}

/** Every fault of a declaration, reported at once. */
export class DeclarationError extends BootproofError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(formatFault).join('\n\n'), { kind: 'declaration' });
    this.name = 'DeclarationError';
    this.faults = faults;
  }
}

/**
 * Does one piece of work after the other, and gives what each of them gave.
 *
 * @throws DeclarationError with the faults of all of them together
 */
export function collectFaults<Value>(works: readonly (() => Value)[]): Value[] {
  const faults: Fault[] = [];
  const values = works.flatMap((work) => {
    try {
      return [work()];
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      faults.push(...error.faults);
      return [];
    }
  });
  if (faults.length > 0) throw new DeclarationError(faults);
  return values;
}

/** One error that says what all of several say, under a heading where there is one. The only one is given as it is. */
export function together(
  errors: readonly [BootproofError, ...BootproofError[]],
  heading?: string,
): BootproofError {
  const [first, ...others] = errors;
  if (others.length === 0) return first;
  const texts = errors.map(({ message, hint }) => (hint === undefined ? message : `${message}\n  ${hint}`));
  const headed = heading === undefined ? texts : [heading, ...texts];
  return new BootproofError(headed.join('\n\n'), { kind: 'declaration', cause: first });
}

/** The text of a fault, for people: where, what was found, why that is wrong, and what to do. */
export function formatFault(fault: Fault): string {
  const subject = [fault.option, fault.value === undefined ? undefined : `= ${fault.value}`].filter(
    (part) => part !== undefined,
  );
  return [
    fault.files.join('\n'),
    ...(subject.length > 0 ? [`  ${subject.join(' ')}`] : []),
    `  ${fault.reason}`,
    `  ${fault.remedy}`,
  ].join('\n');
}

/** What was thrown, in words: its message when it is an error, and itself when it is not. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
