import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DiskoPartition, resolvePartitions } from '../../src/disk/disko.ts';
import { GptSpace } from '../../src/disk/sgdisk.ts';
import { knownTypeCodes, typeGuidOf } from '../../src/disk/type-codes.ts';
import { sgdiskTypeGuids, withSgdisk } from './sgdisk-oracle.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

type Placed = ({ readonly start: number; readonly size: number } | null)[];

/** What we compute, in the oracle's shape. */
function computed(sizeBytes: number, partitions: Record<string, DiskoPartition>): Placed {
  const space = new GptSpace(sizeBytes);
  return resolvePartitions('main', partitions).map((partition) => {
    const extent = space.add(partition);
    return extent ? { start: extent.first, size: extent.last - extent.first + 1 } : null;
  });
}

async function real(sizeBytes: number, partitions: Record<string, DiskoPartition>): Promise<Placed> {
  const made = await withSgdisk(sizeBytes, resolvePartitions('main', partitions));
  return made.map((each) => (each === null ? null : { start: each.start, size: each.size }));
}

const cases: Record<string, [number, Record<string, DiskoPartition>]> = {
  'an ESP and the rest': [32 * GiB, { ESP: { size: '512M', type: 'EF00' }, root: { size: '100%' } }],
  'an end that is not aligned': [4 * GiB, { a: { size: '1000K' }, b: { size: '3M' }, c: { size: '100%' } }],
  'a size without a unit counts sectors': [GiB, { a: { size: '4096' }, b: { size: '100%' } }],
  'no size is what is left': [GiB, { a: { size: '100M' }, b: {} }],
  'a second partition finds nothing left': [GiB, { a: {}, b: {} }],
  'too large': [256 * MiB, { ESP: { size: '512M' }, root: { size: '100%' } }],
  'an empty one': [GiB, { a: { size: '0M' } }],
  'a start in sectors, aligned to one': [GiB, { a: { start: '2049s', size: '10M' }, b: { size: '20M' } }],
  'a start in bytes': [GiB, { a: { start: '5M', size: '10M' }, b: { size: '2M' }, c: { size: '100%' } }],
  'a start that is not aligned moves back': [GiB, { a: { start: '5000', size: '10M' } }],
  'a start that cannot move back moves on': [
    GiB,
    { a: { start: '2048s', end: '3000s' }, b: { start: '3001', size: '10M', alignment: 2048 } },
  ],
  'an end from the back': [GiB, { a: { end: '-200M' }, b: { size: '100%' } }],
  'ends from the back, in a gap': [
    GiB,
    {
      a: { start: '500M', size: '10M' },
      b: { end: '-100M', priority: 2000 },
      c: { end: '-0', priority: 3000 },
    },
  ],
  'one that starts in another': [GiB, { a: { start: '1M', size: '100M' }, b: { start: '50M', size: '10M' } }],
  'one that runs into another': [
    GiB,
    { a: { start: '100M', size: '100M' }, b: { start: '10M', end: '150M' } },
  ],
  'a start from the default': [GiB, { a: { start: '+10M', size: '5M' }, b: { size: '100%' } }],
  'the largest gap, not the first': [
    GiB,
    { a: { start: '100M', size: '10M' }, b: { start: '900M', size: '10M' }, c: { size: '20M' } },
  ],
  'a BIOS boot partition comes first': [GiB, { z: { size: '1M', type: 'EF02' }, a: { size: '100%' } }],
  'a disk of a size that is no whole MiB': [GiB + 12_345 * 512, { a: { size: '100%' } }],
  'a disk as large as those with 4 KiB sectors inside': [
    300 * GiB,
    { a: { start: '2049s', size: '10M' }, b: { size: '7000K' }, c: { size: '100%' } },
  ],
};

const number = fc.integer({ min: 1, max: 1200 });
const bytes = fc.oneof(
  number.map((n) => `${n}M`),
  number.map((n) => `${n}K`),
  number.map((n) => `${n * 7}`),
  fc.constant('0'),
);
const randomPartition = fc.record({
  size: fc.oneof(bytes, bytes, fc.constant('100%')),
  start: fc.oneof(
    { weight: 3, arbitrary: fc.constant('0') },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: number.map((n) => `${n * 99}s`) },
    { weight: 1, arbitrary: bytes.map((text) => `+${text}`) },
    { weight: 1, arbitrary: bytes.map((text) => `-${text}`) },
  ),
});
const randomDisk = fc.tuple(
  fc.integer({ min: 3 * 2048, max: 4 * 2 ** 21 }).map((sectors) => sectors * 512),
  fc
    .array(randomPartition, { minLength: 1, maxLength: 4 })
    .map(
      (list): Record<string, DiskoPartition> =>
        Object.fromEntries(list.map((each, index) => [`p${index}`, each])),
    ),
);

describe('against the real sgdisk (Debian package gdisk)', () => {
  const disks = fc.sample(randomDisk, 40);
  let realCases: Record<string, Placed>;
  let realDisks: Placed[];

  // All at once: most of the time sgdisk sleeps.
  beforeAll(async () => {
    [realCases, realDisks] = await Promise.all([
      Promise.all(
        Object.entries(cases).map(async ([name, given]) => [name, await real(...given)] as const),
      ).then(Object.fromEntries),
      Promise.all(disks.map((given) => real(...given))),
    ]);
  }, 60_000);

  it.each(Object.entries(cases))('%s', (name, given) => {
    expect(computed(...given)).toEqual(realCases[name]);
  });

  it('any partitions', () => {
    for (const [index, given] of disks.entries()) {
      expect({ given, placed: computed(...given) }).toEqual({ given, placed: realDisks[index] });
    }
  });

  it('every type code stands for the GUID that sgdisk writes', async () => {
    const written = await sgdiskTypeGuids(knownTypeCodes);
    expect(knownTypeCodes.map((code) => [code, typeGuidOf(code)])).toEqual(
      knownTypeCodes.map((code, index) => [code, written[index]]),
    );
  });
});
