import type { ToolNeed } from '../host/tools.ts';

/** The commands that a build runs on this computer, and where Debian keeps them. */
export const buildTools = {
  mmdebstrap: { command: 'mmdebstrap', debianPackage: 'mmdebstrap', why: "make the image's Debian base" },
  tar: { command: 'tar', debianPackage: 'tar', why: 'unpack the base' },
  unshare: { command: 'unshare', debianPackage: 'util-linux', why: 'unpack the base as an ordinary user' },
  newuidmap: { command: 'newuidmap', debianPackage: 'uidmap', why: 'unpack the base as an ordinary user' },
  chroot: { command: 'chroot', debianPackage: 'coreutils', why: "put files into the image's tree" },
  sfdisk: { command: 'sfdisk', debianPackage: 'fdisk', why: 'write the partition table' },
  mke2fs: { command: 'mke2fs', debianPackage: 'e2fsprogs', why: 'make the root file system' },
  debugfs: {
    command: 'debugfs',
    debianPackage: 'e2fsprogs',
    why: "read the image's file system without mounting it",
  },
  mkfsFat: { command: 'mkfs.fat', debianPackage: 'dosfstools', why: 'make the EFI system partition' },
  mcopy: { command: 'mcopy', debianPackage: 'mtools', why: 'fill the EFI system partition' },
  dd: { command: 'dd', debianPackage: 'coreutils', why: 'put the EFI system partition in its place' },
  qemuImg: { command: 'qemu-img', debianPackage: 'qemu-utils', why: 'write the image as qcow2' },
} as const satisfies Readonly<Record<string, ToolNeed>>;

/** What is needed for a base that has yet to be made. */
export function baseTools(ordinaryUser: boolean): ToolNeed[] {
  const { mmdebstrap, newuidmap } = buildTools;
  return ordinaryUser ? [mmdebstrap, newuidmap] : [mmdebstrap];
}

/** What is needed to make an image from a base. */
export function imageTools(ordinaryUser: boolean): ToolNeed[] {
  const { mmdebstrap: _base, unshare, newuidmap, ...always } = buildTools;
  return [...Object.values(always), ...(ordinaryUser ? [unshare, newuidmap] : [])];
}
