import type { ImageRecipe } from '../services/recipe.ts';
import type { FilledPartition, SystemPartitions } from './realisable.ts';

/** A file on the ESP: its path there, and its text or where its bytes are in the base's tree. */
export type EspFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly bytes: Uint8Array }
  | { readonly path: string; readonly copyOf: string };

/** The path by which the guest names a partition, as disko's NixOS modules do. */
export const byPartLabel = (label: string): string => `/dev/disk/by-partlabel/${label}`;

/**
 * The kernel's command line: what was declared, behind the root file system. It is mounted read-only first, and made
 * writable by systemd once /etc/fstab has been read.
 */
export function kernelCommandLine(recipe: Pick<ImageRecipe, 'kernelParams'>, root: FilledPartition): string {
  return [`root=PARTLABEL=${root.label}`, 'rootfstype=ext4', 'ro', ...recipe.kernelParams].join(' ');
}

/** loader.conf(5) of systemd-boot. */
export function loaderConf(loader: ImageRecipe['loader']): string {
  return [
    `timeout ${loader.timeout ?? 'menu-force'}`,
    `default ${entryName}`,
    `editor ${loader.editor ? 'yes' : 'no'}`,
    'console-mode keep',
    '',
  ].join('\n');
}

const entryName = 'bootproof.conf';

/**
 * What is on the ESP: systemd-boot under the name that the firmware starts without an entry of its own, and one entry of
 * the Boot Loader Specification (type 1) with kernel and initrd beside it, as NixOS lays them out.
 */
export function espFiles(
  recipe: ImageRecipe,
  { root }: SystemPartitions,
  kernel: { readonly version: string; readonly initrd: Uint8Array },
): EspFile[] {
  const folder = '/EFI/bootproof';
  const linux = `${folder}/linux-${kernel.version}.efi`;
  const initrd = `${folder}/initrd-${kernel.version}.efi`;
  const systemdBoot = '/usr/lib/systemd/boot/efi/systemd-bootx64.efi';
  const entry = [
    `title ${recipe.hostName} (stand-in, Debian ${recipe.suite})`,
    `version ${kernel.version}`,
    `linux ${linux}`,
    `initrd ${initrd}`,
    `options ${kernelCommandLine(recipe, root)}`,
    '',
  ].join('\n');
  return [
    { path: '/EFI/BOOT/BOOTX64.EFI', copyOf: systemdBoot },
    { path: '/EFI/systemd/systemd-bootx64.efi', copyOf: systemdBoot },
    { path: '/loader/loader.conf', text: loaderConf(recipe.loader) },
    { path: `/loader/entries/${entryName}`, text: entry },
    { path: linux, copyOf: `/boot/vmlinuz-${kernel.version}` },
    { path: initrd, bytes: kernel.initrd },
  ];
}

/** /etc/fstab: every mounted partition by its label, the root first. The last number is fsck's order, as in NixOS. */
export function fstab({ root, esp }: SystemPartitions): string {
  const line = ({ label, content }: FilledPartition, pass: number) =>
    [
      byPartLabel(label),
      content.mountpoint ?? 'none',
      content.format,
      content.mountOptions.length > 0 ? content.mountOptions.join(',') : 'defaults',
      0,
      pass,
    ].join(' ');
  return `${[line(root, 1), line(esp, 2)].join('\n')}\n`;
}
