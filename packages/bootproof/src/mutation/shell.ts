import { quote } from '../probes/shell.ts';
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
 * Where a unit's file or drop-in is put: before all that is in /etc, which on NixOS cannot be written to
 * (systemd.unit(5), the unit load path).
 */
export const unitFolder = '/run/systemd/system.control';

/** Sets `$unit` to a unit's own name: it may be known by an alias. */
export const resolveUnit = (name: string): string => `unit=$(systemctl show -P Id ${quote(name)})`;

/** Lays a drop-in over `$unit`, and starts it anew with that. */
export const overrideUnit = (settings: readonly string[]): string[] => [
  `mkdir -p "${unitFolder}/$unit.d"`,
  `printf '%s\\n' '[Service]' ${settings.map((setting) => `"${setting}"`).join(' ')} > "${unitFolder}/$unit.d/mutation.conf"`,
  'systemctl daemon-reload',
];

/** Waits up to ten seconds until a unit has failed; the fault was not made when it does not. */
export const awaitFailure = (unit: string): string[] => [
  `count=0; until systemctl is-failed -q ${unit}; do count=$((count + 1)); [ $count -lt 100 ]; sleep 0.1; done`,
];

/** Puts a file of one's own in the place of a file or of a link to one that cannot be written to. */
export function rewrite(path: string, edit: (copy: string) => string): string[] {
  const copy = '/run/mutation.copy';
  return [`cat ${quote(path)} > ${copy}`, edit(copy), `rm -f ${quote(path)}`, `cp ${copy} ${quote(path)}`];
}

/** A text as a pattern of sed's and of JavaScript's that matches it and nothing else. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
