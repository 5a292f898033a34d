import { BootproofError } from '../base/errors.ts';

/** Names that people give keys, and QEMU's own for them where it has another (QKeyCode in qapi/ui.json). */
const aliases: Readonly<Record<string, string>> = {
  enter: 'ret',
  return: 'ret',
  escape: 'esc',
  space: 'spc',
  del: 'delete',
  control: 'ctrl',
  pageup: 'pgup',
  pagedown: 'pgdn',
};

/**
 * The keys of a chord such as `ctrl-alt-delete`, as the argument `keys` of QMP's send-key.
 *
 * @throws BootproofError for a name that no key has the form of.
 */
export function keysOf(chord: string): { type: 'qcode'; data: string }[] {
  return chord.split('-').map((name) => {
    const key = name.toLowerCase();
    if (!/^[a-z0-9_]+$/.test(key)) {
      throw new BootproofError(`${JSON.stringify(chord)} is no key`, {
        kind: 'declaration',
        hint: 'Name keys as QEMU does, joined by a dash: ctrl-alt-delete, ret, a, f2.',
      });
    }
    return { type: 'qcode', data: aliases[key] ?? key };
  });
}
