import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/**
 * Checks test scripts as NixOS's test driver does when it is built, with stubs of our own in place of its sources: mypy
 * with its options, pyflakes with the names that it gives a script as builtins.
 * Source: nixpkgs, nixos/lib/testing/driver.nix.
 */

const stubs = join(import.meta.dirname, 'stubs');

/** Of the names that a script is given, those that the driver itself defines. */
const driverSymbols = [
  ...['Machine', 'create_machine', 'driver', 'join_all', 'log', 'machines', 'os', 'polling_condition'],
  ...['retry', 'run_tests', 'serial_stdout_off', 'serial_stdout_on', 'start_all', 'subtest', 'test_script'],
  'vlans',
];

/** A machine's name as a script has it. */
export const pythonName = (hostName: string): string =>
  hostName.replace(/^[^A-Za-z_]/, '_').replaceAll(/[^A-Za-z0-9_]/g, '_');

export interface Script {
  /** A name for messages, also that of a Python module. */
  readonly name: string;
  readonly hostName: string;
  readonly text: string;
}

/** What the two say, without the temporary folder's name; empty when they have nothing to say. */
export interface Verdict {
  readonly mypy: string;
  readonly pyflakes: string;
}

/** Checks all scripts with one process each of mypy and pyflakes. */
export async function checkScripts(folder: string, scripts: readonly Script[]): Promise<Verdict> {
  const prelude = readFileSync(join(stubs, 'prelude.py'), 'utf8');
  for (const kind of ['typed', 'plain']) mkdirSync(join(folder, kind), { recursive: true });
  for (const { name, hostName, text } of scripts) {
    // Of a lone machine the driver gives `machine` as a second name.
    const hints = [pythonName(hostName), 'machine'].map((machine) => `${machine}: Machine;`).join(' ');
    writeFileSync(join(folder, `typed/${name}.py`), `${prelude}${hints}\n${text}`);
    writeFileSync(join(folder, `plain/${name}.py`), text);
  }
  const files = scripts.map(({ name }) => `${name}.py`);
  const machines = scripts.map(({ hostName }) => pythonName(hostName));
  const [mypy, pyflakes] = await Promise.all([
    run(
      'mypy',
      ['--no-implicit-optional', '--pretty', '--no-color-output', '--no-error-summary', ...files],
      join(folder, 'typed'),
      { MYPYPATH: stubs, MYPY_CACHE_DIR: join(folder, 'cache') },
    ),
    run('pyflakes3', files, join(folder, 'plain'), {
      PYFLAKES_BUILTINS: [...machines, 'machine', ...driverSymbols].join(','),
    }),
  ]);
  return { mypy, pyflakes };
}

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { exitCode, all, code } = await execa(command, args, {
    cwd,
    env: { LC_ALL: 'C.UTF-8', ...env },
    all: true,
    reject: false,
    stdin: 'ignore',
  });
  if (code === 'ENOENT') {
    throw new Error(`${command} is not installed; the tests need it: sh scripts/setup.sh test`);
  }
  if (exitCode === 0) return '';
  return all === '' ? `${command} ended with status ${exitCode} and no word` : all;
}
