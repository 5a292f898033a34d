import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { searchPath } from '../../src/host/tools.ts';

/** Writes the files of a tree that has just enough of a Debian base for an image. */
export async function writeFakeTree(
  tree: string,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const modules = '/usr/lib/modules/6.1.0-test';
  const all = {
    '/boot/vmlinuz-6.1.0-test': 'KERNEL',
    '/dev/keep': '',
    '/etc/machine-id': '',
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    '/etc/shadow': 'root:*:20000:0:99999:7:::\ndaemon:!:20000::::::\n',
    '/etc/ssh/sshd_config': 'UsePAM yes\n',
    '/root/.profile': '',
    '/usr/bin/busybox': 'BUSYBOX',
    '/usr/lib/systemd/boot/efi/systemd-bootx64.efi': 'LOADER',
    [`${modules}/modules.dep`]: 'kernel/virtio_blk.ko:\n',
    [`${modules}/modules.alias`]: 'alias virtio:d00000002v* virtio_blk\n',
    [`${modules}/modules.builtin`]: 'kernel/fs/ext4/ext4.ko\n',
    [`${modules}/kernel/virtio_blk.ko`]: 'MODULE',
    '/var/lib/dpkg/status':
      'Package: systemd\nStatus: install ok installed\nVersion: 252.39-1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
}

/** Writes shell scripts that stand in for tools, and gives the PATH that finds them first. */
export async function writeFakeTools(
  folder: string,
  scripts: Readonly<Record<string, string>>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return `${folder}:${searchPath()}`;
}

/** Stands in for mmdebstrap: notes that it ran, and packs a tree that is already there. */
export const fakeMmdebstrap = (tree: string, log: string): string =>
  [
    'if [ "$1" = --version ]; then echo "mmdebstrap 9.9.9"; exit 0; fi',
    `echo run >> '${log}'`,
    'echo "I: running apt-get update..." >&2',
    'while [ $# -gt 2 ]; do shift; done',
    `exec tar -C '${tree}' -cf "$1" .`,
  ].join('\n');

/** Stands in for chroot: the fake tree has no programs of its own, so the computer's tar unpacks into it. */
export const fakeChroot = [
  'tree=$1; shift',
  'case $1 in',
  '  /bin/tar) shift; exec tar "$@" -C "$tree" ;;',
  '  *) exit 0 ;;',
  'esac',
].join('\n');
