import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';

export const repository = resolve(import.meta.dirname, '../../../..');
const bin = join(repository, 'packages/bootproof/dist/cli/bin.js');

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command to its end, as a user would. */
export async function bootproof(
  args: readonly string[],
  {
    cwd = repository,
    env = {},
  }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [bin, ...args], {
    cwd,
    env: { NO_COLOR: '1', ...env },
    reject: false,
    stdin: 'ignore',
  });
  return { status: exitCode ?? -1, stdout, stderr };
}

/** Starts the built command and leaves it running, for tests that interrupt it or type into it. */
export const startBootproof = (
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
) =>
  execa(process.execPath, [bin, ...args], {
    cwd,
    env: { NO_COLOR: '1', ...env },
    reject: false,
    stdin: 'pipe',
  });

export interface Homelab extends AsyncDisposable {
  /** The folder that holds `config`. */
  readonly folder: string;
}

/**
 * A copy of this repository's homelab, or of its examples, as `config` in a folder of its own. Files of it are replaced
 * or added; null removes one.
 */
export async function homelabWith(
  files: Readonly<Record<string, string | null>> = {},
  original: 'config' | 'examples' = 'config',
): Promise<Homelab> {
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  const config = join(folder, 'config');
  const isDeclared = (path: string) => !/\/(nix|node_modules)$/.test(path);
  await cp(join(repository, original), config, { recursive: true, filter: isDeclared });
  for (const [name, text] of Object.entries(files)) {
    const file = join(config, name);
    await mkdir(dirname(file), { recursive: true });
    if (text === null) await rm(file, { recursive: true, force: true });
    else await writeFile(file, text);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
