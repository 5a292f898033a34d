import type { DiskLayout } from '../disk/layout.ts';

/** A file that the image carries besides what its packages bring. Owned by root. */
export type ImageFile =
  | {
      readonly type: 'file';
      readonly path: string;
      readonly mode: number;
      readonly text: string;
      /** How `text` holds the bytes; `utf8` unless told. */
      readonly encoding?: 'utf8' | 'base64';
    }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  /** A path that a package brought and that the image must not have. Removing what is absent is no error. */
  | { readonly type: 'absent'; readonly path: string };

/** An option that was declared and that the stand-in does not have, with the reason. */
export interface NotRealised {
  readonly option: string;
  readonly files: readonly string[];
  readonly reason: string;
}

/** Everything that shapes a stand-in image: data only. Equal recipes give equal images. */
export interface ImageRecipe {
  readonly kind: 'stand-in';
  /** The Debian release: `bookworm`. */
  readonly suite: string;
  /** The host's name, for the names of files and boot entries. */
  readonly hostName: string;
  /** Debian packages, sorted. */
  readonly packages: readonly string[];
  /** Kernel modules that the initrd must hold. */
  readonly initrdModules: readonly string[];
  /** Kernel parameters as declared; `root=` and `init=` are the image builder's. */
  readonly kernelParams: readonly string[];
  readonly loader: {
    readonly type: 'systemd-boot';
    /** Seconds; 0 boots at once, null waits for ever (systemd-boot's `menu-force`). */
    readonly timeout: number | null;
    readonly editor: boolean;
    /** Where the ESP is mounted: `/boot`. */
    readonly espMountpoint: string;
  };
  readonly disk: DiskLayout;
  readonly files: readonly ImageFile[];
}
