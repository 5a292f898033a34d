/** The probes that only a machine has which was put through a reboot or a power cut. */
import { failed, passed } from '../probes/observation.ts';
import { defineProbeKind } from '../probes/probe.ts';

const bootIdFile = '/proc/sys/kernel/random/boot_id';

/** The guest's boot id (random(4)): another one at each boot. */
export const bootIdCommand = `cat ${bootIdFile}`;

/**
 * The kernel was started anew: its boot id is another than before.
 *
 * @param before the id before; undefined when it could not be read, which the probe fails with
 */
export const bootIdKind = (before: string | undefined) =>
  defineProbeKind<'boot-id', Record<string, never>>({
    kind: 'boot-id',
    needs: ['shell'],
    title: () => 'the kernel was started anew: the boot id is another',
    hint: () => `In the machine: journalctl --list-boots; ${bootIdCommand}`,
    async observe(target) {
      const now = (await target.readFile(bootIdFile))?.trim();
      const expected = `another boot id than ${before ?? 'the one before, which could not be read'}`;
      const evidence = [{ source: bootIdFile, text: now ?? 'absent' }];
      const changed = before !== undefined && now !== undefined && now !== '' && now !== before;
      return (changed ? passed : failed)({ expected, seen: now ?? 'none', evidence });
    },
  });

/** The file that is written through to the disk before the power is cut, and has to be there afterwards. */
export const syncedFile = '/var/tmp/bootproof-power-cut';

/** What was synced to the disk before the power was cut is still there, whole. */
export const syncedFileKind = (written: string) =>
  defineProbeKind<'synced-file', Record<string, never>>({
    kind: 'synced-file',
    needs: ['shell'],
    title: () => 'what was synced to the disk before is still there',
    hint: () => `In the machine: cat ${syncedFile}; findmnt -T ${syncedFile}`,
    async observe(target) {
      const found = await target.readFile(syncedFile);
      const seen = found === undefined ? `${syncedFile} is absent` : found.trim();
      const evidence = [{ source: syncedFile, text: found ?? 'absent' }];
      return (found?.trim() === written ? passed : failed)({ expected: written, seen, evidence });
    },
  });

/**
 * What a boot tells of its file systems: the kernel's lines, what fsck printed, fsck units that failed, and the number of
 * errors that each ext4 file system has in its superblock (ext4's sysfs attribute `errors_count`).
 */
const fileSystemCommand = [
  "echo '== kernel'",
  "dmesg | grep -Ei 'ext[234]-fs|jbd2|xfs|btrfs|fat-fs|i/o error'",
  "echo '== fsck'",
  "journalctl -b --no-pager -q -o cat -u 'systemd-fsck*' 2>/dev/null",
  "echo '== failed'",
  "systemctl list-units --state=failed --plain --no-legend 'systemd-fsck*'",
  "echo '== errors'",
  'grep -H . /sys/fs/ext4/*/errors_count 2>/dev/null',
  'true',
].join('\n');

/**
 * Kernel's and fsck's words for a file system that took harm. The replay of a journal is none, nor is FAT's remark that it
 * was not unmounted: that is what a power cut looks like.
 */
const harm =
  /EXT[234]-fs error|error count since last fsck|mounting fs with errors|Aborting journal|Detected aborted journal|Remounting filesystem read-only|I\/O error|XFS .*[Cc]orrupt|BTRFS (?:error|critical)|FAT-fs .*: error|UNEXPECTED INCONSISTENCY|errors left uncorrected|is marked in use|RUN fsck MANUALLY/;

/** What is wrong with the file systems, by `fileSystemCommand`'s output; nothing when they are clean. */
export function fileSystemHarm(output: string): string[] {
  const parts = new Map(
    output.split(/^== /m).map((part) => {
      const [name = '', ...lines] = part.split('\n');
      return [name, lines.filter((line) => line.trim() !== '')];
    }),
  );
  const of = (name: string) => parts.get(name) ?? [];
  // Without a word of the kernel on any file system, nothing was looked at.
  if (of('kernel').length === 0) return ["the kernel's log names no file system"];
  return [
    ...[...of('kernel'), ...of('fsck')].filter((line) => harm.test(line)),
    ...of('failed').map((line) => `${line.trim().split(/\s+/)[0]} failed`),
    ...of('errors').filter((line) => !line.endsWith(':0')),
  ];
}

/** After a power cut the journals were replayed and no file system took harm. */
export const fileSystemsKind = defineProbeKind<'file-systems-clean', Record<string, never>>({
  kind: 'file-systems-clean',
  needs: ['shell'],
  title: () => 'the file systems came back clean',
  hint: () => "In the machine: dmesg | grep -i ext4; journalctl -b -u 'systemd-fsck*'",
  async observe(target) {
    const { stdout, stderr } = await target.execute(fileSystemCommand);
    const found = fileSystemHarm(stdout);
    const sight = {
      expected: 'journals replayed, no error in kernel log, fsck or superblock',
      evidence: [{ source: 'dmesg, systemd-fsck, errors_count', text: `${stdout}${stderr}`.trimEnd() }],
    };
    if (found.length > 0) return failed({ ...sight, seen: found.join('; ') });
    const replayed = /recovery complete|recovering journal|Ending recovery/.test(stdout);
    return passed({
      ...sight,
      seen: replayed ? 'clean; a journal was replayed' : 'clean; nothing to replay',
    });
  },
});
