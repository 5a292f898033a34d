import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where things are kept that can be made again: `$XDG_CACHE_HOME/bootproof`, else `~/.cache/bootproof`. A relative
 * path in the variable is ignored, as the XDG Base Directory Specification asks. Not created here.
 */
export function cacheFolder(environment: Environment = process.env): string {
  const declared = environment['XDG_CACHE_HOME'];
  const base = declared && isAbsolute(declared) ? declared : join(environment['HOME'] || homedir(), '.cache');
  return join(base, 'bootproof');
}

/**
 * A folder for what lives no longer than a process: `$XDG_RUNTIME_DIR` where it is a folder that can be written, else
 * the temporary folder.
 */
export function runtimeFolder(environment: Environment = process.env): string {
  const declared = environment['XDG_RUNTIME_DIR'];
  return declared && isAbsolute(declared) && isWritableFolder(declared) ? declared : tmpdir();
}

/**
 * The longest path that a Unix socket can be bound to and connected to everywhere: `sun_path` holds 108 bytes on Linux
 * with its closing NUL (unix(7)), 104 on the BSDs. Bytes.
 */
export const longestSocketPath = 99;

/**
 * Makes a fresh folder that only this user can enter, with so short a path that sockets with names up to
 * `nameBytes` (16) long can be bound in it. Whoever asked for it removes it.
 */
export async function makeSocketFolder({
  environment = process.env,
  nameBytes = 16,
}: {
  readonly environment?: Environment;
  readonly nameBytes?: number;
} = {}): Promise<string> {
  const stem = 'bootproof-';
  const room = longestSocketPath - nameBytes - `/${stem}XXXXXX/`.length;
  const base =
    [runtimeFolder(environment), tmpdir()].find((folder) => Buffer.byteLength(folder) <= room) ?? '/tmp';
  return mkdtemp(join(base, stem));
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
