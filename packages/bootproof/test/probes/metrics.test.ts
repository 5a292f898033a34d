import { describe, expect, it } from 'vitest';
import { parseMetrics } from '../../src/probes/metrics.ts';

describe('a page of metrics', () => {
  it('is read line by line, comments and empty lines left out', () => {
    const page = [
      '# HELP up Whether it is up.',
      '# TYPE up gauge',
      'up 1',
      '',
      'node_uname_info{nodename="svc02",version="#1 SMP, {x} \\"q\\" \\\\ \\n"} 1 1700000000000',
      'temperature{sensor="a",} -2.5e+01',
      'bucket{le="+Inf"} +Inf',
      'empty{} NaN',
    ].join('\n');
    expect(parseMetrics(page)).toEqual([
      { metric: 'up', labels: {}, value: 1 },
      {
        metric: 'node_uname_info',
        labels: { nodename: 'svc02', version: '#1 SMP, {x} "q" \\ \n' },
        value: 1,
      },
      { metric: 'temperature', labels: { sensor: 'a' }, value: -25 },
      { metric: 'bucket', labels: { le: '+Inf' }, value: Number.POSITIVE_INFINITY },
      { metric: 'empty', labels: {}, value: Number.NaN },
    ]);
  });

  it.each(['<html>', 'up', 'up one', 'up{a=1} 1', 'up{a="1" 1', '1up 1', 'up 1 2 3'])(
    'is refused with the line %s',
    (line) => {
      expect(() => parseMetrics(`ok 1\n${line}\n`)).toThrow(`no metric: ${line}`);
    },
  );
});
