/** The built package, of which the reference is made: it cannot say anything that the code does not. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const dist = join(repository, 'packages/bootproof/dist');

if (!existsSync(join(dist, 'index.js'))) {
  process.stderr.write('reference: the package is not built. Run `make build` first.\n');
  process.exit(3);
}

/** A module of the package, by its path: `services/catalogue.js`. */
export const load = (file) => import(pathToFileURL(join(dist, file)).href);
