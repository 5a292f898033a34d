import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import type { AcceleratorVerdict } from '../host/accelerator.ts';
import { findNix, flakeInputs } from '../host/nix.ts';
import { findTool } from '../host/tools.ts';
import type { ImageWish } from './image-wish.ts';

/** Which image is booted, and why: `reason` is a clause like `nix is not installed`. */
export interface ImageKind {
  readonly kind: 'nixos' | 'stand-in';
  readonly reason: string;
  /** What the user should know of the choice. */
  readonly notes: readonly string[];
}

export interface ImageKindOptions {
  readonly wish: ImageWish;
  /** The folder of the emitted flake. */
  readonly nixFolder: string;
  readonly chooseAccelerator: () => Promise<AcceleratorVerdict>;
  readonly signal: AbortSignal;
  readonly onProgress?: (detail: string) => void;
  /** PATH for Nix; this process's own unless told. */
  readonly path?: string;
}

/**
 * Chooses the image. `auto` takes NixOS only where building it can be expected to work, so that nobody's run gets slower
 * or fails by it:
 *
 * - there is a Nix that can build flakes, and the flake was emitted;
 * - KVM executes here. disko makes the image in a VM, which Nix starts only with its system feature `kvm`, and which hangs on
 *   a KVM that never executes. A remote builder may have KVM when this computer has none; who has one says `nixos`.
 * - the flake's inputs are here or can be fetched.
 *
 * What is known without starting Nix is asked first, so that where the answer is the stand-in no time is lost.
 *
 * @throws BootproofError of kind `missing` or `declaration` when `nixos` is asked for and there is no Nix or no flake.
 */
export async function chooseImageKind(options: ImageKindOptions): Promise<ImageKind> {
  if (options.wish === 'stand-in') {
    return { kind: 'stand-in', reason: 'asked for with --on stand-in', notes: [] };
  }
  return options.wish === 'nixos' ? askedForNixos(options) : automatic(options);
}

const hasFlake = (folder: string): boolean => existsSync(join(folder, 'flake.nix'));

async function askedForNixos(options: ImageKindOptions): Promise<ImageKind> {
  const { nixFolder, chooseAccelerator, signal, path } = options;
  const nix = await findNix({ signal, path });
  if (nix.state !== 'usable') {
    throw new BootproofError(`NixOS cannot be built here: ${nix.reason}`, {
      kind: 'missing',
      hint: `${nix.remedy} Without Nix, \`--on stand-in\` boots a Debian stand-in.`,
    });
  }
  if (!hasFlake(nixFolder)) {
    throw new BootproofError(`there is no flake in ${nixFolder}`, {
      kind: 'declaration',
      hint: 'Run `bootproof emit`.',
    });
  }
  const { accelerator, reason } = await chooseAccelerator();
  const notes =
    accelerator === 'kvm'
      ? []
      : [
          `disko makes the image in a VM that wants KVM, and here ${reason}: the build may be refused or hang`,
        ];
  return { kind: 'nixos', reason: 'asked for with --on nixos', notes };
}

async function automatic(options: ImageKindOptions): Promise<ImageKind> {
  const { nixFolder, chooseAccelerator, signal, path, onProgress } = options;
  const standIn = (reason: string): ImageKind => ({ kind: 'stand-in', reason, notes: [] });
  if (findTool('nix', path) === undefined) return standIn('nix is not installed');
  if (!hasFlake(nixFolder)) return standIn('there is a nix, but no emitted flake for it');
  const { accelerator, reason } = await chooseAccelerator();
  if (accelerator !== 'kvm')
    return standIn(`there is a nix, but building NixOS's image needs KVM: ${reason}`);
  const found = await findNix({ signal, path });
  if (found.state !== 'usable') return standIn(found.reason);
  const inputs = await flakeInputs(nixFolder, {
    signal,
    path,
    onFetch: () => onProgress?.("Nix is fetching the flake's inputs"),
  });
  if (!inputs.had) return standIn(`there is a nix, but not the flake's inputs: ${inputs.reason}`);
  return { kind: 'nixos', reason: `nix ${found.version} and KVM can be used here`, notes: [] };
}
