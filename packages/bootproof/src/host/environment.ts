import { shellQuote } from '../base/shell-word.ts';
import { searchPath } from './tools.ts';

/** The variables of this process that a child gets; nothing else leaks into what it does. */
const passedOn = [
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  ...['http', 'https', 'ftp', 'all', 'no'].flatMap((name) => [
    `${name}_proxy`,
    `${name}_proxy`.toUpperCase(),
  ]),
];

/**
 * A child's whole environment: a short list of this process's variables, a fixed locale so that tools answer in
 * English, a PATH with the system folders, and what the caller adds.
 */
export function childEnvironment(
  extra: Readonly<Record<string, string>> = {},
  path?: string,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, PATH: searchPath(path), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...extra };
}

/** A command line that can be pasted into a shell. */
export function shellLine(command: string, args: readonly string[]): string {
  return [command, ...args].map(shellQuote).join(' ');
}
