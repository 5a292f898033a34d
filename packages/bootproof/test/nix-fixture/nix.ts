/**
 * Runs a real Nix in a store of its own, so that nothing of the caller's is read or written: not the global store, not
 * nix.conf, not the flake registry, not the caches. It needs no root, no daemon, no network and no user namespaces.
 * Why it is done this way is in fixtures/nix/README.md.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

/** The folder with the stand-in flakes `nixpkgs` and `disko`. */
export const standIns = resolve(import.meta.dirname, '../fixtures/nix');

export interface NixEnded {
  /** The exit status; -1 when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface NixOptions {
  /** Where it is run. The temporary folder by default. */
  readonly cwd?: string;
  /** The program of Nix: `nix` by default. */
  readonly command?: 'nix' | 'nix-build' | 'nix-instantiate' | 'nix-store';
}

const settings = [
  'experimental-features = nix-command flakes',
  'substituters =',
  'sandbox = false',
  'build-users-group =',
  'fsync-metadata = false',
  'warn-dirty = false',
];

let folder: string | undefined;

/** The temporary folder of this test file's Nix, made when it is first asked for and removed after the file's tests. */
export function nixFolder(): string {
  if (folder !== undefined) return folder;
  // Nix refuses a store below a symbolic link, which a temporary folder may well be.
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'bootproof-nix-'));
  for (const name of ['config', 'home', 'tmp']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'config/registry.json'), '{"flakes":[],"version":2}\n');
  return folder;
}

afterAll(() => {
  if (folder === undefined) return;
  // Nix takes the write permission from what is in a store, folders included.
  execFileSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** The whole environment of such a Nix: for any program that starts `nix` in its turn. Of the caller's there is PATH. */
export function nixEnvironment(): Record<string, string> {
  const own = nixFolder();
  const below = (name: string) => join(own, name);
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    HOME: below('home'),
    TMPDIR: below('tmp'),
    XDG_CACHE_HOME: below('cache'),
    XDG_CONFIG_HOME: below('config'),
    XDG_DATA_HOME: below('data'),
    XDG_STATE_HOME: below('user-state'),
    NIX_REMOTE: 'local',
    NIX_STORE_DIR: below('store'),
    NIX_STATE_DIR: below('state'),
    NIX_LOCALSTATE_DIR: below('state'),
    NIX_LOG_DIR: below('log'),
    NIX_CONF_DIR: below('config'),
    NIX_USER_CONF_FILES: '',
    NIX_PATH: '',
    NIX_CONFIG: [...settings, `flake-registry = ${below('config/registry.json')}`].join('\n'),
  };
}

/** Runs Nix to its end. A status other than 0 is not thrown; that the program cannot be started is. */
export function runNix(
  args: readonly string[],
  { cwd = nixFolder(), command = 'nix' }: NixOptions = {},
): Promise<NixEnded> {
  return new Promise((done, fail) => {
    execFile(
      command,
      args,
      { cwd, env: nixEnvironment(), maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        const code = error?.code;
        if (typeof code === 'string') fail(error);
        else done({ status: error === null ? 0 : (code ?? -1), stdout, stderr });
      },
    ).stdin?.end();
  });
}

/** The value of an expression, evaluated whole. Throws what Nix prints when it cannot be evaluated. */
export async function evaluateNix(expression: string): Promise<unknown> {
  const args = ['--eval', '--strict', '--json', '--expr', expression];
  const { status, stdout, stderr } = await runNix(args, { command: 'nix-instantiate' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

export interface StandInOptions {
  /** An absolute path: what `system.build.diskoImages` copies in place of each disk's image. Empty files by default. */
  readonly image?: string;
}

/**
 * The options that put the stand-ins in the place of a flake's nixpkgs and disko. No lock file is written.
 *
 * @example runNix(['flake', 'check', '--no-build', ...standInInputs(), `path:${tree}`])
 */
export function standInInputs({ image }: StandInOptions = {}): string[] {
  let disko = join(standIns, 'disko');
  if (image !== undefined) {
    const copy = mkdtempSync(join(nixFolder(), 'tmp/disko-'));
    cpSync(disko, copy, { recursive: true });
    writeFileSync(join(copy, 'image-path'), `${image}\n`);
    disko = copy;
  }
  return [
    '--no-update-lock-file',
    ...['--override-input', 'nixpkgs', `path:${join(standIns, 'nixpkgs')}`],
    ...['--override-input', 'disko', `path:${disko}`],
  ];
}
