/** Addresses as numbers, to tell which subnet one lies in. */

const octets = (address: string): number[] => address.split('.').map(Number);

/** The groups of an IPv6 address, `::` written out; an IPv4 address at its end as two of them. */
function groups(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const read = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = octets(group);
          return [a * 256 + b, c * 256 + d];
        });
  const [before, after] = [read(head), tail === undefined ? [] : read(tail)];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

interface Bits {
  readonly length: 32 | 128;
  readonly value: bigint;
}

const fold = (parts: readonly number[], width: bigint): bigint =>
  parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n);

/** Undefined where the text is no address. */
function bitsOf(address: string): Bits | undefined {
  const six = address.includes(':');
  const parts = six ? groups(address) : octets(address);
  const largest = six ? 0xffff : 0xff;
  if (parts.length !== (six ? 8 : 4)) return undefined;
  if (!parts.every((part) => Number.isInteger(part) && part >= 0 && part <= largest)) return undefined;
  return six ? { length: 128, value: fold(parts, 16n) } : { length: 32, value: fold(parts, 8n) };
}

/** Whether an address lies in the subnet that another one with this prefix stands in. False where one is no address. */
export function inSubnet(
  address: string,
  subnet: { readonly address: string; readonly prefixLength: number },
): boolean {
  const [one, other] = [bitsOf(address), bitsOf(subnet.address)];
  if (one === undefined || other === undefined || one.length !== other.length) return false;
  const host = BigInt(one.length - subnet.prefixLength);
  return one.value >> host === other.value >> host;
}
