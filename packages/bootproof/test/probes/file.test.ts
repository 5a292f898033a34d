import { describe, expect, it } from 'vitest';
import { fileStatus, fileText, firstDifference } from '../../src/probes/kinds/file.ts';
import { fakeTarget } from './fake-target.ts';

describe('file-text', () => {
  const look = (text: string | undefined) =>
    fileText.observe(fakeTarget({ files: text === undefined ? {} : { '/etc/motd': text } }), {
      path: '/etc/motd',
      text: 'one\ntwo\n',
    });

  it('passes on the very text', async () => {
    expect(await look('one\ntwo\n')).toMatchObject({ verdict: 'passed' });
  });

  it.each([
    ['one\nTWO\n', 'line 2: "TWO"'],
    ['one\ntwo', 'line 3: none'],
    ['one\ntwo\nthree\n', 'line 3: "three"'],
    ['one\ntwo\n\n', 'more after line 3: ""'],
    [undefined, 'no file /etc/motd'],
  ])('fails on %j, and says where', async (text, seen) => {
    expect(await look(text)).toMatchObject({ verdict: 'failed', seen });
  });
});

describe('file-status', () => {
  const look = (stdout: string, params: object = {}) =>
    fileStatus.observe(fakeTarget({ execute: () => ({ stdout }) }), {
      path: '/etc/key',
      type: 'file',
      mode: '0640',
      user: 'alice',
      group: '+2000',
      ...params,
    });
  const right = '640 alice +1100 media +2000 regular file\n';

  it('passes on mode and owners, by name or by id', async () => {
    expect(await look(right)).toMatchObject({ verdict: 'passed', seen: 'file, 640, alice, +2000' });
    expect(await look(right, { user: '+1100', group: 'media' })).toMatchObject({ verdict: 'passed' });
    expect(await look('640 alice +1100 media +2000 regular empty file\n')).toMatchObject({
      verdict: 'passed',
    });
    expect(await look(right, { mode: '', user: '', group: '' })).toMatchObject({
      verdict: 'passed',
      expected: 'file',
    });
    expect(await look('4755 alice +0 media +2000 regular file\n', { mode: '04755' })).toMatchObject({
      verdict: 'passed',
    });
  });

  it.each([
    ['another mode', right.replace('640', '644')],
    ['another owner', right.replace('alice', 'bob')],
    ['another group', right.replace('2000', '100')],
    ['a folder', right.replace('regular file', 'directory')],
    ['a device', right.replace('regular file', 'character special file')],
  ])('fails on %s', async (_what, stdout) => {
    expect(await look(stdout)).toMatchObject({ verdict: 'failed' });
  });

  it('fails where there is nothing, with what stat says', async () => {
    const gone = fakeTarget({ execute: () => ({ exitCode: 1, stderr: 'No such file or directory\n' }) });
    expect(
      await fileStatus.observe(gone, {
        path: '/etc/key',
        type: 'file',
        mode: '640',
        user: '+0',
        group: '+0',
      }),
    ).toMatchObject({ verdict: 'failed', seen: 'No such file or directory' });
  });
});

it('firstDifference names a line that is missing', () => {
  expect(firstDifference('a\nb', 'a')).toBe('line 2: none');
});
