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
  'systemd-run-generator',
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
  // Records that nothing reads here: utmp, crash dumps, TPM measurements, and the journal of earlier boots (without
  // /var/log/journal journald keeps this boot's in memory).
  'systemd-journal-flush.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-pstore.service',
  'systemd-pcrphase.service',
  'systemd-pcrphase-initrd.service',
  'systemd-pcrphase-sysinit.service',
  // Partitions, and the list of static device nodes, are made when the image is.
  'systemd-repart.service',
  'kmod-static-nodes.service',
  // The firmware seeds the kernel's random numbers, and virtio-rng does where a machine has it.
  'systemd-random-seed.service',
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
  'dev-mqueue.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'modprobe@drm.service',
];

/** udev rules for hardware that no virtual machine of this kind has. udevd reads them all at every boot. */
const udevRules = [
  '55-dm',
  '60-autosuspend',
  '60-cdrom_id',
  '60-drm',
  '60-fido-id',
  '60-infiniband',
  '60-persistent-alsa',
  '60-persistent-storage-dm',
  '60-persistent-storage-tape',
  '60-persistent-v4l',
  '60-sensor',
  '64-btrfs',
  '70-camera',
  '70-joystick',
  '70-mouse',
  '70-touchpad',
  '75-probe_mtd',
  '78-sound-card',
  '85-hwclock',
  '95-dm-notify',
];

/**
 * Kinds of devices that need no udev rule: what the kernel keeps books about, and consoles without a line. The
 * processor is among them, so that modules for its instructions are loaded when something asks for them.
 */
const quietSubsystems = [
  'bdi',
  'clockevents',
  'clocksource',
  'container',
  'cpu',
  'event_source',
  'machinecheck',
  'memory',
  'memory_tiering',
  'node',
  'pci_bus',
  'thermal',
  'tty',
  'vc',
  'vtconsole',
  'wakeup',
  'workqueue',
];

/** Tells udev of the devices that were there before it, in fewer events than Debian's own unit: drivers are no devices. */
const coldplug = [
  '[Service]',
  'ExecStart=',
  `ExecStart=-udevadm trigger --type=devices --action=add --prioritized-subsystem=block,net ${quietSubsystems
    .map((subsystem) => `--subsystem-nomatch=${subsystem}`)
    .join(' ')}`,
  'ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=tty --sysname-match=ttyS* --sysname-match=hvc*',
];

const dropIn = (unit: string, lines: readonly string[]): ImageFile => ({
  type: 'file',
  path: `/etc/systemd/system/${unit}.d/stand-in.conf`,
  mode: 0o644,
  text: `${lines.join('\n')}\n`,
});

/**
 * What makes a Debian base quick to boot, before the recipe's own files, which may put back any of it. Nothing that a
 * probe looks at is left out: firmware, loader, kernel, systemd, network, SSH, agent and console are Debian's whole ones.
 */
export const standInFiles: readonly ImageFile[] = [
  ...generators.map((generator) => off(`/etc/systemd/system-generators/${generator}`)),
  ...units.map((unit) => off(`/etc/systemd/system/${unit}`)),
  ...udevRules.map((rules) => off(`/etc/udev/rules.d/${rules}.rules`)),
  dropIn('systemd-udev-trigger.service', coldplug),
  // Each event that waits gets a worker of its own, forked from udevd, unless there is a bound. Two keep two cores busy.
  { type: 'file', path: '/etc/udev/udev.conf', mode: 0o644, text: 'children_max=2\n' },
  // sshd reads its configuration when it starts; Debian has a second sshd read it before.
  dropIn('ssh.service', ['[Service]', 'ExecStartPre=']),
  // As NixOS's: nothing here is graphical.
  {
    type: 'symlink',
    path: '/etc/systemd/system/default.target',
    target: '/lib/systemd/system/multi-user.target',
  },
  { type: 'absent', path: '/var/log/journal' },
  // Lists nothing, but makes systemd start the loader of what is listed.
  { type: 'absent', path: '/etc/modules-load.d/modules.conf' },
];
