import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** The serial console has shown a line that matches. */
export const consoleText = defineProbeKind<
  'console-text',
  { readonly pattern: string; readonly description: string }
>({
  kind: 'console-text',
  needs: ['console'],
  title: ({ description }) => `the serial console shows ${description}`,
  hint: () =>
    'See console.log in the run folder. A prompt needs console=ttyS0 among the kernel parameters and a serial port.',
  async observe(target, { pattern, description }) {
    const lines = target.console.text().split('\n');
    const match = lines.findLast((line) => new RegExp(pattern).test(line));
    const last = lines.findLast((line) => line.trim() !== '') ?? 'nothing';
    return awaited(match !== undefined, {
      expected: description,
      seen: match?.trim() ?? `last line: ${last.trim()}`,
      evidence: [{ source: 'serial console', text: lines.slice(-8).join('\n').trim() }],
    });
  },
});
