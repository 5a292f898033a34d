import { messageOf } from '../../base/errors.ts';
import { parseMetrics, type Sample } from '../metrics.ts';
import { failed, notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { tcpCommand } from '../tcp.ts';

/** HTTP/1.0, so that the server closes the connection when the page is at its end. */
const fetchPage = 'printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3';

const show = (metric: string, labels: readonly string[]): string => `${metric}{${labels.join(',')}}`;

const labelsOf = (sample: Sample): string[] =>
  Object.entries(sample.labels).map(([name, value]) => `${name}="${value}"`);

const shown = (sample: Sample): string => `${show(sample.metric, labelsOf(sample))} ${sample.value}`;

/** What is there in the place of a sample that is not: a single one whole. */
const others = (name: string, samples: readonly Sample[]): string => {
  const [only, second] = samples;
  return only && second === undefined ? `only ${shown(only)}` : `${samples.length} other ${name}`;
};

const wording = (metric: string, labels: readonly string[], value: number | 'any' | 'absent'): string =>
  `${show(metric, labels)}${value === 'any' ? '' : ` ${value}`}`;

/** A Prometheus exporter of the guest, asked from within, gives metrics that parse, among them this one, or not this one. */
export const metric = defineProbeKind<
  'metric',
  {
    /** A literal address. */
    readonly address: string;
    readonly port: number;
    readonly metric: string;
    /** Labels that it must have, each as `name="value"`; it may have others. */
    readonly labels: readonly string[];
    /** Its value; `any`: whatever it is; `absent`: there is none with these labels. */
    readonly value: number | 'any' | 'absent';
  }
>({
  kind: 'metric',
  needs: ['shell'],
  title: ({ port, metric: name, labels, value }) =>
    value === 'absent'
      ? `the metrics on port ${port} are without ${show(name, labels)}`
      : `the metrics on port ${port} hold ${wording(name, labels, value)}`,
  hint: ({ address, port, metric: name }) =>
    `In the machine: curl -s 'http://${address.includes(':') ? `[${address}]` : address}:${port}/metrics' | grep ${name}`,
  async observe(target, { address, port, metric: name, labels, value }) {
    const command = tcpCommand(address, port, fetchPage, { seconds: 25 });
    const { stdout, stderr, exitCode } = await target.execute(command);
    const expected =
      value === 'absent' ? `metrics without ${show(name, labels)}` : wording(name, labels, value);
    const [head = '', page] = stdout.split(/\r\n\r\n([\s\S]*)/);
    const status = head.split('\r\n')[0] ?? '';
    if (exitCode !== 0 || page === undefined) {
      return notYet({ expected, seen: stderr.trim().split('\n')[0] || `exit status ${exitCode}: ${status}` });
    }
    const source = `http://${address}:${port}/metrics`;
    if (!/^HTTP\/1\.\d 200 /.test(status)) {
      return failed({ expected, seen: status, evidence: [{ source, text: page }] });
    }
    try {
      const samples = parseMetrics(page).filter((sample) => sample.metric === name);
      const found = samples.find((sample) => has(sample, labels));
      // Of a whole page only the lines that matter: it has a thousand.
      const lines = page.split('\n').filter((line) => line.startsWith(name));
      return settled(holds(found, value, page), {
        expected,
        seen: found ? shown(found) : others(name, samples),
        evidence: [{ source, text: lines.join('\n') }],
      });
    } catch (error) {
      return failed({ expected, seen: messageOf(error), evidence: [{ source, text: page.slice(0, 2000) }] });
    }
  },
});

/** An empty page is no proof that something is absent. */
function holds(found: Sample | undefined, value: number | 'any' | 'absent', page: string): boolean {
  if (value === 'absent') return found === undefined && page.trim() !== '';
  return found !== undefined && (value === 'any' || found.value === value);
}

const has = (sample: Sample, labels: readonly string[]): boolean => {
  const present = labelsOf(sample);
  return labels.every((label) => present.includes(label));
};
