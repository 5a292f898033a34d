/** DNS messages, as far as a question and its answer need them. Source: RFC 1035, RFC 3596. Pure. */

/** Record types by name, with their numbers. */
const typeNumbers = { A: 1, CNAME: 5, PTR: 12, TXT: 16, AAAA: 28 } as const;

export type DnsType = keyof typeof typeNumbers;

export const dnsTypes = Object.keys(typeNumbers) as readonly DnsType[];

/** Response codes by number; those beyond are shown as numbers. */
const responseCodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

export type DnsCode = (typeof responseCodes)[number];

export interface DnsAnswer {
  /** `NOERROR`, `NXDOMAIN`, …; the number where it has no name here. */
  readonly code: string;
  /** The data of the records of the type that was asked for, as a zone file has them. */
  readonly data: readonly string[];
}

/** A question as sent over TCP: two bytes of length, then the message, which asks for recursion. */
export function dnsQuestion(name: string, type: DnsType): Uint8Array {
  const labels = name.replace(/\.$/, '').split('.');
  const encoded = labels
    .filter((label) => label !== '')
    .flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  const flags = [0x01, 0x00];
  const counts = [0, 1, 0, 0, 0, 0, 0, 0];
  const message = [0x62, 0x70, ...flags, ...counts, ...encoded, 0, 0, typeNumbers[type], 0, 1];
  return Uint8Array.from([message.length >> 8, message.length & 0xff, ...message]);
}

/**
 * Reads an answer, without its two bytes of length.
 *
 * @throws RangeError when it is cut short or is no answer
 */
export function readDnsAnswer(message: Uint8Array, type: DnsType): DnsAnswer {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & 0x8000) === 0) throw new RangeError('the message is no answer');
  let at = 12;
  for (let question = 0; question < view.getUint16(4); question += 1) at = readName(view, at).next + 4;
  const data: string[] = [];
  for (let record = 0; record < view.getUint16(6); record += 1) {
    const start = readName(view, at).next;
    const length = view.getUint16(start + 8);
    if (view.getUint16(start) === typeNumbers[type]) data.push(readData(view, start + 10, length, type));
    at = start + 10 + length;
  }
  return { code: responseCodes[flags & 0xf] ?? String(flags & 0xf), data };
}

/** A name, which may end in a pointer to an earlier place, and where what follows it starts. */
function readName(view: DataView, from: number): { readonly name: string; readonly next: number } {
  const labels: string[] = [];
  let at = from;
  let next: number | undefined;
  // A name has at most 127 labels; pointers that go round never end.
  for (let step = 0; step < 256; step += 1) {
    const length = view.getUint8(at);
    if (length === 0) return { name: `${labels.join('.')}.`, next: next ?? at + 1 };
    if (length >= 0xc0) {
      next ??= at + 2;
      at = view.getUint16(at) & 0x3fff;
    } else {
      labels.push(readText(view, at + 1, length));
      at += 1 + length;
    }
  }
  throw new RangeError('a name of the message does not end');
}

function readText(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(Uint8Array.from({ length }, (_, index) => view.getUint8(at + index)));
}

function readData(view: DataView, at: number, length: number, type: DnsType): string {
  if (type === 'A') return Array.from({ length: 4 }, (_, index) => view.getUint8(at + index)).join('.');
  if (type === 'AAAA') {
    const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2).toString(16));
    return canonicalAddress(groups.join(':'));
  }
  if (type === 'TXT') {
    const texts: string[] = [];
    for (let here = at; here < at + length; here += 1 + view.getUint8(here)) {
      texts.push(readText(view, here + 1, view.getUint8(here)));
    }
    return texts.join('');
  }
  return readName(view, at).name;
}

/** An IPv6 address in its one canonical form (RFC 5952), so that two spellings of it are equal. */
export function canonicalAddress(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
