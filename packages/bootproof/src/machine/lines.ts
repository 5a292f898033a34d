/**
 * Cuts a stream of bytes into lines at each line feed, however it was split into chunks on its way. Lines come without
 * their end.
 */
export class LineSplitter {
  #parts: Buffer[] = [];
  #bytes = 0;
  readonly #longest: number;

  /** @param longest bytes of a line; a longer one is a broken peer and throws. 64 MiB, above the agent's 48 MiB reads. */
  constructor(longest = 64 * 2 ** 20) {
    this.#longest = longest;
  }

  /** The lines that this chunk completes. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      lines.push(Buffer.concat([...this.#parts, chunk.subarray(start, end)]));
      this.clear();
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (rest.length > 0) this.#parts.push(rest);
    this.#bytes += rest.length;
    if (this.#bytes > this.#longest) throw new Error(`a line is longer than ${this.#longest} bytes`);
    return lines;
  }

  /** Forgets the unfinished line. */
  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
