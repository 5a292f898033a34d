import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

/** What has to be left of a file system. Percent. */
const least = 5;

/** How much is left of a whole, rounded down. */
const percent = (left: number, whole: number): number => Math.floor((left / whole) * 100);

/**
 * A file system has room for what the machine is yet to write: space, without what is kept for root, and inodes, where
 * the format counts them (vfat has none).
 */
export const fileSystemRoom = defineProbeKind<'file-system-room', { readonly mountpoint: string }>({
  kind: 'file-system-room',
  needs: ['shell'],
  title: ({ mountpoint }) => `the file system at ${mountpoint} has room left`,
  hint: ({ mountpoint }) =>
    `In the machine: df -h ${mountpoint}; df -i ${mountpoint}; du -xh ${mountpoint} | sort -h | tail`,
  async observe(target, { mountpoint }) {
    const command = `stat -f -c '%a %b %d %c' ${quote(mountpoint)}`;
    const { stdout, stderr, exitCode } = await target.execute(command);
    const [space = 0, blocks = 0, freeInodes = 0, inodes = 0] = stdout.trim().split(' ').map(Number);
    const left = [
      { what: 'space', percent: percent(space, blocks) },
      ...(inodes === 0 ? [] : [{ what: 'inodes', percent: percent(freeInodes, inodes) }]),
    ];
    return settled(exitCode === 0 && blocks > 0 && left.every((each) => each.percent >= least), {
      expected: `at least ${least} % of the space and of the inodes`,
      seen:
        exitCode === 0
          ? left.map((each) => `${each.percent} % of the ${each.what} left`).join(', ')
          : stderr.trim() || `exit status ${exitCode}`,
      evidence: [{ source: command, text: `${stdout}${stderr}`.trim() }],
    });
  },
});
