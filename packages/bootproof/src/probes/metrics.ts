/** Prometheus' text format of metrics, read strictly. Source: prometheus.io/docs/instrumenting/exposition_formats. Pure. */

export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*"`;
const sampleLine = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)(?:\{((?:${label},?)*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$`,
);
const specialValues: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
]);

/**
 * Every sample of a page of metrics.
 *
 * @throws SyntaxError with the first line that is neither empty, nor a comment, nor a sample
 */
export function parseMetrics(page: string): Sample[] {
  return page
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map(parseSample);
}

function parseSample(line: string): Sample {
  const [, metric, labels = '', text = ''] = sampleLine.exec(line) ?? [];
  const value = specialValues.get(text) ?? Number(text);
  if (metric === undefined || (Number.isNaN(value) && text !== 'NaN')) {
    throw new SyntaxError(`no metric: ${line}`);
  }
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = '', quoted = '']) => [name, unescaped(quoted)] as const,
  );
  return { metric, labels: Object.fromEntries(pairs), value };
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
