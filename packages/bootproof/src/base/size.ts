/**
 * Sizes of disks, partitions and memory. Units are powers of 1024 throughout, as in Proxmox (`32G`), sgdisk (`512M`)
 * and QEMU.
 */

const unitBytes: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** The bytes that a size such as `512M` or `32G` stands for; undefined when the text is no size. A bare number counts bytes. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT])?(?:i?B)?$/.exec(text.trim());
  if (!match?.[1]) return undefined;
  const bytes = Number(match[1]) * (match[2] ? (unitBytes[match[2]] ?? 1) : 1);
  return Number.isInteger(bytes) ? bytes : Math.round(bytes);
}

/** The shortest text for a number of bytes, exact where a unit divides it: `512M`, `31.5G`. */
export function formatSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K']) {
    const size = unitBytes[unit] ?? 1;
    if (bytes >= size) return `${Number((bytes / size).toFixed(bytes % size === 0 ? 0 : 1))}${unit}`;
  }
  return `${bytes}B`;
}
