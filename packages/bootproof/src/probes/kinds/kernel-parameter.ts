import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** The running kernel was started with this parameter. */
export const kernelParameter = defineProbeKind<'kernel-parameter', { readonly parameter: string }>({
  kind: 'kernel-parameter',
  needs: ['shell'],
  title: ({ parameter }) => `the kernel was started with ${parameter}`,
  hint: () => 'In the machine: cat /proc/cmdline; bootctl list',
  async observe(target, { parameter }) {
    const line = (await target.readFile('/proc/cmdline'))?.trim() ?? '';
    return settled(line.split(/\s+/).includes(parameter), {
      expected: parameter,
      seen: line,
      evidence: [{ source: '/proc/cmdline', text: line }],
    });
  },
});
