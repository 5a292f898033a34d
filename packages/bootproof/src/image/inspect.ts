import type { DiskLayout } from '../disk/layout.ts';
import { type RunOptions, run } from '../host/process.ts';
import { type FilledPartition, startByte } from './realisable.ts';

/** What an image holds of identity and access. The same shape as the driver's `ImageInspection`. */
export interface Inspection {
  /** Paths of authorized_keys files that hold a key. */
  readonly authorizedKeys: readonly string[];
  /** Users whose password field in /etc/shadow would let somebody log in. */
  readonly loginPasswords: readonly string[];
  /** The text of /etc/machine-id; undefined when the file is absent. */
  readonly machineId: string | undefined;
  /** Paths of private SSH host keys. */
  readonly hostKeys: readonly string[];
}

/** Users of a shadow(5) file who can log in by a password: the field is empty (no password at all) or holds a hash. */
export function usersWithPassword(shadow: string): string[] {
  return shadow.split('\n').flatMap((line) => {
    const [user, password] = line.split(':');
    return user && password !== undefined && !/^[!*]/.test(password) ? [user] : [];
  });
}

/** Whether an authorized_keys file holds anything but comments. */
export function holdsKey(authorizedKeys: string): boolean {
  return authorizedKeys.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('#'));
}

/** Names in a folder, from the answer of debugfs's `ls -p`: `/inode/mode/uid/gid/name/size/` a line. */
export function namesInListing(listing: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const name = line.split('/')[5];
    return name === undefined || ['', '.', '..'].includes(name) ? [] : [name];
  });
}

/**
 * Reads what a disk holds of identity and access straight from its ext4 file system, without mounting it, before any
 * machine has run from it.
 */
export async function inspectDisk(
  raw: string,
  disk: DiskLayout,
  root: FilledPartition,
  options: RunOptions = {},
): Promise<Inspection> {
  const device = `${raw}?offset=${startByte(disk, root)}`;
  const ask = async (request: string): Promise<string | undefined> => {
    const { stdout, stderr } = await run('debugfs', ['-R', request, device], options);
    // debugfs ends with status 0 whatever happened; its first line on standard error is its own name and version.
    const complaint = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line));
    if (complaint === undefined) return stdout;
    if (/File not found/.test(complaint)) return undefined;
    throw new Error(`debugfs could not read ${device}: ${complaint}`);
  };
  const names = async (folder: string) => namesInListing((await ask(`ls -p ${folder}`)) ?? '');

  const shadow = (await ask('cat /etc/shadow')) ?? '';
  const machineId = await ask('cat /etc/machine-id');
  const hostKeys = (await names('/etc/ssh')).filter((name) => /^ssh_host_.*_key$/.test(name));
  const homes = ['/root', ...(await names('/home')).map((name) => `/home/${name}`)];
  const places = [
    ...homes.flatMap((home) => [`${home}/.ssh/authorized_keys`, `${home}/.ssh/authorized_keys2`]),
    ...(await names('/etc/ssh/authorized_keys.d')).map((name) => `/etc/ssh/authorized_keys.d/${name}`),
  ];
  const authorizedKeys: string[] = [];
  for (const place of places) if (holdsKey((await ask(`cat "${place}"`)) ?? '')) authorizedKeys.push(place);
  return {
    authorizedKeys,
    loginPasswords: usersWithPassword(shadow),
    machineId,
    hostKeys: hostKeys.map((name) => `/etc/ssh/${name}`),
  };
}
