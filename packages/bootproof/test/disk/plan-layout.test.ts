import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiskoDevices, DiskoPartition } from '../../src/disk/disko.ts';
import { defaultLabel, resolvePartitions } from '../../src/disk/disko.ts';
import { type DiskPlanInput, planDisk } from '../../src/disk/plan-layout.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const esp: DiskoPartition = {
  size: '512M',
  type: 'EF00',
  content: { type: 'filesystem', format: 'vfat', mountpoint: '/boot', mountOptions: ['umask=0077'] },
};
const root: DiskoPartition = {
  size: '100%',
  content: { type: 'filesystem', format: 'ext4', mountpoint: '/' },
};

function devices(partitions: Record<string, DiskoPartition>, device = '/dev/vda'): DiskoDevices {
  return { disk: { main: { device, content: { type: 'gpt', partitions } } } };
}

function plan(given: DiskoDevices, options: Partial<DiskPlanInput> & { sizeBytes?: number } = {}) {
  const { sizeBytes = 32 * GiB, ...rest } = options;
  return planDisk({
    devices: given,
    sizeOf: (device) => (device === '/dev/vda' ? sizeBytes : undefined),
    bios: 'ovmf',
    filesOf: (option) => [`disko.ts#${option}`],
    vmFilesOf: () => ['vm.ts'],
    ...rest,
  });
}

const partitionsPath = 'disko.devices.disk.main.content.partitions';

/** The one fault of a plan; more or fewer fail the test. */
function onlyFault(...args: Parameters<typeof plan>) {
  const { faults } = plan(...args);
  expect(faults).toHaveLength(1);
  return faults[0];
}

describe('a disk of an ESP and a root', () => {
  it('has every partition with its place, label and type', () => {
    expect(plan(devices({ ESP: esp, root }))).toEqual({
      faults: [],
      layouts: [
        {
          name: 'main',
          device: '/dev/vda',
          sizeBytes: 32 * GiB,
          sectorBytes: 512,
          partitions: [
            {
              name: 'ESP',
              number: 1,
              label: 'disk-main-ESP',
              typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
              startSector: 2048,
              sectors: 1_048_576,
              content: {
                type: 'filesystem',
                format: 'vfat',
                mountpoint: '/boot',
                mountOptions: ['umask=0077'],
                extraArgs: [],
              },
            },
            {
              name: 'root',
              number: 2,
              label: 'disk-main-root',
              typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
              startSector: 1_050_624,
              // Up to the last whole MiB before the second table.
              sectors: 32 * 2 ** 21 - 2048 - 1_050_624,
              content: {
                type: 'filesystem',
                format: 'ext4',
                mountpoint: '/',
                mountOptions: ['defaults'],
                extraArgs: [],
              },
            },
          ],
        },
      ],
    });
  });

  it('is the same with the nulls that resolved options have', () => {
    const nulls = { label: null, priority: null, end: null, start: '0' };
    expect(plan(devices({ ESP: { ...esp, ...nulls }, root: { ...root, ...nulls } }))).toEqual(
      plan(devices({ ESP: esp, root })),
    );
  });

  it('is numbered by priority and then by name, byte by byte', () => {
    const order = (partitions: Record<string, DiskoPartition>) =>
      resolvePartitions('main', partitions).map(({ name }) => name);
    expect(order({ root, b: {}, a: {}, Z: {}, bios: { size: '1M', type: 'EF02' } })).toEqual([
      'bios',
      'Z',
      'a',
      'b',
      'root',
    ]);
    expect(order({ a: {}, first: { priority: 1 } })).toEqual(['first', 'a']);
  });

  it('shortens a long label as disko does', () => {
    expect(defaultLabel('main', 'root')).toBe('disk-main-root');
    expect(defaultLabel('a', 'b'.repeat(29))).toBe(`disk-a-${'b'.repeat(29)}`);
    // nix eval: builtins.substring 0 36 (builtins.hashString "sha256" "disk-a-bbb…")
    expect(defaultLabel('a', 'b'.repeat(30))).toMatch(/^[0-9a-f]{36}$/);
  });
});

describe('what is wrong with a disk', () => {
  it('a 512M ESP on a 256M disk', () => {
    const { layouts, faults } = plan(devices({ ESP: esp, root }), { sizeBytes: 256 * MiB });
    expect(layouts).toEqual([]);
    expect(faults).toEqual([
      {
        files: [`disko.ts#${partitionsPath}.ESP`, 'vm.ts'],
        option: `${partitionsPath}.ESP`,
        value: "size '512M'",
        reason: 'a partition of 512M does not fit on /dev/vda of 256M: 254M are left.',
        remedy: "Give the partition less, or give the VM's disk a larger size.",
      },
    ]);
  });

  it('nothing left for what takes the rest', () => {
    const full = { ...esp, size: '1022M' };
    expect(onlyFault(devices({ ESP: full, root }), { sizeBytes: GiB })).toMatchObject({
      option: `${partitionsPath}.root`,
      reason: expect.stringContaining('does not fit on /dev/vda of 1G: nothing is left'),
    });
    expect(onlyFault(devices({ ESP: esp, a: { size: '100%' }, root }))).toMatchObject({
      option: `${partitionsPath}.root`,
    });
  });

  it('sizes that overlap', () => {
    const first = { ...esp, start: '1M', end: '600M' };
    const second = { ...root, start: '500M', end: '-0' };
    expect(onlyFault(devices({ ESP: first, root: second }))).toMatchObject({
      option: `${partitionsPath}.root`,
      value: "start '500M', end '-0'",
      reason: expect.stringMatching(
        /^it wants sectors 1024000 to \d+, and ESP already has sectors 2048 to 1228800/,
      ),
    });
  });

  it('two roots', () => {
    expect(onlyFault(devices({ ESP: esp, a: { ...root, size: '1G' }, root }))).toMatchObject({
      option: `${partitionsPath}.a.content.mountpoint and ${partitionsPath}.root.content.mountpoint`,
      reason: 'there can be only one root file system.',
    });
  });

  it('two mounts at one place, written differently', () => {
    const at = (mountpoint: string) => ({
      size: '1G',
      content: { type: 'filesystem', format: 'ext4', mountpoint },
    });
    expect(onlyFault(devices({ ESP: esp, a: at('/srv'), b: at('/srv/'), root }))).toMatchObject({
      value: "'/srv'",
    });
  });

  it('no root', () => {
    expect(onlyFault(devices({ ESP: esp }))).toMatchObject({
      reason: expect.stringContaining('there is no root file system'),
    });
  });

  it('no ESP with OVMF, and none needed with SeaBIOS', () => {
    expect(onlyFault(devices({ root }))).toMatchObject({
      reason: expect.stringContaining('no partition is an EFI system partition'),
    });
    expect(plan(devices({ root }), { bios: 'seabios' }).faults).toEqual([]);
  });

  it('an ESP that is not mounted where the boot loader goes', () => {
    expect(onlyFault(devices({ ESP: esp, root }), { espMountpoint: '/efi' })).toMatchObject({
      value: "'/boot'",
      remedy: expect.stringContaining("'/efi'"),
    });
    expect(plan(devices({ ESP: esp, root }), { espMountpoint: '/boot' }).faults).toEqual([]);
  });

  it.each([
    ['an unknown type', { type: 'EF0O' }, 'type', 'EF00'],
    ['a size that is none', { size: '12 Megs' }, 'size', 'number'],
    ['an empty partition', { size: '0M' }, 'size', '100%'],
    ['a start that is no place', { start: 'here' }, 'start', '2048s'],
    ['an end that is no place', { end: 'there' }, 'end', '2048s'],
    ['a label that is too long', { label: 'x'.repeat(37) }, 'label', 'shorter'],
    ['a label with a quote', { label: 'a"b' }, 'label', 'plain'],
    ['a label with a line break', { label: 'a\nb' }, 'label', 'plain'],
    ['no format', { content: { type: 'filesystem', mountpoint: '/srv' } }, 'content.format', 'ext4'],
    [
      'a relative mountpoint',
      { content: { type: 'filesystem', format: 'ext4', mountpoint: 'srv' } },
      'content.mountpoint',
      'slash',
    ],
  ])('%s', (_name, given, option, remedy) => {
    expect(onlyFault(devices({ ESP: esp, data: { size: '1G', ...given }, root }))).toMatchObject({
      files: [`disko.ts#${partitionsPath}.data.${option}`],
      option: `${partitionsPath}.data.${option}`,
      remedy: expect.stringContaining(remedy),
    });
  });

  it('two partitions of one label', () => {
    const same = { size: '1G', label: 'data' };
    expect(onlyFault(devices({ ESP: esp, a: same, b: same, root }))).toMatchObject({ value: "'data'" });
  });

  it.each(['luks', 'lvm_pv', 'swap', 'zfs', 'mdraid', 'btrfs', 'bcachefs'])('content of %s', (type) => {
    expect(onlyFault(devices({ ESP: esp, data: { size: '1G', content: { type } }, root }))).toMatchObject({
      option: `${partitionsPath}.data.content`,
      reason: expect.stringContaining(`'${type}' is not realised by the stand-in`),
    });
  });

  it('a disk without a GPT, and pools', () => {
    const whole = { disk: { main: { device: '/dev/vda', content: { type: 'luks' } } } };
    expect(plan(whole).faults.map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining("'luks' is not realised"),
    );
    const pool = { ...devices({ ESP: esp, root }), zpool: { tank: {} }, nodev: {} };
    expect(onlyFault(pool)).toMatchObject({ option: 'disko.devices.zpool' });
  });

  it('all of it at once', () => {
    const { faults } = plan(devices({ a: { size: 'much' }, b: { type: 'zz' }, c: { size: '99G' } }));
    expect(faults.map(({ option }) => option)).toEqual([
      `${partitionsPath}.a.size`,
      `${partitionsPath}.b.type`,
      `${partitionsPath}.c`,
      'disko.devices.disk',
      'disko.devices.disk',
    ]);
  });

  it('but says nothing of a disk that the VM does not have, and of no disk at all', () => {
    expect(plan({})).toEqual({ layouts: [], faults: [] });
    expect(plan(devices({ ESP: esp, root }, '/dev/vdb'))).toEqual({ layouts: [], faults: [] });
  });
});

it('puts the disk with the root first', () => {
  const two = {
    disk: {
      data: {
        device: '/dev/vdb',
        content: {
          type: 'gpt',
          partitions: {
            a: { size: '100%', content: { type: 'filesystem', format: 'ext4', mountpoint: '/srv' } },
          },
        },
      },
      main: { device: '/dev/vda', content: { type: 'gpt', partitions: { ESP: esp, root } } },
    },
  };
  const { layouts, faults } = plan(two, { sizeOf: () => GiB });
  expect(faults).toEqual([]);
  expect(layouts.map(({ name }) => name)).toEqual(['main', 'data']);
});

describe('any partitions', () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 3000 }).map((n) => `${n}M`),
    fc.constant('100%'),
  );

  it('never overlap, stay where a GPT has room, and are aligned to 1 MiB; all fit or the plan says which does not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 8192 }),
        fc.array(size, { minLength: 1, maxLength: 8 }),
        (mebibytes, sizes) => {
          const partitions = Object.fromEntries(
            sizes.map((each, index) => [`p${index}`, index === 0 ? { ...root, size: each } : { size: each }]),
          );
          const { layouts, faults } = plan(devices(partitions), {
            sizeBytes: mebibytes * MiB,
            bios: 'seabios',
          });
          const fixed = sizes.filter((each) => each !== '100%').map((each) => Number.parseInt(each, 10));
          const rests = sizes.length - fixed.length;
          // The first MiB and the last hold the tables; what takes the rest wants a MiB at least.
          const fits = rests <= 1 && fixed.reduce((a, b) => a + b, 0) + rests <= mebibytes - 2;
          expect(layouts.length === 1).toBe(faults.length === 0);
          if (fits) expect(faults).toEqual([]);
          const laidOut = [...(layouts[0]?.partitions ?? [])].sort((a, b) => a.startSector - b.startSector);
          for (const [index, { startSector, sectors }] of laidOut.entries()) {
            const end = startSector + sectors;
            expect(startSector % 2048).toBe(0);
            expect(startSector).toBeGreaterThanOrEqual(34);
            expect(sectors).toBeGreaterThanOrEqual(1);
            expect(end).toBeLessThanOrEqual(mebibytes * 2048 - 33);
            expect(end).toBeLessThanOrEqual(laidOut[index + 1]?.startSector ?? end);
          }
        },
      ),
    );
  });
});
