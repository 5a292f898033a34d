/** A mount, as /proc/self/mountinfo tells of it: proc(5). */
export interface Mounted {
  /** What of its file system is mounted: `/`, but of a bind mount a folder. */
  readonly root: string;
  readonly source: string;
  readonly format: string;
  /** Those of the mount, then those of the file system below it. */
  readonly options: readonly string[];
  /** Whether it can be written to: the mount and the file system below it both let. */
  readonly writable: boolean;
  /** The line itself. */
  readonly line: string;
}

/** A path of /proc, where white space and backslashes stand as octal numbers. */
const plain = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The mount at a place: the last one there is the one on top. Undefined when there is none. */
export function findMount(mountinfo: string, mountpoint: string): Mounted | undefined {
  const line = mountinfo.split('\n').findLast((each) => plain(each.split(' ')[4] ?? '') === mountpoint);
  const [before = '', behind = ''] = line?.split(' - ') ?? [];
  const [, , , root = '', , mountOptions = ''] = before.split(' ');
  const [format, source, superOptions = ''] = behind.split(' ');
  if (line === undefined || format === undefined || source === undefined) return undefined;
  const [ofMount, ofSystem] = [mountOptions.split(','), superOptions.split(',')];
  return {
    root: plain(root),
    source: plain(source),
    format,
    options: [...ofMount, ...ofSystem],
    writable: ofMount.includes('rw') && ofSystem.includes('rw'),
    line,
  };
}

/** The mount that a path is in: at the path itself, or at the nearest folder above it that is one. */
export function findMountOf(mountinfo: string, path: string): Mounted | undefined {
  const above = path.slice(0, path.lastIndexOf('/')) || '/';
  return findMount(mountinfo, path) ?? (path === above ? undefined : findMountOf(mountinfo, above));
}
