/**
 * Whether a path is relative, stays below its folder and is written in its shortest form: no empty, `.` or `..` part,
 * no backslash (a separator elsewhere) and no control character, which would spoil every message and patch.
 */
export function isPlainPath(path: string): boolean {
  if (/[\\\p{Cc}]/u.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
