import { findMount, findMountOf } from '../mountinfo.ts';
import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

export interface FileSystemParams {
  readonly [key: string]: string | readonly string[];
  readonly mountpoint: string;
  /** `tmpfs`; empty: whatever it is. */
  readonly format: string;
  /** Of a bind mount, the folder that is mounted; else the device as the kernel shows it. Empty: whatever it is. */
  readonly source: string;
  readonly mountOptions: readonly string[];
  readonly kind: 'bind' | 'device';
}

const factors: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** How the kernel shows an option that it keeps in a form of its own: sizes in KiB, modes without leading zeros. */
export function asShown(option: string): string {
  const size = /^(size|nr_inodes)=(\d+)([kmg]?)$/i.exec(option);
  if (size?.[1] === 'size') {
    return `size=${(Number(size[2]) * (factors[size[3]?.toLowerCase() ?? ''] ?? 1)) / 1024}k`;
  }
  const mode = /^mode=0*([0-7]+)$/.exec(option)?.[1];
  return mode === undefined ? option : `mode=${mode}`;
}

/** A file system besides those of the disk is mounted: what, where and how. */
export const fileSystem = defineProbeKind<'file-system', FileSystemParams>({
  kind: 'file-system',
  needs: ['shell'],
  title: ({ mountpoint, format, source, kind }) =>
    kind === 'bind'
      ? `${mountpoint} is ${source} once more`
      : `${mountpoint} is ${[format, source === format ? '' : source].filter((word) => word !== '').join(' on ')}`,
  hint: ({ mountpoint }) => `In the machine: findmnt ${mountpoint}; systemctl list-units '*.mount'`,
  async observe(target, { mountpoint, format, source, mountOptions, kind }) {
    const mountinfo = (await target.readFile('/proc/self/mountinfo')) ?? '';
    const mounted = findMount(mountinfo, mountpoint);
    const from = kind === 'bind' ? mounted?.root : mounted?.source;
    const missing = mountOptions.map(asShown).filter((option) => !mounted?.options.includes(option));
    // Nobody declares it, and it is what a file system is for; a folder of one that is read-only remains so.
    const mayWrite = kind === 'device' || findMountOf(mountinfo, source)?.writable !== false;
    const mustWrite = mayWrite && !mountOptions.includes('ro');
    const faults = [
      ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
      ...(mustWrite && mounted?.writable === false ? ['read-only'] : []),
    ];
    const holds =
      mounted !== undefined &&
      (format === '' || mounted.format === format) &&
      (source === '' || from === source) &&
      faults.length === 0;
    return settled(holds, {
      expected: [format, source, ...mountOptions].filter((word) => word !== '').join(', '),
      seen: mounted === undefined ? 'not mounted' : [mounted.format, from, ...faults].join(', '),
      evidence: [{ source: '/proc/self/mountinfo', text: mounted?.line ?? '' }],
    });
  },
});
