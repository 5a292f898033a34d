import type { Fault } from '../base/errors.ts';
import type { SourcePlace } from '../options/type.ts';

/** Ends the evaluation of one place after its fault was recorded; others go on. */
export class Poisoned extends Error {}

/** Ends a computed default that asked for a value which Nix alone knows. */
export class NixOnlyRead extends Error {
  readonly option: string;

  constructor(option: string) {
    super(`${option} is known to Nix only`);
    this.option = option;
  }
}

/** Gathers the faults of an evaluation; the same fault found twice counts once. */
export class FaultList {
  readonly #faults = new Map<string, Fault>();
  readonly #root: string | undefined;
  readonly #home: string | undefined;

  /**
   * @param root a folder that file names are shown relative to
   * @param home the file that a fault belongs to which no definition caused: an option that must be set
   */
  constructor(root: string | undefined, home?: string) {
    this.#home = home;
    this.#root = root === undefined || root.endsWith('/') ? root : `${root}/`;
  }

  add(fault: Fault): void {
    const key = JSON.stringify([fault.files, fault.option, fault.value, fault.reason]);
    if (!this.#faults.has(key)) this.#faults.set(key, fault);
  }

  /** `hosts/hl02/configuration.ts:12` */
  place({ file, line }: SourcePlace): string {
    const shown =
      this.#root !== undefined && file.startsWith(this.#root) ? file.slice(this.#root.length) : file;
    return line === undefined ? shown : `${shown}:${line}`;
  }

  /** The file of what is missing everywhere. */
  get home(): string {
    return this.#home === undefined ? '(no module)' : this.place({ file: this.#home, line: undefined });
  }

  places(places: readonly SourcePlace[]): string[] {
    return [...new Set(places.map((place) => this.place(place)))];
  }

  get count(): number {
    return this.#faults.size;
  }

  /** Ordered by option, then by place, so that two runs print the same. */
  sorted(): readonly Fault[] {
    const key = (fault: Fault): string =>
      JSON.stringify([fault.option ?? '', fault.files, fault.value, fault.reason]);
    return [...this.#faults.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}
