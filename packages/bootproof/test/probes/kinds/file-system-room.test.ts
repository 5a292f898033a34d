import { expect, test } from 'vitest';
import { fileSystemRoom } from '../../../src/probes/kinds/file-system-room.ts';
import { fakeTarget } from '../fake-target.ts';

/** A file system of which stat(1) says: blocks left and in all, inodes left and in all. */
const look = (stdout: string, exitCode = 0, stderr = '') =>
  fileSystemRoom.observe(fakeTarget({ execute: () => ({ stdout, stderr, exitCode }) }), {
    mountpoint: '/srv',
  });

test.each([
  ['500 1000 90 100', 'passed', '50 % of the space left, 90 % of the inodes left'],
  ['50 1000 5 100', 'passed', '5 % of the space left, 5 % of the inodes left'],
  ['49 1000 90 100', 'failed', '4 % of the space left, 90 % of the inodes left'],
  ['500 1000 4 100', 'failed', '50 % of the space left, 4 % of the inodes left'],
  ['0 1000 90 100', 'failed', '0 % of the space left, 90 % of the inodes left'],
  // vfat counts no inodes.
  ['500 1000 0 0', 'passed', '50 % of the space left'],
])('room left by %s', async (stdout, verdict, seen) => {
  expect(await look(`${stdout}\n`)).toMatchObject({ verdict, seen });
});

test('what could not be asked is no room', async () => {
  expect(await look('', 1, "stat: cannot read file system information for '/srv'")).toMatchObject({
    verdict: 'failed',
    seen: "stat: cannot read file system information for '/srv'",
  });
  expect(await look('')).toMatchObject({ verdict: 'failed' });
  expect(await look('0 0 0 0\n')).toMatchObject({ verdict: 'failed' });
});
