/** Lines of which faults are made, for the guest's /bin/sh. They work on NixOS too, where /etc is full of links to the store. */

import { shellQuote } from '../base/shell-word.ts';

/**
 * Where a unit's file or drop-in is put: before all that is in /etc, which on NixOS cannot be written to
 * (systemd.unit(5), the unit load path).
 */
export const unitFolder = '/run/systemd/system.control';

/** Sets `$unit` to a unit's own name: it may be known by an alias. */
export const resolveUnit = (name: string): string => `unit=$(systemctl show -P Id ${shellQuote(name)})`;

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
  return [
    `cat ${shellQuote(path)} > ${copy}`,
    edit(copy),
    `rm -f ${shellQuote(path)}`,
    `cp ${copy} ${shellQuote(path)}`,
  ];
}

/** A text as a pattern of sed's and of JavaScript's that matches it and nothing else. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
