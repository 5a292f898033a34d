import { describe, expect, it } from 'vitest';
import { disko } from '../../src/services/disko.ts';
import type { Service } from '../../src/services/service.ts';
import { guest, idsOf, isInSurface, probeOf, probesOf } from './support.ts';

const service = disko as unknown as Service;
const probes = probesOf(service, {});
const disk = 'disko.devices.disk.main';
const MiB = 2 ** 20;

describe('the disk', () => {
  it('has its partitions proven by label, type, place and size', () => {
    expect(probeOf(probes, 'disko/partition-ESP')).toMatchObject({
      params: {
        device: '/dev/vda1',
        label: 'disk-main-ESP',
        typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
        sectors: (512 * MiB) / 512,
      },
    });
    expect(probeOf(probes, 'disko/partition-ESP').proves).toEqual([
      `${disk}.device`,
      `${disk}.type`,
      `${disk}.content.type`,
      ...['size', 'type', 'label', 'start', 'end', 'priority'].map(
        (name) => `${disk}.content.partitions.ESP.${name}`,
      ),
    ]);
    expect(probeOf(probes, 'disko/partition-root').params).toMatchObject({
      device: '/dev/vda2',
      label: 'disk-main-root',
    });
  });

  it('has its file systems proven where they are mounted, by the labels that disko gives', () => {
    expect(probeOf(probes, 'disko/mount-root').params).toEqual({
      mountpoint: '/',
      device: '/dev/vda2',
      format: 'ext4',
      label: 'disk-main-root',
      options: ['defaults'],
    });
    expect(probeOf(probes, 'disko/mount-ESP').params).toMatchObject({
      mountpoint: '/boot',
      format: 'vfat',
      options: ['umask=0077'],
    });
  });

  it('has each probe name what it shows, and nothing beside it', () => {
    const own = `${disk}.content.partitions.root`;
    expect(probeOf(probes, 'disko/mount-root').proves).toEqual([
      `${own}.content.type`,
      `${own}.content.format`,
      `${own}.content.mountpoint`,
      `${own}.content.mountOptions`,
    ]);
    expect(probeOf(probes, 'disko/size-root').proves).toEqual([`${own}.size`]);
    for (const path of probes.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('has the size of a file system asked for after its mount, and what is not the root after the boot', () => {
    expect(probeOf(probes, 'disko/size-root').after).toEqual(['disko/mount-root']);
    expect(probeOf(probes, 'disko/mount-root').after).toEqual([]);
    expect(probeOf(probes, 'disko/mount-ESP').after).toEqual(['boot/multi-user']);
  });

  it('has a partition that is not mounted proven as a partition alone', () => {
    const [first] = guest.disk?.partitions ?? [];
    if (guest.disk === undefined || first === undefined) throw new Error('no disk');
    const bare = { ...guest.disk, partitions: [{ ...first, name: 'spare', content: undefined }] };
    expect(idsOf(probesOf(service, {}, { ...guest, disk: bare }))).toEqual(['disko/partition-spare']);
  });

  it('has no probes when there is none', () => {
    expect(probesOf(service, {}, { ...guest, disk: undefined })).toEqual([]);
  });

  it('is made by the image builder, not by files', () => {
    expect(disko.realise).toBeUndefined();
  });
});
