import { BootproofError } from '../base/errors.ts';

/** A command ran past its deadline and was killed. What it had printed by then is kept, where the way in tells it. */
export class CommandTimeout extends BootproofError {
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    command: string,
    budgetMs: number,
    printed?: { readonly stdout: string; readonly stderr: string },
  ) {
    const said = printed && (`${printed.stdout}${printed.stderr}`.trim().slice(-400) || 'nothing');
    super(
      `not done within ${Math.round(budgetMs)} ms: ${command}${said === undefined ? '' : `\nit had printed: ${said}`}`,
      { kind: 'unproven' },
    );
    this.name = 'CommandTimeout';
    this.stdout = printed?.stdout ?? '';
    this.stderr = printed?.stderr ?? '';
  }
}
