import { describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { systemPartitions } from '../../src/image/realisable.ts';
import type { ImageRecipe } from '../../src/services/recipe.ts';
import { content, smallRecipe, withPartition } from './recipe.ts';

function refusal(recipe: ImageRecipe): BootproofError {
  try {
    systemPartitions(recipe);
  } catch (error) {
    expect(error).toBeInstanceOf(BootproofError);
    return error as BootproofError;
  }
  throw new Error('was not refused');
}

describe('systemPartitions', () => {
  it('finds the ESP and the root', () => {
    const { esp, root } = systemPartitions(smallRecipe);
    expect([esp.name, root.name]).toEqual(['ESP', 'root']);
  });

  it('leaves a partition alone that holds nothing', () => {
    const spare = { name: 'spare', number: 3, label: 'spare', typeGuid: 'X', startSector: 1, sectors: 1 };
    const { disk } = smallRecipe;
    const partitions = [...disk.partitions, { ...spare, content: undefined }];
    expect(systemPartitions({ ...smallRecipe, disk: { ...disk, partitions } }).root.number).toBe(2);
  });

  it.each([
    ['btrfs at /, where ext4 is realised', withPartition('root', { content: content('btrfs', '/') })],
    ['no partition is mounted at /', withPartition('root', { content: content('ext4', '/srv') })],
    ['partition root (ext4 at /srv)', withPartition('root', { content: content('ext4', '/srv') })],
    ['no partition is mounted at /boot', withPartition('ESP', { content: content('vfat', '/efi') })],
    ['ext4, where an ESP is vfat', withPartition('ESP', { content: content('ext4', '/boot') })],
    ['where the firmware looks for an ESP', withPartition('ESP', { typeGuid: 'SOMETHING-ELSE' })],
    ['sectors of 4096 bytes', { ...smallRecipe, disk: { ...smallRecipe.disk, sectorBytes: 4096 } }],
  ])('refuses with "%s"', (reason, recipe) => {
    const error = refusal(recipe);
    expect(error.message).toMatch(/^not realised by the stand-in: \/dev\/vda/);
    expect(error.message).toContain(reason);
    expect(error.kind).toBe('declaration');
  });

  it('names every fault at once', () => {
    const both = withPartition('root', { content: content('xfs', '/') });
    const error = refusal({ ...both, loader: { ...both.loader, espMountpoint: '/efi' } });
    expect(error.message).toContain('xfs at /');
    expect(error.message).toContain('no partition is mounted at /efi');
  });
});
