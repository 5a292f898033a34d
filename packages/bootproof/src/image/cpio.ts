/** A file of an initrd. Owner root, time 0: equal contents give equal archives. */
export type CpioEntry =
  | { readonly path: string; readonly type: 'directory'; readonly mode: number }
  | { readonly path: string; readonly type: 'file'; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string }
  | {
      readonly path: string;
      readonly type: 'character device';
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const formatBits = { file: 0o100000, directory: 0o40000, symlink: 0o120000, 'character device': 0o20000 };

/**
 * Writes a cpio archive in the `newc` format, the one that the kernel unpacks as its initramfs.
 * Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, index) => record(entry, index + 1));
  const trailer = header({ path: 'TRAILER!!!', inode: 0, mode: 0, size: 0 });
  return Buffer.concat([...parts, ...padded(trailer)]);
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  const bytes =
    entry.type === 'file'
      ? Buffer.from(entry.bytes)
      : Buffer.from(entry.type === 'symlink' ? entry.target : '', 'utf8');
  const permissions = entry.type === 'symlink' ? 0o777 : entry.mode;
  const device = entry.type === 'character device' ? { major: entry.major, minor: entry.minor } : {};
  const mode = formatBits[entry.type] | permissions;
  return [
    ...padded(header({ path: entry.path, inode, mode, size: bytes.length, ...device })),
    ...padded(bytes),
  ];
}

interface Header {
  readonly path: string;
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly major?: number;
  readonly minor?: number;
}

/** Thirteen numbers of 8 hexadecimal digits behind the magic, then the name with its NUL. */
function header({ path, inode, mode, size, major = 0, minor = 0 }: Header): Buffer {
  const name = Buffer.from(`${path}\0`, 'utf8');
  const [uid, gid, links, time, checksum] = [0, 0, 1, 0, 0];
  const fields = [inode, mode, uid, gid, links, time, size, 0, 0, major, minor, name.length, checksum];
  const digits = fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('');
  return Buffer.concat([Buffer.from(`070701${digits}`, 'ascii'), name]);
}

/** Every header with its name, and every file's bytes, is filled up to a multiple of 4 bytes. */
function padded(bytes: Buffer): Buffer[] {
  return [bytes, Buffer.alloc(-bytes.length & 3)];
}
