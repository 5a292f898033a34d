import { describe, expect, it } from 'vitest';
import { espFiles, fstab, kernelCommandLine, loaderConf } from '../../src/image/boot-files.ts';
import { sfdiskScript } from '../../src/image/partition-table.ts';
import { systemPartitions } from '../../src/image/realisable.ts';
import { smallRecipe } from './recipe.ts';

const partitions = systemPartitions(smallRecipe);

describe('sfdiskScript', () => {
  it('leaves sfdisk nothing to decide', () => {
    expect(sfdiskScript(smallRecipe.disk)).toBe(
      [
        'label: gpt',
        'sector-size: 512',
        'unit: sectors',
        '',
        '1 : start=2048, size=98304, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="disk-main-ESP"',
        '2 : start=100352, size=225280, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="disk-main-root"',
        '',
      ].join('\n'),
    );
  });
});

describe('fstab', () => {
  it('mounts each partition by its label, with its options', () => {
    expect(fstab(partitions)).toBe(
      '/dev/disk/by-partlabel/disk-main-root / ext4 defaults 0 1\n' +
        '/dev/disk/by-partlabel/disk-main-ESP /boot vfat umask=0077 0 2\n',
    );
  });
});

describe('kernelCommandLine', () => {
  it('puts what was declared behind the root', () => {
    expect(kernelCommandLine(smallRecipe, partitions.root)).toBe(
      'root=PARTLABEL=disk-main-root rootfstype=ext4 ro console=ttyS0 loglevel=4',
    );
  });
});

describe('loaderConf', () => {
  it.each([
    [0, 'timeout 0'],
    [5, 'timeout 5'],
    [null, 'timeout menu-force'],
  ])('words a timeout of %s', (timeout, line) => {
    expect(loaderConf({ ...smallRecipe.loader, timeout }).split('\n')).toContain(line);
  });

  it.each([
    [true, 'editor yes'],
    [false, 'editor no'],
  ])('words the editor as %s', (editor, line) => {
    expect(loaderConf({ ...smallRecipe.loader, editor }).split('\n')).toContain(line);
  });
});

describe('espFiles', () => {
  const files = espFiles(smallRecipe, partitions, { version: '6.1.0', initrd: new Uint8Array([7]) });
  const text = (path: string) => {
    const file = files.find((each) => each.path === path);
    return file !== undefined && 'text' in file ? file.text : '';
  };

  it('has an entry whose files are all on the ESP, and which the loader takes by default', () => {
    const entry = text('/loader/entries/bootproof.conf');
    const named = [...entry.matchAll(/^(?:linux|initrd) (\S+)$/gm)].map((match) => match[1]);
    expect(named).toHaveLength(2);
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(named));
    expect(text('/loader/loader.conf')).toContain('default bootproof.conf\n');
    expect(entry).toContain('options root=PARTLABEL=disk-main-root ');
  });

  it('has the loader where firmware without entries looks', () => {
    expect(files).toContainEqual({
      path: '/EFI/BOOT/BOOTX64.EFI',
      copyOf: '/usr/lib/systemd/boot/efi/systemd-bootx64.efi',
    });
  });
});
