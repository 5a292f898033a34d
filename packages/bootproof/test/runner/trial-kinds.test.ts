import { describe, expect, test } from 'vitest';
import {
  bootIdKind,
  fileSystemHarm,
  fileSystemsKind,
  syncedFile,
  syncedFileKind,
} from '../../src/runner/trial-kinds.ts';
import { fakeTarget } from '../probes/fake-target.ts';

const bootIdFile = '/proc/sys/kernel/random/boot_id';

describe('the boot id', () => {
  test.each([
    ['another', 'one', 'two\n', 'passed'],
    ['the same', 'one', 'one\n', 'failed'],
    ['none before', undefined, 'two\n', 'failed'],
    ['none now', 'one', undefined, 'failed'],
  ])('%s', async (_name, before, now, verdict) => {
    const target = fakeTarget({ files: now === undefined ? {} : { [bootIdFile]: now } });
    expect((await bootIdKind(before).observe(target, {})).verdict).toBe(verdict);
  });
});

describe('what was synced', () => {
  test.each([
    ['whole', 'power cut, seed 7\n', 'passed'],
    ['empty', '', 'failed'],
    ["another run's", 'power cut, seed 8\n', 'failed'],
    ['absent', undefined, 'failed'],
  ])('%s', async (_name, text, verdict) => {
    const target = fakeTarget({ files: text === undefined ? {} : { [syncedFile]: text } });
    expect((await syncedFileKind('power cut, seed 7').observe(target, {})).verdict).toBe(verdict);
  });
});

const parts = ({ kernel = 'EXT4-fs (vda2): mounted filesystem', fsck = '', units = '', errors = '' }) =>
  `== kernel\n${kernel}\n== fsck\n${fsck}\n== failed\n${units}\n== errors\n${errors}\n`;

describe('file systems', () => {
  test('a replayed journal and a FAT that was not unmounted are no harm', async () => {
    const stdout = parts({
      kernel: [
        '[    2.913411] EXT4-fs (vda2): INFO: recovery required on readonly filesystem',
        '[    3.002526] EXT4-fs (vda2): recovery complete',
        '[    3.004863] EXT4-fs (vda2): mounted filesystem with ordered data mode. Quota mode: none.',
        '[   12.626549] FAT-fs (vda1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.',
      ].join('\n'),
      errors: '/sys/fs/ext4/vda2/errors_count:0',
    });
    const seen = await fileSystemsKind.observe(fakeTarget({ execute: () => ({ stdout }) }), {});
    expect(seen).toMatchObject({ verdict: 'passed', seen: 'clean; a journal was replayed' });
  });

  test.each([
    ['the kernel', { kernel: 'EXT4-fs error (device vda2): ext4_lookup:1855: inode #2: bad' }, 'ext4_lookup'],
    ['a mount with errors', { kernel: 'EXT4-fs (vda2): warning: mounting fs with errors' }, 'mounting fs'],
    ['a journal that was given up', { kernel: 'Aborting journal on device vda2-8.' }, 'Aborting journal'],
    ['XFS', { kernel: 'XFS (vda2): Metadata corruption detected at xfs_buf' }, 'corruption'],
    ['the disk', { kernel: 'I/O error, dev vda, sector 4096 op 0x1' }, 'I/O error'],
    ['fsck', { fsck: '/dev/vda2: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.' }, 'INCONSISTENCY'],
    [
      'a failed unit',
      { units: 'systemd-fsck-root.service loaded failed failed File' },
      'fsck-root.service failed',
    ],
    ['the superblock', { errors: '/sys/fs/ext4/vda2/errors_count:3' }, 'errors_count:3'],
    ['silence', { kernel: '' }, 'names no file system'],
  ])('%s tells of harm', async (_name, given, telling) => {
    const stdout = parts(given);
    expect(fileSystemHarm(stdout).join('; ')).toContain(telling);
    const seen = await fileSystemsKind.observe(fakeTarget({ execute: () => ({ stdout }) }), {});
    expect(seen.verdict).toBe('failed');
  });
});
