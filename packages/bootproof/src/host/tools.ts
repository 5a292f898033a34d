import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';

/** Where system tools live that an ordinary user's PATH often leaves out (mkfs.ext4, sgdisk). */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** PATH as tools are looked up in and as children get it: the user's own, then the system's folders. */
export function searchPath(path: string | undefined = process.env['PATH']): string {
  const folders = [...(path ? path.split(':') : ['/usr/local/bin', '/usr/bin', '/bin']), ...systemFolders];
  return [...new Set(folders.filter((folder) => folder !== ''))].join(':');
}

/** The path of a command, or undefined when there is none. A name with a slash is a path already and is only checked. */
export function findTool(name: string, path?: string): string | undefined {
  const candidates = name.includes('/')
    ? [name]
    : searchPath(path)
        .split(':')
        .map((folder) => join(folder, name));
  return candidates.find(isExecutable);
}

export interface ToolNeed {
  readonly command: string;
  /** The Debian package that brings it. */
  readonly debianPackage: string;
  /** What it is needed for, after "to": `boot the machine`. */
  readonly why: string;
}

/**
 * The paths of commands, by name.
 *
 * @throws BootproofError of kind `missing` that names all that are absent at once, with the line that installs them.
 */
export function requireTools(needs: readonly ToolNeed[], path?: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const absent: ToolNeed[] = [];
  for (const need of needs) {
    const tool = findTool(need.command, path);
    if (tool) found.set(need.command, tool);
    else absent.push(need);
  }
  if (absent.length === 0) return found;
  const lines = absent.map(
    ({ command, debianPackage, why }) => `  ${command} (package ${debianPackage}), to ${why}`,
  );
  throw new BootproofError(`this computer lacks:\n${lines.join('\n')}`, {
    kind: 'missing',
    hint: `On Debian or Ubuntu: ${aptLine(absent)}`,
  });
}

/** The line that installs the packages of some tools on Debian and its children. */
export function aptLine(needs: readonly ToolNeed[]): string {
  const packages = [...new Set(needs.map((need) => need.debianPackage))].sort();
  return `sudo apt-get install ${packages.join(' ')}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
