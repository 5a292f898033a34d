import { Deadline } from './deadline.ts';
import { isNetworkError, nixErrorText } from './nix-error.ts';
import { type RunOptions, type RunResult, run } from './process.ts';
import { causeOfExit, ProcessError } from './process-error.ts';
import { findTool } from './tools.ts';

/** Whether this computer has a Nix that can build flakes; where not, why, and what to do about it. */
export type Nix =
  | { readonly state: 'absent'; readonly reason: string; readonly remedy: string }
  | {
      readonly state: 'unusable';
      readonly path: string;
      readonly reason: string;
      readonly remedy: string;
    }
  | { readonly state: 'usable'; readonly path: string; readonly version: string };

export interface NixOptions {
  readonly signal?: AbortSignal | undefined;
  /** PATH for the look-up and for Nix; this process's own unless told. */
  readonly path?: string | undefined;
}

/** Flakes came with 2.4 (Nix's release notes), and are called an experiment to this day. */
const firstWithFlakes = [2, 4] as const;
const features = ['--extra-experimental-features', 'nix-command flakes'];

/** A store that does not answer (a daemon that hangs) is none. Milliseconds. */
const answerMs = 10_000;

/**
 * What Nix reads from the environment and other programs do not: where its store, its daemon, its settings and its caches
 * are, which certificates it trusts, and how it reaches remote builders (nix(1), "Common Environment Variables").
 */
export function nixVariables(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const wanted = /^(NIX_.*|XDG_(CACHE|CONFIG|DATA|STATE)_HOME|SSH_AUTH_SOCK|SSL_CERT_FILE|CURL_CA_BUNDLE)$/;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      wanted.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}

/** Runs a program of Nix to its end, with the environment that Nix reads. Errors are those of `run`. */
export function runNixProgram(
  program: 'nix' | 'nix-store',
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(program, args, {
    // It has builds and locks to clean up when it is ended.
    graceMs: 10_000,
    parentDeath: 'SIGTERM',
    ...options,
    env: { ...nixVariables(), ...options.env },
  });
}

/** Runs `nix` with flakes, whatever its own settings say of them. */
export const runNix = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  runNixProgram('nix', [...features, ...args], options);

/**
 * The flake of the folder that Nix is run in (`cwd`). `path:` and not `git+file:`, so that what was emitted counts before
 * it is added to git. The folder is not named: Nix 2.8 takes no path with a space or a `#`, however it is escaped.
 */
export const thisFlake = 'path:.';

/**
 * Looks for a Nix that can build flakes: 2.4 or newer, flakes not forbidden, and a store that this user can write to, by
 * itself or through the daemon. Starts no process where there is no `nix` on PATH.
 *
 * @throws ProcessError only when the signal is aborted.
 */
export async function findNix({ signal, path }: NixOptions = {}): Promise<Nix> {
  const tool = findTool('nix', path);
  if (tool === undefined) {
    return {
      state: 'absent',
      reason: 'nix is not installed',
      remedy: 'Install Nix 2.4 or newer (https://nixos.org/download) to boot NixOS itself.',
    };
  }
  const unusable = (reason: string, remedy: string): Nix => ({
    state: 'unusable',
    path: tool,
    reason,
    remedy,
  });
  const options = { signal, deadline: Deadline.after(answerMs), ...(path === undefined ? {} : { path }) };
  try {
    const { stdout } = await runNixProgram('nix', ['--version'], options);
    const [, version = '', major = '0', minor = '0'] = /((\d+)\.(\d+)\S*)/.exec(stdout) ?? [];
    if (isOlder([Number(major), Number(minor)])) {
      return unusable(
        `nix ${version || 'of unknown version'} is too old for flakes`,
        'Install Nix 2.4 or newer.',
      );
    }
    // Writing an empty file to the store shows that there is one; `getFlake` is there only where flakes are allowed.
    const expression = 'builtins.seq (builtins.toFile "bootproof" "") (builtins ? getFlake)';
    const { stdout: answer } = await runNix(['eval', '--json', '--expr', expression], options);
    return answer.trim() === 'true'
      ? { state: 'usable', path: tool, version }
      : unusable(`nix ${version} does not allow flakes`, 'Allow the experimental feature `flakes`.');
  } catch (error) {
    if (!(error instanceof ProcessError) || error.canceled) throw error;
    return unusable(...whyItFailed(error));
  }
}

function isOlder([major, minor]: readonly [number, number]): boolean {
  const [firstMajor, firstMinor] = firstWithFlakes;
  return major < firstMajor || (major === firstMajor && minor < firstMinor);
}

/** Reason and remedy for a Nix that is there and does not answer. */
function whyItFailed(error: ProcessError): [string, string] {
  if (error.timedOut) {
    return [
      `nix did not answer within ${answerMs / 1000} s`,
      'See whether its daemon runs: systemctl status nix-daemon',
    ];
  }
  const text = error.stderrTail === '' ? causeOfExit(error) : nixErrorText(error.stderrTail);
  const reason = `nix cannot be used: ${text.split('\n')[0] ?? ''}`;
  if (/daemon|socket/i.test(text)) return [reason, 'Start its daemon: sudo systemctl start nix-daemon'];
  if (/permission denied|read-only file system/i.test(text)) {
    return [reason, 'This user needs a store of its own, or the daemon: see how Nix was installed.'];
  }
  return [reason, 'Run `nix-store --version` and `nix eval --expr 1` to see what it lacks.'];
}

/** Whether the inputs of a flake are on this computer now. */
export type FlakeInputs =
  | { readonly had: true }
  | {
      readonly had: false;
      readonly reason: string;
      /** Whether a network that answers would mend it. */
      readonly network: boolean;
    };

export interface FlakeInputsOptions extends NixOptions {
  /** How long fetching may take that gets on. Milliseconds; 3 minutes unless told. */
  readonly fetchMs?: number;
  /** Called before anything is fetched. */
  readonly onFetch?: () => void;
}

/**
 * Sees to it that a flake's inputs are here. What is in the store or in Nix's caches is found without a network. What is
 * not is fetched, but only from a network that answers: within 5 s, at the first attempt. Without a network that is known
 * in well under 15 s; on a slow line it may go on, since building needs the inputs anyway.
 *
 * @param folder the folder with flake.nix and flake.lock
 * @throws ProcessError only when the signal is aborted.
 */
export async function flakeInputs(folder: string, options: FlakeInputsOptions = {}): Promise<FlakeInputs> {
  const { signal, path, fetchMs = 180_000, onFetch } = options;
  const archive = async (more: readonly string[], ms: number): Promise<FlakeInputs> => {
    const args = ['flake', 'archive', '--json', '--no-update-lock-file', ...more, thisFlake];
    const rest = path === undefined ? {} : { path };
    try {
      await runNix(args, { cwd: folder, signal, deadline: Deadline.after(ms), ...rest });
      return { had: true };
    } catch (error) {
      if (!(error instanceof ProcessError) || error.canceled) throw error;
      if (error.timedOut) {
        return { had: false, network: true, reason: `they were not there after ${ms / 1000} s` };
      }
      const text = nixErrorText(error.stderrTail);
      const reason = text.split('\n')[0] || causeOfExit(error);
      return { had: false, network: isNetworkError(text), reason };
    }
  };
  const offline = await archive(['--offline'], 15_000);
  // Any other fault would be the same with a network.
  if (offline.had || !offline.network) return offline;
  onFetch?.();
  return archive(
    Object.entries({ 'connect-timeout': 5, 'stalled-download-timeout': 5, 'download-attempts': 1 }).flatMap(
      ([name, value]) => ['--option', name, String(value)],
    ),
    fetchMs,
  );
}
