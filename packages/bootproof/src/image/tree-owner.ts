import { type RunOptions, type RunResult, run } from '../host/process.ts';

/**
 * The arguments that run a command as somebody who may own the files of a tree: root itself, or, for an ordinary user,
 * the root of a user namespace whose other users are the sub-ids that /etc/subuid gives this user.
 */
export function asTreeOwner(
  command: string,
  args: readonly string[],
  { ordinaryUser }: { readonly ordinaryUser: boolean },
): readonly [string, readonly string[]] {
  return ordinaryUser
    ? ['unshare', ['--map-root-user', '--map-auto', '--', command, ...args]]
    : [command, args];
}

/** Whether this process is an ordinary user's. */
export const isOrdinaryUser = (): boolean => process.getuid?.() !== 0;

/** Runs a command on a tree whose files belong to many users. */
export function runAsTreeOwner(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(...asTreeOwner(command, args, { ordinaryUser: isOrdinaryUser() }), options);
}

/** Removes folders that may hold files of the sub-ids. What is not there is no error. */
export async function removeTree(paths: readonly string[], options: RunOptions = {}): Promise<void> {
  await runAsTreeOwner('rm', ['-rf', '--one-file-system', '--', ...paths], options);
}
