/**
 * Where sgdisk puts a partition. disko calls sgdisk once for each, with `--align-end --new=<number>:<start>:<end>`;
 * this says beforehand what comes of it. Source: sgdisk(8) and the behaviour of GPT fdisk 1.0.9, against which the
 * tests hold every answer.
 */

/** Sectors of 512 bytes, both ends included. */
export interface Extent {
  readonly first: number;
  readonly last: number;
}

export interface NewPartition {
  /** sgdisk's notation: `0` (the default), `2048s`, `1M`, `+1M`, `-1G`. */
  readonly start: string;
  readonly end: string;
  /** Sectors, as `--set-alignment`; undefined: sgdisk's own choice. */
  readonly alignment?: number | undefined;
}

export const sectorBytes = 512;

/** The protective MBR, the header and 128 entries take this much at the front. */
const firstUsable = 34;
/** The second header and its entries, at the end of the disk. */
const tailSectors = 33;
const defaultAlignment = 2048;
/** From this size on sgdisk takes a disk to have sectors of 4096 bytes inside. */
const smallestAdvancedFormat = 586_072_368;

/** A partition table that is filled one partition after the other. */
export class GptSpace {
  readonly #lastUsable: number;
  readonly #diskSectors: number;
  readonly #used: Extent[] = [];

  constructor(diskBytes: number) {
    this.#diskSectors = Math.floor(diskBytes / sectorBytes);
    this.#lastUsable = this.#diskSectors - tailSectors - 1;
  }

  /** What partitions may occupy. */
  get usable(): Extent {
    return { first: firstUsable, last: this.#lastUsable };
  }

  /** The largest stretch without a partition; undefined on a full disk. */
  largestFree(): Extent | undefined {
    const first = this.#firstInLargest();
    return first === 0 ? undefined : { first, last: this.#lastInFree(first) };
  }

  /** The extent that a partition would get if it fitted: what overlaps and what is too large shows here. */
  wanted(partition: NewPartition): Extent | undefined {
    const alignment = partition.alignment ?? this.#computeAlignment();
    const low = this.#align(this.#firstInLargest(), alignment);
    const high = this.#alignedLastInFree(low, alignment);
    const start = sectorOf(partition.start, { low, high, alignment, default: low });
    if (start === undefined) return undefined;
    // The end counts from the start as it was asked for, which may yet be moved to an aligned sector.
    const end = sectorOf(partition.end, { low: start, high, alignment, default: high });
    return end === undefined ? undefined : { first: this.#align(start, alignment), last: end };
  }

  /** Adds a partition. Undefined when sgdisk would refuse it; nothing is added then. */
  add(partition: NewPartition): Extent | undefined {
    const extent = this.wanted(partition);
    if (extent === undefined || !this.#fits(extent)) return undefined;
    this.#used.push(extent);
    return extent;
  }

  #fits({ first, last }: Extent): boolean {
    return this.#isFree(first) && first <= last && this.#lastInFree(first) >= last;
  }

  #isFree(sector: number): boolean {
    return (
      sector >= firstUsable &&
      sector <= this.#lastUsable &&
      !this.#used.some(({ first, last }) => sector >= first && sector <= last)
    );
  }

  #allFree(first: number, last: number): boolean {
    return (
      first >= firstUsable &&
      last <= this.#lastUsable &&
      !this.#used.some((used) => used.first <= last && used.last >= first)
    );
  }

  /** The sector itself when it is aligned; else the aligned one before it, else the one after it, where these are free. */
  #align(sector: number, alignment: number): number {
    if (sector % alignment === 0) return sector;
    const earlier = sector - (sector % alignment);
    if (this.#allFree(earlier, sector - 1)) return earlier;
    const later = earlier + alignment;
    return this.#allFree(sector + 1, later) ? later : sector;
  }

  #firstAvailable(from: number): number {
    const sorted = [...this.#used].sort((a, b) => a.first - b.first);
    const first = sorted.reduce(
      (at, used) => (at >= used.first && at <= used.last ? used.last + 1 : at),
      Math.max(from, firstUsable),
    );
    return first > this.#lastUsable ? 0 : first;
  }

  #firstInLargest(): number {
    let largest = { first: 0, sectors: 0 };
    let from = 0;
    for (;;) {
      const first = this.#firstAvailable(from);
      if (first === 0) return largest.first;
      const last = this.#lastInFree(first);
      if (last - first + 1 > largest.sectors) largest = { first, sectors: last - first + 1 };
      from = last + 1;
    }
  }

  #lastInFree(start: number): number {
    const next = this.#used.map(({ first }) => first).filter((first) => first > start);
    return Math.min(this.#lastUsable, ...next.map((first) => first - 1));
  }

  #alignedLastInFree(start: number, alignment: number): number {
    const last = this.#lastInFree(start);
    const end = this.#align(last + 1, alignment);
    return end !== last + 1 && this.#isFree(end - 1) && end > start ? end - 1 : last;
  }

  /** What all partitions so far keep to, up to 1 MiB: sgdisk works it out anew each time it reads the disk. */
  #computeAlignment(): number {
    let alignment = defaultAlignment;
    for (const { first } of this.#used) while (first % alignment !== 0) alignment /= 2;
    return this.#diskSectors >= smallestAdvancedFormat ? Math.max(alignment, 8) : alignment;
  }
}

interface SectorRange {
  readonly low: number;
  readonly high: number;
  readonly alignment: number;
  readonly default: number;
}

const notation = /^([+-]?)(\d*)(?:([KMGTP])|s)?$/i;

/** Whether a text is a place in sgdisk's notation. */
export function isSectorNotation(text: string): boolean {
  return notation.test(text);
}

/**
 * A place in sgdisk's notation as a sector. Nothing and zero mean the default; a unit counts powers of 1024 bytes, and
 * a bare number sectors; `+` counts from the start, `-` from the end.
 */
function sectorOf(text: string, range: SectorRange): number | undefined {
  const match = notation.exec(text);
  if (!match) return undefined;
  const [, sign, digits, unit = ''] = match;
  const count = Number(digits);
  if (count === 0) return range.default;
  const power = unit === '' ? 0 : 'KMGTP'.indexOf(unit.toUpperCase()) + 1;
  const sectors = power === 0 ? count : (count * 1024 ** power) / sectorBytes;
  if (sign === '-') return sectors > range.high ? undefined : range.high - sectors;
  if (sign !== '+') return sectors;
  // The end of a partition: the default is the highest place, and `+512M` counts the first sector in.
  if (range.high - range.default < range.alignment) return range.low + sectors - 1;
  return range.default + sectors;
}
