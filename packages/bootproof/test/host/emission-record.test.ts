import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRecord, parseRecord, sameEntries, sha256 } from '../../src/host/emission-record.ts';
import { isPlainPath } from '../../src/host/plain-path.ts';

describe('the record', () => {
  it('reads back what was written, for any path', () => {
    const path = fc
      .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '10', '9'))
      .filter(isPlainPath);
    const entries = fc
      .array(fc.tuple(path, fc.string().map(sha256)), { maxLength: 10 })
      .map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(entries, (given) => {
        const read = parseRecord(formatRecord(given));
        expect(read.kind).toBe('read');
        expect(sameEntries(read.entries, given)).toBe(true);
      }),
    );
  });

  it('is the same text for the same entries in any order', () => {
    const hash = sha256('');
    const text = formatRecord(new Map([...'bca'].map((path) => [path, hash])));
    expect(text).toBe(formatRecord(new Map([...'abc'].map((path) => [path, hash]))));
    expect(text.indexOf('"a"')).toBeLessThan(text.indexOf('"b"'));
  });

  it('tells two records apart by a path, a hash or their length', () => {
    const one = new Map([['a', '1']]);
    expect(sameEntries(one, new Map([['a', '1']]))).toBe(true);
    expect(sameEntries(one, new Map([['a', '2']]))).toBe(false);
    expect(sameEntries(one, new Map([['b', '1']]))).toBe(false);
    expect(sameEntries(one, new Map([...one, ['b', '1']]))).toBe(false);
    expect(sameEntries(new Map([...one, ['b', '1']]), one)).toBe(false);
  });

  it('hashes as sha256sum does', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('ü')).toBe(sha256(Buffer.from([0xc3, 0xbc])));
  });
});
