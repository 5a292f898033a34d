import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemPartitions } from '../../src/image/realisable.ts';
import { standInFiles } from '../../src/image/stand-in-files.ts';
import { imageFiles, readKernel, staticNodes } from '../../src/image/tree.ts';
import { writeFakeTree } from './fake-tools.ts';
import { smallRecipe } from './recipe.ts';

describe('staticNodes', () => {
  it('makes the nodes of modules.devname, and the folders that they are in', () => {
    const names =
      '# Device nodes to trigger on-demand module loading.\nfuse fuse c10:229\ntun net/tun c10:200\n';
    expect(staticNodes(names)).toBe(
      'c! /dev/fuse 0600 - - - 10:229\nd /dev/net 0755 - - -\nc! /dev/net/tun 0600 - - - 10:200\n',
    );
  });
});

describe('imageFiles', () => {
  const partitions = systemPartitions(smallRecipe);
  const at = (path: string, recipe = smallRecipe) =>
    imageFiles(recipe, partitions, { deviceNames: '' }).filter((file) => file.path === path);

  it('has one file a path, and the recipe has the last word', () => {
    expect(at('/etc/udev/udev.conf')).toMatchObject([{ text: 'children_max=2\n' }]);
    const own = { type: 'file', path: '/etc/udev/udev.conf', mode: 0o600, text: 'mine\n' } as const;
    expect(at('/etc/udev/udev.conf', { ...smallRecipe, files: [own] })).toEqual([own]);
  });

  it('mounts what the layout says', () => {
    expect(at('/etc/fstab')).toMatchObject([{ text: expect.stringContaining('disk-main-root / ext4') }]);
  });
});

describe('standInFiles', () => {
  const off = standInFiles.flatMap((file) =>
    file.type === 'symlink' && file.target === '/dev/null' ? [file.path] : [],
  );

  it('turns off nothing that a probe looks at', () => {
    const proven =
      /ssh|getty@|serial-getty|qemu-guest|networkd|logind|dbus\.|udevd|journald\.|tmpfiles|remount-fs|multi-user|local-fs|persistent-storage\.rules|serial\.rules|net-names|net-setup|60-qemu|99-systemd|fstab-generator|getty-generator/;
    expect(off.filter((path) => proven.test(path))).toEqual([]);
    expect(off.length).toBeGreaterThan(20);
  });

  it('has one file a path', () => {
    expect(new Set(standInFiles.map(({ path }) => path)).size).toBe(standInFiles.length);
  });
});

describe('readKernel', () => {
  let tree: string;
  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'bootproof-tree-'));
  });
  afterEach(() => rm(tree, { recursive: true, force: true }));

  it('finds the one kernel with its tables', async () => {
    await writeFakeTree(tree);
    const kernel = await readKernel(tree);
    expect(kernel).toMatchObject({ version: '6.1.0-test', deviceNames: '' });
    expect(kernel.tables.dep).toContain('virtio_blk.ko');
  });

  it('says that there is none, or more than one', async () => {
    await expect(readKernel(tree)).rejects.toThrow('the base has no kernel');
    for (const version of ['1', '2']) {
      await mkdir(join(tree, 'usr/lib/modules', version), { recursive: true });
      await writeFile(join(tree, 'usr/lib/modules', version, 'modules.dep'), '');
    }
    await expect(readKernel(tree)).rejects.toThrow('the base has more than one kernel');
  });
});
