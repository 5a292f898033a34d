import { CommanderError } from 'commander';
import { exitStatus } from '../base/errors.ts';
import { reportError } from './errors.ts';
import { createInterruption } from './interruption.ts';
import { createProgram } from './program.ts';

/** Runs the command line and gives the exit status. The only caller of process-wide things is `bin.ts`. */
export async function main(args: readonly string[]): Promise<number> {
  const interruption = createInterruption();
  let status = 0;
  const program = createProgram({
    signal: interruption.signal,
    finish: (code) => {
      status = code;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitStatus.declaration;
    return reportError(error, { debug: args.includes('--debug') });
  } finally {
    interruption.dispose();
  }
}
