import { describe, expect, test } from 'vitest';
import { deriveMutations } from '../../../src/mutation/derive.ts';
import type { Mutation } from '../../../src/mutation/mutation.ts';
import { fileSystem } from '../../../src/probes/kinds/file-system.ts';
import { planHl02 } from '../../plan/support.ts';
import { fakeTarget } from '../../probes/fake-target.ts';

const hl02 = await planHl02();
const root = '22 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw';

const memory = fileSystem.probe({
  id: 'own/cache',
  params: {
    mountpoint: '/cache',
    kind: 'device',
    format: 'tmpfs',
    source: 'tmpfs',
    mountOptions: ['size=64m', 'nosuid', 'relatime'],
  },
  proves: [],
});
const bind = fileSystem.probe({
  id: 'own/photos',
  params: { mountpoint: '/export', kind: 'bind', format: '', source: '/srv/photos', mountOptions: ['ro'] },
  proves: [],
});

const { mutations } = deriveMutations({ ...hl02, probes: [memory, bind] });

function mutationOf(id: string): Mutation {
  const found = mutations.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no mutation ${id} among ${mutations.map((each) => each.id)}`);
  return found;
}

describe('a file system', () => {
  test('has a fault for each option that the kernel does not give by itself', () => {
    expect(mutations.map(({ id }) => id)).toEqual([
      'mount-none/cache',
      'mount-covered/cache',
      'mount-option/cache/size=64m',
      'mount-option/cache/nosuid',
      'mount-read-only/cache',
      'mount-none/export',
      'mount-covered/export',
      'mount-elsewhere/export',
      'mount-option/export/ro',
    ]);
  });

  // What /proc/self/mountinfo says of the place once the fault is made.
  test.each([
    ['mount-none/cache', ''],
    ['mount-covered/cache', '40 22 0:9 / /cache rw shared:9 - ramfs ramfs rw'],
    ['mount-option/cache/size=64m', '40 22 0:9 / /cache rw,nosuid,relatime shared:9 - tmpfs tmpfs rw'],
    ['mount-option/cache/nosuid', '40 22 0:9 / /cache rw,relatime shared:9 - tmpfs tmpfs rw,size=65536k'],
    ['mount-read-only/cache', '40 22 0:9 / /cache ro,nosuid,relatime shared:9 - tmpfs tmpfs ro,size=65536k'],
    ['mount-covered/export', '41 22 0:9 / /export rw shared:9 - tmpfs tmpfs rw'],
    ['mount-elsewhere/export', '41 22 254:2 /srv /export ro shared:9 - ext4 /dev/vda2 rw'],
    ['mount-option/export/ro', '41 22 254:2 /srv/photos /export rw shared:9 - ext4 /dev/vda2 rw'],
  ])('%s is what its probe is to see', async (id, line) => {
    const [{ probe, says } = { probe: memory, says: /^$/ }] = mutationOf(id).expects;
    const look = (lines: string) =>
      fileSystem.observe(
        fakeTarget({ files: { '/proc/self/mountinfo': `${root}\n${lines}\n` } }),
        probe.params as typeof memory.params,
      );
    const { verdict, seen } = await look(line);
    expect(verdict).toBe('failed');
    expect(seen).toMatch(says);
  });

  test('is mounted anew as it was, but for what is wrong', () => {
    const commands = (id: string) => {
      const { fault } = mutationOf(id);
      return fault.type === 'running' ? fault.command.split('\n').slice(2) : [];
    };
    expect(commands('mount-option/cache/nosuid')).toEqual([
      'umount /cache',
      'mount -t tmpfs -o size=64m,relatime tmpfs /cache',
    ]);
    expect(commands('mount-elsewhere/export')).toEqual(['umount /export', 'mount -o bind,ro /srv /export']);
    expect(commands('mount-option/export/ro')).toEqual([
      'umount /export',
      'mount -o bind /srv/photos /export',
    ]);
  });
});
