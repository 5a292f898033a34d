import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRecipe } from '../../src/plan/make-recipe.ts';
import type { ImageFile } from '../../src/services/recipe.ts';
import type { Realisation } from '../../src/services/service.ts';

const recipeOf = (...realisations: readonly Realisation[]) =>
  makeRecipe({
    hostName: 'box',
    disk: { name: 'main', device: '/dev/vda', sizeBytes: 2 ** 33, sectorBytes: 512, partitions: [] },
    loader: { timeout: 1, editor: true, espMountpoint: '/boot' },
    realisations,
  });

const file = (path: string, text: string, mode = 0o644): ImageFile => ({ type: 'file', path, mode, text });

describe('a recipe', () => {
  it('has packages sorted and once', () => {
    expect(recipeOf({ packages: ['b', 'a'] }, {}, { packages: ['a', 'c'] }).packages).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('has the same packages in whatever order the services spoke', () => {
    const lists = fc.array(fc.array(fc.string({ minLength: 1 })));
    fc.assert(
      fc.property(lists, (packages) => {
        const realisations = packages.map((each) => ({ packages: each }));
        expect(recipeOf(...realisations).packages).toEqual(recipeOf(...realisations.reverse()).packages);
      }),
    );
  });

  it('has the modules of the initrd once, and kernel parameters as they came', () => {
    const recipe = recipeOf(
      { initrdModules: ['virtio_blk'], kernelParams: ['a=1', 'a=2'] },
      { initrdModules: ['virtio_blk', 'ext4'], kernelParams: ['a=1'] },
    );
    expect(recipe.initrdModules).toEqual(['virtio_blk', 'ext4']);
    expect(recipe.kernelParams).toEqual(['a=1', 'a=2', 'a=1']);
  });

  it('has a file once that two services want alike', () => {
    const same = () => ({ files: [file('/etc/motd', 'hello\n')] });
    expect(recipeOf(same(), same()).files).toEqual([file('/etc/motd', 'hello\n')]);
  });

  it.each<[string, ImageFile]>([
    ['another text', file('/etc/motd', 'good day\n')],
    ['another mode', file('/etc/motd', 'hello\n', 0o600)],
    ['a link', { type: 'symlink', path: '/etc/motd', target: '/run/motd' }],
    ['nothing', { type: 'absent', path: '/etc/motd' }],
  ])('is refused where one service wants a file and another %s there', (_name, other) => {
    expect(() => recipeOf({ files: [file('/etc/motd', 'hello\n')] }, { files: [other] })).toThrow(
      'two services realise /etc/motd differently',
    );
  });
});
