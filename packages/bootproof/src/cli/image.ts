import { type AcceleratorVerdict, chooseAccelerator } from '../host/accelerator.ts';
import { cacheFolder } from '../host/xdg.ts';
import { buildImage } from '../image/build-image.ts';
import { buildNixosImage } from '../image/nixos-image.ts';
import type { OnProgress } from '../image/progress.ts';
import type { ChosenImage } from '../runner/run.ts';
import { nixFolder } from './emission.ts';
import type { OpenHomelab, PlannedHost } from './homelab.ts';
import { chooseImageKind, type ImageKind } from './image-kind.ts';
import type { ImageWish } from './image-wish.ts';

/** Options of the commands that need an image. */
export interface ImageOptions {
  readonly on: ImageWish;
  readonly rebuild?: boolean;
  readonly mirror?: string;
}

/** What one call of the command knows of its images; which kind they are is found out once for all of its hosts. */
export class Images {
  readonly #homelab: Pick<OpenHomelab, 'homelab'>;
  readonly #options: ImageOptions;
  readonly #signal: AbortSignal;
  #kind: Promise<ImageKind> | undefined;

  constructor(homelab: Pick<OpenHomelab, 'homelab'>, options: ImageOptions, signal: AbortSignal) {
    this.#homelab = homelab;
    this.#options = options;
    this.#signal = signal;
  }

  /** What runs the guests' instructions; remembered by itself until the computer boots again. */
  chooseAccelerator(): Promise<AcceleratorVerdict> {
    return chooseAccelerator({ cacheFolder: cacheFolder(), signal: this.#signal });
  }

  /**
   * The image of a host, as the command line asks for it. `onProgress` is told first which kind it is and why, as a
   * `choice`; what should be noted besides comes as a `note`.
   */
  async of(
    { host, test }: Pick<PlannedHost, 'host' | 'test'>,
    onProgress: OnImageProgress,
  ): Promise<ChosenImage> {
    const { kind, reason, notes } = await this.#choose((detail) => onProgress({ step: 'cache', detail }));
    const word = kind === 'nixos' ? 'NixOS' : 'a Debian stand-in';
    onProgress({ step: 'choice', detail: `the image is ${word}: ${reason}` });
    const useless =
      kind === 'nixos' && this.#options.rebuild === true
        ? ['--rebuild does nothing for NixOS: Nix builds again what has changed']
        : [];
    const known = [...notes, ...useless];
    for (const detail of known) onProgress({ step: 'note', detail });
    const image = await this.#build(kind, { host, test }, onProgress);
    return { ...image, notes: [...known, ...image.notes], kindReason: reason };
  }

  #build(
    kind: ImageKind['kind'],
    { host, test }: Pick<PlannedHost, 'host' | 'test'>,
    onProgress: OnProgress,
  ) {
    const { rebuild, mirror } = this.#options;
    const signal = this.#signal;
    if (kind === 'nixos') {
      const { disk } = test.image;
      return buildNixosImage(
        { flake: nixFolder(this.#homelab), host: host.name, disk },
        { signal, onProgress },
      );
    }
    return buildImage(test.image, {
      signal,
      onProgress,
      ...(rebuild === undefined ? {} : { rebuild }),
      ...(mirror === undefined ? {} : { mirror }),
    });
  }

  #choose(onProgress: (detail: string) => void): Promise<ImageKind> {
    this.#kind ??= chooseImageKind({
      wish: this.#options.on,
      nixFolder: nixFolder(this.#homelab),
      chooseAccelerator: () => this.chooseAccelerator(),
      signal: this.#signal,
      onProgress,
    });
    return this.#kind;
  }
}

/** The image room's progress, and before it which kind of image was chosen. */
export type OnImageProgress = (
  progress:
    | Parameters<OnProgress>[0]
    | { readonly step: 'choice'; readonly detail: string; readonly fraction?: never },
) => void;
