import { describe, expect, it } from 'vitest';
import { asShown, fileSystem } from '../../src/probes/kinds/file-system.ts';
import { fakeTarget } from './fake-target.ts';

const mountinfo = `22 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw
40 22 0:35 / /srv/cache rw,nosuid,relatime shared:20 - tmpfs tmpfs rw,size=65536k,mode=750
41 22 254:2 /srv /export ro,relatime shared:21 - ext4 /dev/vda2 rw
43 22 254:2 /srv /again rw,relatime shared:21 - ext4 /dev/vda2 rw
44 22 0:37 / /frozen ro,relatime shared:23 - tmpfs tmpfs rw,size=65536k
45 22 254:2 /srv/ice /srv/ice ro shared:24 - ext4 /dev/vda2 rw
46 22 254:2 /srv/ice/block /libraries ro shared:24 - ext4 /dev/vda2 rw
42 22 0:36 / /with\\040space rw shared:22 - tmpfs tmpfs rw
`;

const look = (mountpoint: string, more: object = {}) =>
  fileSystem.observe(fakeTarget({ files: { '/proc/self/mountinfo': mountinfo } }), {
    mountpoint,
    kind: 'device',
    format: 'tmpfs',
    source: 'tmpfs',
    mountOptions: [],
    ...more,
  });

describe('file-system', () => {
  it.each([
    ['/srv/cache', { mountOptions: ['size=64m', 'mode=0750', 'nosuid'] }, 'passed'],
    ['/srv/cache', { mountOptions: ['size=65536k'] }, 'passed'],
    ['/srv/cache', { mountOptions: ['size=32m'] }, 'failed'],
    ['/srv/cache', { mountOptions: ['noexec'] }, 'failed'],
    ['/srv/cache', { format: 'ramfs' }, 'failed'],
    ['/srv', {}, 'failed'],
    ['/with space', {}, 'passed'],
    ['/export', { kind: 'bind', format: '', source: '/srv', mountOptions: ['ro'] }, 'passed'],
    ['/export', { kind: 'bind', format: '', source: '/home', mountOptions: ['ro'] }, 'failed'],
    ['/export', { kind: 'bind', format: '', source: '/srv', mountOptions: ['noexec'] }, 'failed'],
    // Nobody declared these read-only.
    ['/frozen', {}, 'failed'],
    ['/export', { kind: 'bind', format: '', source: '/srv' }, 'failed'],
    ['/again', { kind: 'bind', format: '', source: '/srv' }, 'passed'],
    // What is read-only where it comes from remains so.
    ['/libraries', { kind: 'bind', format: '', source: '/srv/ice/block' }, 'passed'],
  ])('%s as %o', async (mountpoint, params, verdict) => {
    expect(await look(mountpoint, params)).toMatchObject({ verdict });
  });

  it('says what is missing', async () => {
    expect((await look('/srv/cache', { mountOptions: ['noexec'] })).seen).toBe(
      'tmpfs, tmpfs, without noexec',
    );
    expect((await look('/none')).seen).toBe('not mounted');
    expect((await look('/frozen', { mountOptions: ['nodev'] })).seen).toBe(
      'tmpfs, tmpfs, without nodev, read-only',
    );
  });

  it('knows the forms in which the kernel shows options', () => {
    expect(['size=1g', 'size=2048', 'mode=0755', 'mode=1777', 'noatime'].map(asShown)).toEqual([
      'size=1048576k',
      'size=2k',
      'mode=755',
      'mode=1777',
      'noatime',
    ]);
  });
});
