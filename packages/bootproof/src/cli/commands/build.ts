import { copyFile, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BootproofError, messageOf } from '../../base/errors.ts';
import type { CommandContext } from '../context.ts';
import { openHomelab, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';
import { type ImageOptions, Images } from '../image.ts';

interface BuildCommandOptions extends GlobalOptions, ImageOptions {
  readonly output?: string;
}

/** Builds a host's image and prints where it is: in the cache or Nix's store, or at `--output`. */
export async function build(
  name: string,
  options: BuildCommandOptions,
  context: CommandContext,
): Promise<number> {
  const open = await openHomelab(options);
  const [planned] = await planHosts([name], open);
  if (planned === undefined) return 2;
  let last = '';
  const images = new Images(open, options, context.signal);
  const image = await images.of(planned, ({ detail }) => {
    // Progress goes to stderr, a line for each new step, so that the path alone is on standard output.
    if (detail !== last) process.stderr.write(`${detail}\n`);
    last = detail;
  });
  for (const note of image.notes) process.stderr.write(`note: ${note}\n`);
  process.stdout.write(
    `${options.output === undefined ? image.path : await copyTo(image.path, options.output)}\n`,
  );
  return 0;
}

/** Copies whole or not at all, as far as the target's own file system can rename. */
async function copyTo(image: string, output: string): Promise<string> {
  const target = resolve(output);
  const partial = `${target}.part`;
  try {
    await copyFile(image, partial);
    await rename(partial, target);
    return target;
  } catch (error) {
    await rm(partial, { force: true });
    throw new BootproofError(`could not write ${target}: ${messageOf(error)}`, {
      kind: 'missing',
      hint: 'See whether the folder is there, may be written to, and has room.',
      cause: error,
    });
  }
}
