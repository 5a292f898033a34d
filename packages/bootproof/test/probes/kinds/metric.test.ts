import { expect, it } from 'vitest';
import { metric } from '../../../src/probes/kinds/metric.ts';
import { fakeTarget } from '../fake-target.ts';

const params = {
  address: '127.0.0.1',
  port: 9100,
  metric: 'node_uname_info',
  labels: ['nodename="svc02"'],
  value: 1,
};

const page = '# TYPE node_uname_info gauge\nnode_uname_info{nodename="svc02",sysname="Linux"} 1\nother 2\n';
const reply = (body: string, status = '200 OK') =>
  `HTTP/1.0 ${status}\r\nContent-Type: text/plain\r\n\r\n${body}`;

const look = (result: object, more: object = {}) =>
  metric.observe(fakeTarget({ execute: () => result }), { ...params, ...more });

it.each([
  ['the metric', reply(page), {}, 'passed'],
  ['another host', reply(page), { labels: ['nodename="svc03"'] }, 'failed'],
  ['another value', reply(page), { value: 2 }, 'failed'],
  ['any value', reply(page), { value: 'any' }, 'passed'],
  ['no such metric', reply('other 2\n'), { value: 'any' }, 'failed'],
  ['what should be absent', reply(page), { value: 'absent' }, 'failed'],
  ['what is absent', reply(page), { labels: ['nodename="svc03"'], value: 'absent' }, 'passed'],
  ['an empty page, where something should be absent', reply(''), { value: 'absent' }, 'failed'],
  ['a page that is no page of metrics', reply(`${page}<html>`), {}, 'failed'],
  ['an error', reply('node_uname_info 1\n', '404 Not Found'), {}, 'failed'],
  ['an answer that breaks off', 'HTTP/1.0 200 OK\r\n', {}, 'not yet'],
])('%s', async (_name, stdout, more, verdict) => {
  expect(await look({ stdout }, more)).toMatchObject({ verdict });
});

it('waits for somebody to listen', async () => {
  expect(await look({ exitCode: 1, stderr: 'bash: connect: Connection refused' })).toMatchObject({
    verdict: 'not yet',
    seen: 'bash: connect: Connection refused',
  });
});

it('shows the lines that matter, and the first that is no metric', async () => {
  const { seen, evidence } = await look({ stdout: reply(page) });
  expect(seen).toBe('node_uname_info{nodename="svc02",sysname="Linux"} 1');
  expect(evidence[0]?.text).toBe('node_uname_info{nodename="svc02",sysname="Linux"} 1');
  expect((await look({ stdout: reply(`${page}<html>`) })).seen).toBe('no metric: <html>');
});

it('shows a single other one whole, and counts several', async () => {
  const labels = ['nodename="svc03"'];
  const { seen } = await look({ stdout: reply(page) }, { labels });
  expect(seen).toBe('only node_uname_info{nodename="svc02",sysname="Linux"} 1');
  const several = await look({ stdout: reply(`${page}node_uname_info{nodename="svc04"} 1\n`) }, { labels });
  expect(several.seen).toBe('2 other node_uname_info');
});
