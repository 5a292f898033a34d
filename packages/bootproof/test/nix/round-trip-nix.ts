import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a real `nix-instantiate` on files of the test's own, in one process, with a store and state of its own. */
export function nixInstantiate(
  args: (folder: string) => readonly string[],
  files: Readonly<Record<string, string>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'bootproof-nix-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return execFileSync('nix-instantiate', args(folder), {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        NIX_STORE_DIR: join(folder, 'store'),
        NIX_STATE_DIR: join(folder, 'state'),
        NIX_LOG_DIR: join(folder, 'log'),
        NIX_CONF_DIR: folder,
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value of `index.nix`, as JSON has it. */
export const evaluated = (files: Readonly<Record<string, string>>): unknown =>
  JSON.parse(nixInstantiate((folder) => ['--eval', '--strict', '--json', join(folder, 'index.nix')], files));

/** What Nix's parser makes of each text, with all parentheses: one line each. */
export function parsed(texts: readonly string[]): string[] {
  const name = (index: number): string => `${index}.nix`;
  const files = Object.fromEntries(texts.map((text, index) => [name(index), text]));
  const lines = nixInstantiate(
    (folder) => ['--parse', ...texts.map((_, index) => join(folder, name(index)))],
    files,
  ).split('\n');
  return lines.slice(0, -1);
}
