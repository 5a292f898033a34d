/** One file that the declaration gives. */
export interface EmittedFile {
  /** Its text; on disk in UTF-8. */
  readonly text: string;
  /** The file of the homelab that it comes from (`config/hosts/hl02/disko.ts`), for messages. */
  readonly from: string;
  /**
   * Written only when it is missing, and never looked at again: `flake.lock` belongs to Nix afterwards. Such a file is
   * not in the record, so it is never removed either. False unless told.
   */
  readonly keep?: boolean;
}

/** The files that the declaration gives, by path below the emitted folder, with `/` between its parts. */
export type EmittedTree = ReadonlyMap<string, EmittedFile>;
