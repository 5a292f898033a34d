/**
 * The name that systemd gives to the unit of a path, without its suffix: `/var/lib/a b` is `var-lib-a\x20b`. Facts:
 * systemd.unit(5), string escaping for inclusion in unit names.
 */
export function escapedPath(path: string): string {
  const inner = path
    .split('/')
    .filter((part) => part !== '')
    .join('/');
  if (inner === '') return '-';
  const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`;
  const kept = (byte: number) => /[A-Za-z0-9:_.]/.test(String.fromCharCode(byte));
  return [...new TextEncoder().encode(inner)]
    .map((byte, index) => {
      if (byte === 0x2f) return '-';
      const leadingDot = index === 0 && byte === 0x2e;
      return kept(byte) && !leadingDot ? String.fromCharCode(byte) : hex(byte);
    })
    .join('');
}

/** A value of a setting, with the specifiers of systemd.unit(5) taken for what they are. */
export const settingText = (value: string): string => value.replaceAll('%', '%%');
