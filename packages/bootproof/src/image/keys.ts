import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/json.ts';
import type { ImageRecipe } from '../services/recipe.ts';
import { standInFiles } from './stand-in-files.ts';

/** Raised whenever the room makes a different base from the same packages, or a different image from the same recipe. */
export const baseFormat = 1;
export const imageFormat = 1;

/** What the image builder itself relies on, whatever the recipe names: systemd, a kernel, a loader, an initrd's shell. */
const ownPackages = [
  'busybox-static',
  'dbus',
  'iproute2',
  'kmod',
  'linux-image-cloud-amd64',
  'systemd',
  'systemd-boot-efi',
  'systemd-sysv',
  // The kernel's package wants some maker of initrds; this is the smallest. The image's initrd is our own.
  'tiny-initramfs',
  'udev',
];

/** All packages of a base, sorted. */
export function basePackages(recipe: Pick<ImageRecipe, 'packages'>): string[] {
  return [...new Set([...ownPackages, ...recipe.packages])].sort();
}

/**
 * The name of a base: it follows from the release, the packages and the builder's format. The computer's own package
 * sources are left out, so that a cache stays warm when they change; a mirror that the user names counts.
 */
export function baseKey(recipe: Pick<ImageRecipe, 'suite' | 'packages'>, mirror: string | undefined): string {
  return hash({
    format: baseFormat,
    suite: recipe.suite,
    packages: basePackages(recipe),
    mirror: mirror ?? null,
  });
}

/** The name of an image: it follows from the whole recipe and the base. */
export function imageKey(recipe: ImageRecipe, mirror: string | undefined): string {
  return hash({
    format: imageFormat,
    base: baseKey(recipe, mirror),
    standIn: standInFiles,
    recipe,
  });
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}
