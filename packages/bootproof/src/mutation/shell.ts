import type { RunningFault } from './mutation.ts';

/** Where administrators' programs are, which the PATH of a service may leave out. */
const path = 'PATH="$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin"';

/** The lines of a fault's command; the first that fails ends it. */
export const running = (lines: readonly string[], via: RunningFault['via'] = 'agent'): RunningFault => ({
  type: 'running',
  command: ['set -e', path, ...lines].join('\n'),
  via,
});

/**
 * Sets the machine's clock, which a snapshot put back to the moment when it was taken: a command of its own, or the first
 * of several.
 *
 * @param now milliseconds since 1970
 */
export const setClock = (now: number): string => `date -s @${(now / 1000).toFixed(3)} > /dev/null || exit`;
