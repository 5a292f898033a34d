import { expect, it } from 'vitest';
import { dnsAnswer } from '../../../src/probes/kinds/dns-answer.ts';
import { fakeTarget } from '../fake-target.ts';

const params = {
  server: '127.0.0.1',
  port: 53,
  name: 'nas.lan.',
  type: 'A',
  code: 'NOERROR',
  data: '192.168.3.10',
} as const;

/** As od prints it: nas.lan has the address 192.168.3.10. */
const known = ` 62 70 81 80 00 01 00 01 00 00 00 00 03 6e 61 73 03 6c 61 6e
 00 00 01 00 01 c0 0c 00 01 00 01 00 00 0e 10 00 04 c0 a8 03 0a\n`;
const unknown = ` 62 70 81 83 00 01 00 00 00 00 00 00 03 6e 61 73 03 6c 61 6e 00 00 01 00 01\n`;

const look = (result: object, more: object = {}) =>
  dnsAnswer.observe(fakeTarget({ execute: () => result }), { ...params, ...more });

it.each([
  ['the right data', { stdout: known }, {}, 'passed'],
  ['other data', { stdout: known }, { data: '192.168.3.11' }, 'failed'],
  ['no such name', { stdout: unknown }, {}, 'failed'],
  ['no such name, which is what is wanted', { stdout: unknown }, { code: 'NXDOMAIN', data: null }, 'passed'],
  ['a name where there should be none', { stdout: known }, { code: 'NXDOMAIN', data: null }, 'failed'],
  ['half an answer', { stdout: known.slice(0, 90) }, {}, 'failed'],
  ['nobody listening', { exitCode: 1, stderr: 'bash: connect: Connection refused\nmore' }, {}, 'not yet'],
  ['no answer in time', { exitCode: 124 }, {}, 'not yet'],
])('%s', async (_name, result, more, verdict) => {
  expect(await look(result, more)).toMatchObject({ verdict });
});

it('says what was answered, or why nothing was', async () => {
  expect((await look({ stdout: known }, { data: '10.0.0.1' })).seen).toBe('NOERROR, 192.168.3.10');
  expect((await look({ exitCode: 1, stderr: 'bash: connect: Connection refused\nmore' })).seen).toBe(
    'no answer (exit status 1: bash: connect: Connection refused)',
  );
});

it('asks the server that it is told to, with the question as bytes', async () => {
  let asked = '';
  const execute = (command: string) => {
    asked = command;
    return { stdout: known };
  };
  await dnsAnswer.observe(fakeTarget({ execute }), { ...params, server: '::1', port: 5353 });
  expect(asked).toContain('/dev/tcp/::1/5353');
  expect(asked).toContain('\\003\\156\\141\\163\\003\\154\\141\\156\\000\\000\\001\\000\\001');
});
