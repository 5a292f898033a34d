import { type BuildOptions, type BuiltImage, buildImage } from '../image/build-image.ts';
import type { ImageRecipe } from '../services/recipe.ts';

/** Options of the commands that need an image. */
export interface ImageOptions {
  readonly rebuild?: boolean;
  readonly mirror?: string;
}

/** The image of a recipe, as the command line's options ask for it. */
export function imageFor(
  recipe: ImageRecipe,
  { rebuild, mirror }: ImageOptions,
  signal: AbortSignal,
  onProgress: NonNullable<BuildOptions['onProgress']>,
): Promise<BuiltImage> {
  return buildImage(recipe, {
    signal,
    onProgress,
    ...(rebuild === undefined ? {} : { rebuild }),
    ...(mirror === undefined ? {} : { mirror }),
  });
}
