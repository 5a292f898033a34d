/** A build in a process of its own, for a test to kill. Its options are the first argument, as JSON. */
import { buildImage } from '../../src/image/build-image.ts';
import { smallRecipe } from './recipe.ts';

await buildImage(smallRecipe, JSON.parse(process.argv[2] ?? '{}'));
