import { clock, fileSystemRoom } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** All that is left for others than root is taken; vfat would fill a file that grows with zeros, and so it keeps its size. */
function full(mountpoint: string): Sketch {
  const file = quote(`${mountpoint.replace(/\/$/, '')}/mutation`);
  return {
    id: `disk-full${mountpoint}`,
    title: `the file system at ${mountpoint} is full`,
    fault: running([
      `: > ${file}`,
      `fallocate --keep-size --length $(($(stat -f -c '%a * %S' ${quote(mountpoint)}))) ${file}`,
    ]),
    says: /^0 % of the space left/,
  };
}

export const systemDerivers = [
  from(clock, () => [
    {
      id: 'clock-ahead',
      title: 'the clock is an hour ahead',
      fault: running(["date -s '1 hour' > /dev/null"]),
      says: /^3(59|60)\d s ahead$/,
    },
    {
      id: 'clock-behind',
      title: 'the clock is a day behind',
      fault: running(["date -s '1 day ago' > /dev/null"]),
      says: /^86(39|4\d)\d s behind$/,
    },
  ]),
  from(fileSystemRoom, ({ mountpoint }) => [full(mountpoint)]),
];
