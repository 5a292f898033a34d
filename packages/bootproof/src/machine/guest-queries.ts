import { randomBytes } from 'node:crypto';
import { shellQuote } from '../base/shell-word.ts';
import type { CommandResult, UnitProperties } from '../probes/target.ts';
import { NoAnswer } from './batch.ts';

/** Questions to the guest that are put into one command each, however many things are asked about. */

/** The properties of a unit that are asked for (systemctl(1), org.freedesktop.systemd1(5)). */
const unitProperties: readonly string[] = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'NRestarts',
  'ExecMainStatus',
  'MainPID',
  'FragmentPath',
  'Job',
];

/** The command that prints the properties of some units, in blocks in the units' order. */
export function showUnitsCommand(units: readonly string[]): string {
  return `systemctl show -p ${unitProperties.join(',')} -- ${units.map(shellQuote).join(' ')}`;
}

/**
 * Reads what `systemctl show` printed, by position: an alias shows the name that it stands for.
 *
 * @throws NoAnswer when there is no block for each unit: a name that systemd does not take, or no systemd.
 */
export function parseUnits(
  units: readonly string[],
  { stdout, stderr }: CommandResult,
): Map<string, UnitProperties> {
  const blocks = stdout
    .split('\n\n')
    .map((block) => block.trim())
    .filter((block) => block !== '');
  if (blocks.length !== units.length) {
    throw new NoAnswer(`systemd told nothing of ${units.join(', ')}: ${stderr.trim() || 'no output'}`);
  }
  return new Map(units.map((unit, index) => [unit, parseProperties(blocks[index] ?? '')]));
}

function parseProperties(block: string): UnitProperties {
  return Object.fromEntries(
    block.split('\n').map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** A command that prints files, and the way to read what it printed. */
export interface ReadFiles {
  readonly command: string;
  /** The text of each file; undefined for one that does not exist. */
  parse(result: CommandResult): Map<string, string | undefined>;
}

/**
 * Reads some files with one process: `tail -v` prints each one whole, under a line with its name. The names are
 * spelled so that no file can hold such a line by chance: `/etc/hostname` is `//././/./etc/hostname` just as well, and the
 * choice between `/.` and `//.` is drawn 64 times.
 */
export function readFilesCommand(paths: readonly string[]): ReadFiles {
  const spelling = [...randomBytes(8)].flatMap((byte) =>
    Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1 ? '//.' : '/.')),
  );
  const prefix = spelling.join('');
  const header = (path: string) => `==> ${prefix}${path} <==\n`;
  // The tests are the shell's own and cost no process. What is there but no plain file is told on standard error.
  const gather = paths.map(
    (path) =>
      `if [ -f ${shellQuote(path)} ]; then set -- "$@" "$p"${shellQuote(path)}; elif [ -e ${shellQuote(path)} ]; then echo ${shellQuote(`${path} is no plain file`)} >&2; fi`,
  );
  const command = `p=${prefix}; set --\n${gather.join('\n')}\n[ $# = 0 ] || tail -v -c +1 -- "$@"`;
  return { command, parse: (result) => parseFiles(paths, header, result) };
}

function parseFiles(
  paths: readonly string[],
  header: (path: string) => string,
  { stdout, stderr }: CommandResult,
): Map<string, string | undefined> {
  if (stderr.trim() !== '') {
    throw new NoAnswer(`could not read ${paths.join(', ')}: ${stderr.trim()}`);
  }
  const found = paths
    .map((path) => ({ path, at: stdout.indexOf(header(path)) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  const texts = new Map<string, string | undefined>(paths.map((path) => [path, undefined]));
  found.forEach(({ path, at }, index) => {
    const next = found[index + 1];
    // tail sets a line feed of its own before each header but the first.
    const end = next ? next.at - 1 : stdout.length;
    texts.set(path, stdout.slice(at + header(path).length, end));
  });
  return texts;
}
