import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { espFiles } from '../../src/image/boot-files.ts';
import {
  convertToQcow2,
  createDisk,
  makeEsp,
  makeRoot,
  mke2fsArguments,
} from '../../src/image/disk-image.ts';
import { inspectDisk } from '../../src/image/inspect.ts';
import { startByte, systemPartitions } from '../../src/image/realisable.ts';
import { unpackBase } from '../../src/image/tree.ts';
import { isOrdinaryUser, removeTree } from '../../src/image/tree-owner.ts';
import { writeFakeTree } from './fake-tools.ts';
import { smallRecipe, withPartition } from './recipe.ts';

const { disk } = smallRecipe;
const partitions = systemPartitions(smallRecipe);
const { esp, root } = partitions;

let folder: string;
let raw: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-disk-'));
  raw = join(folder, 'disk.raw');
  const [source, tree, archive] = [join(folder, 'source'), join(folder, 'tree'), join(folder, 'base.tar')];
  await writeFakeTree(source, {
    '/root/.ssh/authorized_keys': '# nobody\n',
    '/home/ada/.ssh/authorized_keys': 'ssh-ed25519 AAAA ada\n',
    '/etc/ssh/ssh_host_ed25519_key': 'PRIVATE',
    '/etc/ssh/ssh_host_ed25519_key.pub': 'PUBLIC',
    '/etc/shadow': 'root:*:1::::::\nada:$y$j9T$abc:1::::::\nopen::1::::::\nlocked:!$6$x:1::::::\n',
  });
  const owners = isOrdinaryUser() ? [] : ['--owner=0', '--group=0'];
  await run('tar', ['-C', source, ...owners, '-cf', archive, '.']);
  await unpackBase(archive, tree, {});
  await createDisk(raw, disk, {});
  const files = espFiles(smallRecipe, partitions, { version: '6.1.0-test', initrd: Buffer.from('INITRD') });
  await makeEsp(raw, disk, esp, files, { folder, tree });
  await makeRoot(raw, disk, root, tree, {});
}, 60_000);
afterAll(() => removeTree([folder]));

describe('a disk that is really made', () => {
  it('has the partition table that was asked for', async () => {
    const { stdout } = await run('sfdisk', ['--json', raw]);
    const table = JSON.parse(stdout).partitiontable;
    expect(table.label).toBe('gpt');
    expect(
      table.partitions.map(({ start, size, type, name }: Record<string, unknown>) => ({
        start,
        size,
        type,
        name,
      })),
    ).toEqual(
      disk.partitions.map(({ startSector, sectors, typeGuid, label }) => ({
        start: startSector,
        size: sectors,
        type: typeGuid,
        name: label,
      })),
    );
  });

  it('has a sound ext4 that fills the root partition and is initialised', async () => {
    const place = `${raw}?offset=${startByte(disk, root)}`;
    await run('e2fsck', ['-fn', place]);
    const { stdout } = await run('dumpe2fs', [place]);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(stdout)?.[1]);
    expect(field('Block count') * field('Block size')).toBe(root.sectors * 512);
    expect(stdout.match(/^Group \d+:/gm)?.length).toBe(stdout.match(/ITABLE_ZEROED/g)?.length);
  });

  it('has the tree on it, owned by root', async () => {
    const place = `${raw}?offset=${startByte(disk, root)}`;
    const { stdout } = await run('debugfs', ['-R', 'stat /usr/bin/busybox', place]);
    expect(stdout).toMatch(/User:\s+0\s+Group:\s+0/);
    expect((await run('debugfs', ['-R', 'cat /usr/bin/busybox', place])).stdout).toBe('BUSYBOX');
  });

  it('has an ESP with loader, entry, kernel and initrd', async () => {
    const image = `${raw}@@${startByte(disk, esp)}`;
    const { stdout } = await run('mdir', ['-/', '-b', '-i', image, '::']);
    expect(stdout.trim().split('\n').sort()).toEqual([
      '::/EFI/',
      '::/EFI/BOOT/',
      '::/EFI/BOOT/BOOTX64.EFI',
      '::/EFI/bootproof/',
      '::/EFI/bootproof/initrd-6.1.0-test.efi',
      '::/EFI/bootproof/linux-6.1.0-test.efi',
      '::/EFI/systemd/',
      '::/EFI/systemd/systemd-bootx64.efi',
      '::/loader/',
      '::/loader/entries/',
      '::/loader/entries/bootproof.conf',
      '::/loader/loader.conf',
    ]);
    const { stdout: initrd } = await run('mtype', ['-i', image, '::/EFI/bootproof/initrd-6.1.0-test.efi']);
    expect(initrd).toBe('INITRD');
  });

  it('becomes a qcow2 of the same size and contents', async () => {
    const target = join(folder, 'disk.qcow2');
    await convertToQcow2(raw, target, {});
    const { stdout } = await run('qemu-img', ['info', '--output=json', target]);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': disk.sizeBytes });
    await run('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, target]);
  });

  it('is seen to carry what was put into it', async () => {
    expect(await inspectDisk(raw, disk, root)).toEqual({
      authorizedKeys: ['/home/ada/.ssh/authorized_keys'],
      loginPasswords: ['ada', 'open'],
      machineId: '',
      hostKeys: ['/etc/ssh/ssh_host_ed25519_key'],
    });
  });

  it('is not called clean when it cannot be read', async () => {
    const broken = join(folder, 'broken.raw');
    await writeFile(broken, Buffer.alloc(4 * 2 ** 20));
    await expect(inspectDisk(broken, disk, root)).rejects.toThrow(/debugfs could not read/);
  });
});

describe('mke2fsArguments', () => {
  it('passes on the arguments that the declaration gives', () => {
    const recipe = withPartition('root', { content: { ...root.content, extraArgs: ['-m', '0'] } });
    const command = mke2fsArguments(disk, systemPartitions(recipe).root, { raw: 'd.raw', tree: 't' });
    expect(command.join(' ')).toContain('-m 0 d.raw 112640k');
    expect(command.join(' ')).toContain(`offset=${100352 * 512}`);
  });
});

describe('makeEsp', () => {
  it('fails when what belongs on it is not in the tree', async () => {
    const empty = join(folder, 'empty');
    await mkdir(join(empty, 'scratch'), { recursive: true });
    const files = [{ path: '/EFI/BOOT/BOOTX64.EFI', copyOf: '/nowhere' }];
    await expect(
      makeEsp(raw, disk, esp, files, { folder: join(empty, 'scratch'), tree: empty }),
    ).rejects.toThrow(/cp .*nowhere/);
    await rm(empty, { recursive: true });
  });
});
