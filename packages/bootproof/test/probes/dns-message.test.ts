import { describe, expect, it } from 'vitest';
import { canonicalAddress, type DnsType, dnsQuestion, readDnsAnswer } from '../../src/probes/dns-message.ts';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));

/** An answer to a question for nas.lan, with records as hexadecimal text; names point back to the question's. */
const answer = (type: DnsType, records: readonly string[], flags = '8180'): Uint8Array => {
  const question = [...dnsQuestion('nas.lan', type).slice(14)].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const count = records.length.toString(16).padStart(4, '0');
  return bytes(`6270${flags}0001${count}00000000${question.join('')}${records.join('')}`);
};

const aRecord = 'c00c 0001 0001 0000003c 0004 c0a8030a';

describe('a question', () => {
  it('is a length, a header that asks for recursion, and the name label by label', () => {
    const message = dnsQuestion('nas.lan.', 'AAAA');
    expect(message).toEqual(bytes('0019 6270 0100 0001 0000 0000 0000 03 6e6173 03 6c616e 00 001c 0001'));
  });

  it('is the same with and without the dot at its end', () => {
    expect(dnsQuestion('nas.lan', 'A')).toEqual(dnsQuestion('nas.lan.', 'A'));
  });

  it('may ask for the root', () => {
    expect([...dnsQuestion('.', 'A').slice(14)]).toEqual([0, 0, 1, 0, 1]);
  });
});

describe('an answer', () => {
  it.each<[DnsType, string, readonly string[]]>([
    ['A', aRecord, ['192.168.3.10']],
    ['AAAA', 'c00c 001c 0001 0000003c 0010 fd000003000000000000000000000010', ['fd00:3::10']],
    ['CNAME', 'c00c 0005 0001 0000003c 0006 03777777 c00c', ['www.nas.lan.']],
    ['PTR', 'c00c 000c 0001 0000003c 0002 c010', ['lan.']],
    ['TXT', 'c00c 0010 0001 0000003c 0008 03 613d31 03 2c6232', ['a=1,b2']],
  ])('holds %s', (type, record, data) => {
    expect(readDnsAnswer(answer(type, [record]), type)).toEqual({ code: 'NOERROR', data });
  });

  it('may hold several records, of which only those of the type count', () => {
    const alias = 'c00c 0005 0001 0000003c 0002 c010';
    const other = 'c00c 0001 0001 0000003c 0004 0a000001';
    expect(readDnsAnswer(answer('A', [alias, aRecord, other]), 'A').data).toEqual([
      '192.168.3.10',
      '10.0.0.1',
    ]);
  });

  it.each([
    ['8183', 'NXDOMAIN'],
    ['8182', 'SERVFAIL'],
    ['8185', 'REFUSED'],
    ['818a', '10'],
  ])('with flags %s says %s', (flags, code) => {
    expect(readDnsAnswer(answer('A', [], flags), 'A')).toEqual({ code, data: [] });
  });

  it('is refused when it is cut short, goes round in circles, or is a question', () => {
    expect(() => readDnsAnswer(answer('A', [aRecord]).slice(0, -2), 'A')).toThrow(RangeError);
    expect(() => readDnsAnswer(answer('PTR', ['c00c 000c 0001 0000003c 0002 c025']), 'PTR')).toThrow(
      'does not end',
    );
    expect(() => readDnsAnswer(answer('A', [], '0180'), 'A')).toThrow('no answer');
  });
});

it.each([
  ['fd00:3:0:0:0:0:0:10', 'fd00:3::10'],
  ['FD00:3::0010', 'fd00:3::10'],
  ['0:0:0:0:0:0:0:1', '::1'],
])('the address %s is %s', (given, canonical) => {
  expect(canonicalAddress(given)).toBe(canonical);
});
