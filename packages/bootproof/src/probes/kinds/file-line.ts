import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** A text file has a line, whatever the white space between its words. */
export const fileLine = defineProbeKind<'file-line', { readonly path: string; readonly line: string }>({
  kind: 'file-line',
  needs: ['shell'],
  title: ({ path, line }) => `${path} says ${line}`,
  hint: ({ path }) => `In the machine: cat ${path}`,
  async observe(target, { path, line }) {
    const text = await target.readFile(path);
    const words = (value: string) => value.trim().split(/\s+/).join(' ');
    const key = words(line).split(' ')[0] ?? '';
    const lines = (text ?? '').split('\n').map(words);
    return settled(lines.includes(words(line)), {
      expected: line,
      seen:
        text === undefined
          ? `no file ${path}`
          : (lines.find((candidate) => candidate.startsWith(key)) ?? `no line with ${key}`),
      evidence: [{ source: path, text: text ?? 'absent' }],
    });
  },
});
