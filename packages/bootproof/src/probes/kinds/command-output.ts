import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** A command succeeds and prints exactly this, but for white space at its end. */
export const commandOutput = defineProbeKind<
  'command-output',
  { readonly command: string; readonly output: string }
>({
  kind: 'command-output',
  needs: ['shell'],
  title: ({ command, output }) => `\`${command}\` prints ${output}`,
  hint: ({ command }) => `In the machine: ${command}`,
  async observe(target, { command, output }) {
    const result = await target.execute(command);
    const printed = result.stdout.trimEnd();
    return settled(result.exitCode === 0 && printed === output, {
      expected: output,
      seen:
        result.exitCode === 0
          ? printed
          : `exit status ${result.exitCode}: ${result.stderr.trim() || printed}`,
      evidence: [{ source: command, text: `${result.stdout}${result.stderr}`.trimEnd() }],
    });
  },
});
