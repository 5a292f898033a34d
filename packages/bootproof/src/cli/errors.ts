import { BootproofError, DeclarationError, exitStatus, messageOf } from '../base/errors.ts';

/** Prints an error as one message with cause and remedy, and gives the exit status that it stands for. */
export function reportError(error: unknown, { debug }: { readonly debug: boolean }): number {
  process.stderr.write(`${describeError(error, debug)}\n`);
  return error instanceof BootproofError ? exitStatus[error.kind] : exitStatus.unproven;
}

export function describeError(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  if (error instanceof DeclarationError) {
    const count = error.faults.length;
    lines.push(
      `bootproof: the declaration has ${count === 1 ? 'a fault' : `${count} faults`}`,
      '',
      error.message,
    );
  } else if (error instanceof BootproofError) {
    lines.push(`bootproof: ${error.message}`);
    if (error.hint !== undefined) lines.push(error.hint);
  } else {
    lines.push(`bootproof: a fault of bootproof itself: ${messageOf(error)}`);
    if (!debug) lines.push('Run it again with --debug for a stack trace, and report it with that.');
  }
  if (debug && error instanceof Error) lines.push('', stackOf(error));
  return lines.join('\n');
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
