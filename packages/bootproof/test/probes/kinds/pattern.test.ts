import { describe, expect, it } from 'vitest';
import { commandMatch, fileMatch, httpMatch } from '../../../src/probes/kinds/pattern.ts';
import { fakeTarget } from '../fake-target.ts';

describe('command-match', () => {
  const look = (stdout: string, exitCode = 0, flags = '') =>
    commandMatch.observe(fakeTarget({ execute: () => ({ stdout, exitCode, stderr: 'no\n' }) }), {
      command: 'uname -r',
      pattern: '^6\\.\\d+-cloud',
      flags,
    });

  it('passes when what is printed matches', async () => {
    expect(await look('6.1-cloud\n')).toMatchObject({ verdict: 'passed', seen: '"6.1-cloud"' });
    expect(await look('6.1-CLOUD\n', 0, 'i')).toMatchObject({ verdict: 'passed' });
  });

  it('fails when it does not, or when the command fails, whatever it printed', async () => {
    expect(await look('5.10\n')).toMatchObject({
      verdict: 'failed',
      expected: '/^6\\.\\d+-cloud/',
      seen: '"5.10"',
    });
    expect(await look('6.1-cloud\n', 1)).toMatchObject({ verdict: 'failed', seen: 'exit status 1: no' });
  });
});

describe('file-match', () => {
  const look = (text: string | undefined) =>
    fileMatch.observe(fakeTarget({ files: text === undefined ? {} : { '/a': text } }), {
      path: '/a',
      pattern: '^b$',
      flags: 'm',
    });

  it.each([
    ['a\nb\n', 'passed', '"a\\nb\\n"'],
    ['ab\n', 'failed', '"ab\\n"'],
    [undefined, 'failed', 'no file /a'],
  ])('of %j', async (text, verdict, seen) => {
    expect(await look(text)).toMatchObject({ verdict, seen });
  });
});

describe('http-match', () => {
  const look = (stdout: string) =>
    httpMatch.observe(fakeTarget({ execute: () => ({ stdout, exitCode: stdout === '' ? 1 : 0 }) }), {
      address: '127.0.0.1',
      port: 80,
      host: 'app',
      path: '/',
      status: 200,
      pattern: '^hello',
      flags: '',
    });

  it.each([
    ['HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello you', 'passed', '200, "hello you"'],
    ['HTTP/1.1 200 OK\r\nA: b\r\n\r\ngoodbye', 'failed', '200, "goodbye"'],
    ['HTTP/1.1 500 No\r\nA: b\r\n\r\nhello you', 'failed', '500, "hello you"'],
    ['', 'not yet', 'no answer (exit status 1): '],
  ])('of %j', async (stdout, verdict, seen) => {
    expect(await look(stdout)).toMatchObject({ verdict, seen });
  });
});
