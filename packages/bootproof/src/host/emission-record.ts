import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError, messageOf } from '../base/errors.ts';
import { isPlainPath } from './plain-path.ts';

/**
 * The record of what was emitted: the SHA-256 of each file's text, kept next to the files and committed with them. It
 * tells an old emission from an edit by hand, and an emitted file from one that is somebody else's.
 */

/** The record's name in the emitted folder. */
export const recordName = '.bootproof.json';

const version = 1;
const comment = 'What bootproof emit wrote, so that it can tell an edit by hand. Commit it; do not edit it.';

/** SHA-256 in hexadecimal, by path below the emitted folder. */
export type RecordEntries = ReadonlyMap<string, string>;

/**
 * The record as it is on disk. One that cannot be read says nothing about any file, so nothing that differs may be
 * overwritten; `reason` is why, as the end of a sentence.
 */
export type EmissionRecord =
  | { readonly kind: 'read' | 'absent'; readonly entries: RecordEntries }
  | { readonly kind: 'unreadable'; readonly entries: RecordEntries; readonly reason: string };

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/**
 * Reads the record of an emitted folder; the folder need not exist.
 *
 * @throws BootproofError when something other than a file has its name, or the disk refuses
 */
export async function readRecord(folder: string): Promise<EmissionRecord> {
  const path = join(folder, recordName);
  let text: string;
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) {
      throw new BootproofError(`${path} is not a file, so there is no record of what was emitted.`, {
        kind: 'declaration',
        hint: 'Move it away, and emit again.',
      });
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof BootproofError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent', entries: new Map() };
    throw new BootproofError(`${path} could not be read: ${messageOf(error)}`, {
      kind: 'missing',
      hint: 'Make it readable for your user.',
      cause: error,
    });
  }
  return parseRecord(text);
}

/** What a record's text says. Hashes are trusted only when the whole record is well-formed. */
export function parseRecord(text: string): EmissionRecord {
  const unreadable = (reason: string): EmissionRecord => ({
    kind: 'unreadable',
    entries: new Map(),
    reason,
  });
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return unreadable(
      /^(<{7}|>{7}) /m.test(text) ? 'it has the marks of a merge conflict in it' : 'it is no JSON',
    );
  }
  if (!isObject(found)) return unreadable('it is not a record');
  if (found['version'] !== version) {
    return unreadable(
      `its version is ${JSON.stringify(found['version'])}, and this bootproof knows ${version}`,
    );
  }
  if (!isObject(found['files'])) return unreadable('it has no list of files');
  const entries = new Map<string, string>();
  for (const [path, hash] of Object.entries(found['files'])) {
    if (!isPlainPath(path))
      return unreadable(`it names ${JSON.stringify(path)}, which is outside the folder`);
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) {
      return unreadable(`what it says about ${path} is no SHA-256`);
    }
    entries.set(path, hash);
  }
  return { kind: 'read', entries };
}

/** The record's text: sorted, one file a line, so that two branches seldom meet in it. */
export function formatRecord(entries: RecordEntries): string {
  const lines = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, hash]) => `    ${JSON.stringify(path)}: "${hash}"`);
  const files = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `{\n  "$comment": ${JSON.stringify(comment)},\n  "version": ${version},\n  "files": ${files}\n}\n`;
}

/** Whether two records say the same. */
export const sameEntries = (a: RecordEntries, b: RecordEntries): boolean =>
  a.size === b.size && [...a].every(([path, hash]) => b.get(path) === hash);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
