import type { DiskLayout } from '../disk/layout.ts';
import type { ImageFile, ImageRecipe } from '../services/recipe.ts';
import type { Realisation } from '../services/service.ts';

interface Loader {
  readonly timeout: number | null;
  readonly editor: boolean;
  readonly espMountpoint: string;
}

interface RecipeInput {
  readonly hostName: string;
  readonly disk: DiskLayout;
  readonly loader: Loader;
  readonly realisations: readonly Realisation[];
}

/** Puts together what the services need into one recipe; the same services give the same recipe, in whatever order they spoke. */
export function makeRecipe({ hostName, disk, loader, realisations }: RecipeInput): ImageRecipe {
  const union = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())];
  return {
    kind: 'stand-in',
    suite: 'bookworm',
    hostName,
    packages: union(realisations.map(({ packages = [] }) => packages)).sort(),
    initrdModules: union(realisations.map(({ initrdModules = [] }) => initrdModules)),
    kernelParams: realisations.flatMap(({ kernelParams = [] }) => kernelParams),
    loader: { type: 'systemd-boot', ...loader },
    disk,
    files: uniqueFiles(realisations.flatMap(({ files = [] }) => files)),
  };
}

/** Two services that put different things at one path are a mistake of the catalogue. */
function uniqueFiles(files: readonly ImageFile[]): ImageFile[] {
  const byPath = new Map<string, ImageFile>();
  for (const file of files) {
    const other = byPath.get(file.path);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(file)) {
      throw new Error(`two services realise ${file.path} differently`);
    }
    byPath.set(file.path, file);
  }
  return [...byPath.values()];
}
