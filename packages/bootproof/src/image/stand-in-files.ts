import type { ImageFile } from '../services/recipe.ts';

/** A link to nothing: systemd and its generators take it for "off". */
const off = (path: string): ImageFile => ({ type: 'symlink', path, target: '/dev/null' });

/** Generators that make units for what a stand-in cannot have. Each costs a process at every boot. */
const generators = [
  'systemd-bless-boot-generator',
  'systemd-cryptsetup-generator',
  'systemd-gpt-auto-generator',
  'systemd-hibernate-resume-generator',
  'systemd-integritysetup-generator',
  'systemd-rc-local-generator',
  'systemd-system-update-generator',
  'systemd-sysv-generator',
  'systemd-veritysetup-generator',
];

/** Units that Debian starts and that a declared machine has no use for. */
const units = [
  // Would ask questions on the console.
  'systemd-firstboot.service',
  // Debian's housekeeping of packages and file systems; NixOS has no such thing on.
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  // Records in files that nothing reads here: utmp, crash dumps, TPM measurements.
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-pstore.service',
  'systemd-pcrphase.service',
  'systemd-pcrphase-initrd.service',
  'systemd-pcrphase-sysinit.service',
  // Partitions are made when the image is.
  'systemd-repart.service',
  // Ways in and out that no option declares.
  'systemd-initctl.socket',
  'systemd-initctl.service',
  'systemd-ask-password-console.path',
  'systemd-ask-password-wall.path',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-binfmt.service',
  'getty-static.service',
  // Pseudo file systems for debugging and for what is not installed; each costs a mount and often a module.
  'dev-hugepages.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'modprobe@drm.service',
];

/**
 * What makes a Debian base quick to boot, before the recipe's own files, which may put back any of it. Nothing that a
 * probe looks at is left out: firmware, loader, kernel, systemd, network, SSH, agent and console are Debian's whole ones.
 */
export const standInFiles: readonly ImageFile[] = [
  ...generators.map((generator) => off(`/etc/systemd/system-generators/${generator}`)),
  ...units.map((unit) => off(`/etc/systemd/system/${unit}`)),
];
