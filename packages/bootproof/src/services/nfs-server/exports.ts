import { sortedLines } from '../sorted-lines.ts';

/** What exports(5) says, as far as it is shown. Pure. */

/** A line of exports(5). */
export interface Export {
  readonly path: string;
  /** Who may mount it, with their options: `192.168.1.0/24(rw)`. */
  readonly clients: readonly string[];
}

/** The exports that a text in the form of exports(5) names. */
export function parseExports(text: string): Export[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .flatMap((line) => {
      const [, quoted, plain = '', rest = ''] = /^(?:"([^"]+)"|(\S+))\s*(.*)$/.exec(line) ?? [];
      const path = quoted ?? plain;
      return path.startsWith('/') ? [{ path, clients: rest.split(/\s+/).filter((word) => word !== '') }] : [];
    });
}

/** Whether the machine itself is among the clients, so that it can mount what it exports. */
export const admitsItself = ({ clients }: Export): boolean =>
  clients.some((client) => /^(\*|localhost|127\.0\.0\.1|127\.0\.0\.0\/8)?(\(|$)/.test(client));

/** Who may mount a folder, as `exportfs` is told of it. */
export const clientsOf = (exports: readonly Export[], path: string): string[] =>
  exports.flatMap((each) =>
    each.path === path ? each.clients.map((client) => client.replace(/\(.*/, '') || '*') : [],
  );

/** A client with what counts of its options, and the defaults of those that are left out: exports(5). */
export interface Client {
  readonly name: string;
  readonly mode: 'ro' | 'rw';
  readonly squash: 'root_squash' | 'no_root_squash';
}

/** Undefined for clients that `exportfs` shows otherwise than they were written: host names, netgroups, defaults. */
export function readClient(given: string): Client | undefined {
  const [, name, list = ''] = /^(\*|\d[\d.]*(?:\/\d+)?)?(?:\((.*)\))?$/.exec(given) ?? [];
  const options = list.split(',');
  if (name === undefined && !given.startsWith('(')) return undefined;
  return {
    name: name ?? '*',
    mode: options.includes('rw') ? 'rw' : 'ro',
    squash: options.includes('no_root_squash') ? 'no_root_squash' : 'root_squash',
  };
}

/** Clients as the probe shows them: one a line, sorted. */
export const clientLines = (clients: readonly Client[]): string =>
  sortedLines(clients.map(({ name, mode, squash }) => `${name} ${mode} ${squash}`));
