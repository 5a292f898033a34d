/** Lines of which faults are made, for the guest's /bin/sh. They work on NixOS too, where /etc is full of links to the store. */

import { shellQuote } from '../base/shell-word.ts';

/**
 * Where a unit's file or drop-in is put: before all that is in /etc, which on NixOS cannot be written to
 * (systemd.unit(5), the unit load path).
 */
export const unitFolder = '/run/systemd/system.control';

/** Sets `$unit` to a unit's own name: it may be known by an alias. */
export const resolveUnit = (name: string): string => `unit=$(systemctl show -P Id ${shellQuote(name)})`;

/** Lays a drop-in over `$unit`, with settings that the shell reads as in double quotes. */
export const overrideUnit = (
  settings: readonly string[],
  section: 'Unit' | 'Service' | 'Timer' = 'Service',
): string[] => [
  `mkdir -p "${unitFolder}/$unit.d"`,
  `printf '%s\\n' '[${section}]' ${settings.map((setting) => `"${setting}"`).join(' ')} > "${unitFolder}/$unit.d/mutation.conf"`,
  'systemctl daemon-reload',
];

/** Waits up to ten seconds until a command succeeds; the fault was not made when it does not. */
export const awaitSuccess = (command: string): string =>
  `count=0; until ${command}; do count=$((count + 1)); [ $count -lt 100 ]; sleep 0.1; done`;

/** Waits up to ten seconds until a unit has failed; the fault was not made when it does not. */
export const awaitFailure = (unit: string): string[] => [awaitSuccess(`systemctl is-failed -q ${unit}`)];

/** Waits up to ten seconds until somebody listens on a TCP port; the fault was not made when nobody does. */
export const awaitListener = (port: number): string =>
  awaitSuccess(`ss -Hltn 'sport = :${port}' | grep -q .`);

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

/**
 * Makes another file of one by a filter, as `sed` is; a filter that changes nothing makes no fault. `from` and `to` are
 * words of the shell.
 */
export const filtered = (from: string, to: string, filter: string): string[] => [
  `{ ${filter}; } < ${from} > ${to}`,
  `if cmp -s ${from} ${to}; then echo 'the fault changes nothing'; exit 1; fi`,
];

/** Lays a filtered copy over a file, which may be one that cannot be written to. `file` is a word of the shell. */
export function overlay(file: string, filter: string): string[] {
  const copy = '/run/mutation.overlay';
  return [`cp -p ${file} ${copy}`, ...filtered(file, copy, filter), `mount --bind ${copy} ${file}`];
}

/** Puts a copy in the place of a link to a file that cannot be written to; what is no link stays as it is. */
export const ownCopy = (path: string): string => {
  const place = shellQuote(path);
  return `if [ -L ${place} ]; then cp --remove-destination "$(readlink -f ${place})" ${place}; fi`;
};

/** The name of nobody, who owns no file, and of its group, on Debian and NixOS alike. */
export const nobody = { user: 'nobody', group: 'nogroup' } as const;

/** Sets a field of a user's or a group's line, counted from 1, in a table such as passwd(5); the file stays the same one. */
export function setField(table: string, name: string, field: number, value: string): string[] {
  const copy = '/run/mutation.copy';
  const program = '$1 == name { $field = value; found = 1 } 1; END { exit !found }';
  const given = [`name=${name}`, `field=${field}`, `value=${value}`].map((each) => `-v ${shellQuote(each)}`);
  return [`awk -F: -v OFS=: ${given.join(' ')} '${program}' ${table} > ${copy}`, `cat ${copy} > ${table}`];
}

/** Takes a user's or a group's line out of a table such as passwd(5). */
export const dropLine = (table: string, name: string): string[] => [
  `grep -q ${shellQuote(`^${literally(name)}:`)} ${table}`,
  `sed -i ${shellQuote(`/^${literally(name)}:/d`)} ${table}`,
];

/** A text as a pattern of sed's and of JavaScript's that matches it and nothing else. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** A pattern for these lines and no others. */
export const exactly = (...lines: readonly string[]): string => `^${lines.map(literally).join('\\n')}$`;

/** A pattern for a text that has this line. */
export const withLine = (line: string): string => `(^|\\n)${literally(line)}(\\n|$)`;
