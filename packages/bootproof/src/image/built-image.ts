import type { ImageManifest } from './manifest.ts';

/** What every image has, whoever built it. */
interface Image {
  /** A qcow2 file. It must not be written to: boot it as the backing file of an overlay. */
  readonly path: string;
  /** What tells it from other images: equal keys are the same build. */
  readonly key: string;
  readonly sha256: string;
  /** What it holds of identity and access, read from it before any machine ran from it. */
  readonly inspection: ImageManifest['inspection'];
  /** It was there already, and nothing was built. */
  readonly fromCache: boolean;
  /** What the user should know: a damaged cache entry, modules that the stand-in's kernel lacks. */
  readonly notes: readonly string[];
}

/** A Debian stand-in: a file of the cache, verified against its checksum within the call that gave it. */
export interface StandInImage extends Image {
  readonly kind: 'stand-in';
  readonly manifest: ImageManifest;
}

/** NixOS itself, built by Nix with disko: a file of Nix's store, which nobody writes to and Nix vouches for. */
export interface NixosImage extends Image {
  readonly kind: 'nixos';
  /** The path in Nix's store that holds the image. */
  readonly storePath: string;
}

export type BuiltImage = StandInImage | NixosImage;
