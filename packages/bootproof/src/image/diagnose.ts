import { BootproofError } from '../base/errors.ts';
import { formatSize } from '../base/size.ts';
import { ProcessError } from '../host/process-error.ts';

/** What was being made when something went wrong, for the wording. */
export interface Attempt {
  /** After "while": `making the Debian base`. */
  readonly doing: string;
  /** The folders that are written to. */
  readonly folders: readonly string[];
  /** Free space that the whole build needs, in bytes. */
  readonly neededBytes: number;
}

interface Diagnosis {
  readonly pattern: RegExp;
  readonly message: (attempt: Attempt, detail: string) => string;
  readonly hint: (attempt: Attempt, detail: string) => string;
}

const moveCache =
  'The cache follows XDG_CACHE_HOME; temporary files follow TMPDIR. `bootproof cache prune` frees space.';

/** How the tools word what has a remedy. The first that fits counts; the first group, if any, is the detail. */
const diagnoses: readonly Diagnosis[] = [
  {
    pattern:
      /No space left on device|ENOSPC|Disk quota exceeded|do not have enough free space|not enough room/i,
    message: ({ doing }) => `the disk is full: no space was left while ${doing}`,
    hint: ({ folders, neededBytes }) =>
      `A build needs about ${formatSize(neededBytes)} free in ${folders.join(' and ')}. ${moveCache}`,
  },
  {
    pattern: /Unable to locate package (\S+)|Package '?([\w.+-]+)'? has no installation candidate/,
    message: (_, detail) => `Debian has no package ${detail}`,
    hint: () =>
      'Look at the packages that the declaration asks for: the stand-in takes them by their Debian names.',
  },
  {
    pattern: /NO_PUBKEY|is not signed|signatures couldn't be verified|unable to find keyring/i,
    message: () => 'the package archive is not signed by a key that this computer trusts',
    hint: () => 'Install the package debian-archive-keyring, or name a mirror that its keys have signed.',
  },
  {
    pattern:
      /(Could not resolve '?[^'\s]+|Temporary failure resolving|Could not connect to \S+|Unable to connect to \S+|Cannot initiate the connection|Connection timed out|Connection refused|Network is unreachable|Failed to fetch \S+|Could not handshake)/,
    message: (_, detail) =>
      `the package archive cannot be reached, and the cache holds no base for this image: ${detail}`,
    hint: () =>
      'Look at the network (and https_proxy), or name another mirror with --mirror <address>. Images that are in the cache boot without a network.',
  },
  {
    pattern:
      /(newuidmap|newgidmap|no entry for .* in \/etc\/sub[ug]id|subuid|subgid|unshare: .*|cannot unshare|unprivileged_userns_clone|uid_map|disallowed by kernel)/,
    message: (_, detail) => `user namespaces cannot be used here: ${detail}`,
    hint: () =>
      'Install the package uidmap and see that /etc/subuid and /etc/subgid have a line for this user (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 <user>), and that the kernel and AppArmor let users make namespaces; or run as root.',
  },
];

/** Turns a tool's failure into an error with cause and remedy. What is not recognised stays as it was worded. */
export function diagnose(error: unknown, attempt: Attempt): unknown {
  if (error instanceof ProcessError && (error.canceled || error.spawnErrorCode !== undefined)) return error;
  if (error instanceof BootproofError && !(error instanceof ProcessError)) return error;
  const text = error instanceof ProcessError ? error.stderrTail : error instanceof Error ? error.message : '';
  for (const { pattern, message, hint } of diagnoses) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const detail = match.slice(1).find((group) => group !== undefined) ?? '';
    return new BootproofError(`${message(attempt, detail)}${quoted(error)}`, {
      kind: /^Debian has no package/.test(message(attempt, detail)) ? 'declaration' : 'missing',
      hint: hint(attempt, detail),
      cause: error,
    });
  }
  return error;
}

/** The lines of a tool that tell of errors, at most four, so that the cause is not taken on trust. */
function quoted(error: unknown): string {
  if (!(error instanceof ProcessError)) return '';
  const lines = error.stderrTail
    .split('\n')
    .filter((line) => /\bE:|error|Err:|fail|No space|cannot/i.test(line));
  return lines
    .slice(-4)
    .map((line) => `\n  ${line.trim()}`)
    .join('');
}
