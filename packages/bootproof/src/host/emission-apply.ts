import { chmod, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EmittedFile } from '../base/emitted-tree.ts';
import { BootproofError, messageOf } from '../base/errors.ts';
import { removeTemporaries, writeFileAtomic } from './atomic.ts';
import { type Emission, type EmissionFile, entriesAfter, isDue } from './emission.ts';
import { look, sameFound } from './emission-look.ts';
import { parentsOf } from './emission-paths.ts';
import { formatRecord, recordName, sameEntries } from './emission-record.ts';

export interface ApplyOptions {
  /**
   * Also overwrites and removes what was edited by hand, and overwrites a file or a link that was never emitted but has
   * the place of one that is. False unless told.
   */
  readonly force?: boolean;
  /** Writes a file whole or not at all. Tests put a failing one here. */
  readonly write?: typeof writeFileAtomic;
}

/** What an emission did. */
export interface EmissionResult {
  /** Files that were written or removed, sorted by path; `state` says why. */
  readonly done: readonly EmissionFile[];
  /** Files that stay as they are although the declaration gives something else; `problem` says why. Sorted by path. */
  readonly left: readonly EmissionFile[];
  readonly recordWritten: boolean;
}

/**
 * Does what was planned: removes, then writes, then writes the record. Files that are the same are not written again.
 *
 * It may be interrupted anywhere: every file is then whole, and planning and applying again completes it, since a file
 * that holds what the declaration gives is the same whatever the record says. An unreadable record is replaced once
 * nothing is left in dispute.
 *
 * @param folder the one that the plan was made for
 * @throws BootproofError when a file has changed since it was planned, or the disk refuses
 */
export async function applyEmission(
  folder: string,
  emission: Emission,
  { force = false, write = writeFileAtomic }: ApplyOptions = {},
): Promise<EmissionResult> {
  const done = emission.files.filter((file) => isDue(file, force));
  const left = emission.files.filter((file) => file.problem !== undefined && !isDue(file, force));
  await removeLeftovers(folder, emission);
  for (const file of done) {
    if (file.wanted === undefined) await removeFile(folder, file);
  }
  for (const path of emission.gone) await removeEmptyParents(folder, path);
  for (const file of done) {
    if (file.wanted !== undefined) await writeEmitted(folder, file, file.wanted, write);
  }
  return { done, left, recordWritten: await writeRecord(folder, emission, force, left.length > 0, write) };
}

/** What an emission that was killed in the middle of a write has left beside the files of this one. */
async function removeLeftovers(folder: string, { files }: Emission): Promise<void> {
  const names = new Map<string, Set<string>>([['.', new Set([recordName])]]);
  for (const { path } of files) {
    const parent = dirname(path);
    names.set(parent, (names.get(parent) ?? new Set()).add(basename(path)));
  }
  for (const [parent, own] of names) await removeTemporaries(join(folder, parent), own);
}

async function removeFile(folder: string, file: EmissionFile): Promise<void> {
  await checkUntouched(folder, file);
  await orRefuse(join(folder, file.path), 'removed', (path) => rm(path, { force: true }));
  await removeEmptyParents(folder, file.path);
}

async function writeEmitted(
  folder: string,
  file: EmissionFile,
  { text }: EmittedFile,
  write: typeof writeFileAtomic,
): Promise<void> {
  await checkUntouched(folder, file);
  const mode = file.found.kind === 'file' ? file.found.mode : undefined;
  await orRefuse(join(folder, file.path), 'written', async (path) => {
    await write(path, text, mode === undefined ? {} : { mode });
    // The umask may have taken some of it.
    if (mode !== undefined) await chmod(path, mode);
  });
}

async function writeRecord(
  folder: string,
  emission: Emission,
  force: boolean,
  disputed: boolean,
  write: typeof writeFileAtomic,
): Promise<boolean> {
  const entries = entriesAfter(emission, force);
  const { record } = emission;
  const due = record.kind === 'unreadable' ? !disputed : !sameEntries(record.entries, entries);
  if (due) await orRefuse(join(folder, recordName), 'written', (path) => write(path, formatRecord(entries)));
  return due;
}

/**
 * Somebody may have saved the file between the plan and now; that is an edit like any other. Another emission may have
 * done the same work meanwhile; that is none.
 */
async function checkUntouched(folder: string, { path, found, wanted }: EmissionFile): Promise<void> {
  const now = await look(folder, path);
  const isWanted = now.kind === 'file' && wanted !== undefined && now.bytes.equals(Buffer.from(wanted.text));
  if (now.kind === 'absent' || isWanted || sameFound(found, now)) return;
  throw new BootproofError(`${join(folder, path)} changed while it was being emitted.`, {
    kind: 'missing',
    hint: 'It was left as it is. Emit again.',
  });
}

/** Removes the folders of a removed file that have nothing else in them; never the emitted folder itself. */
async function removeEmptyParents(folder: string, path: string): Promise<void> {
  for (const parent of parentsOf(path)) {
    try {
      await rmdir(join(folder, parent));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      // Something else is in it, or it cannot be removed: an empty folder does no harm.
      return;
    }
  }
}

async function orRefuse(
  path: string,
  done: 'written' | 'removed',
  act: (path: string) => Promise<unknown>,
): Promise<void> {
  try {
    await act(path);
  } catch (error) {
    throw new BootproofError(`${path} could not be ${done}: ${messageOf(error)}`, {
      kind: 'missing',
      hint: 'Every file is whole, old or new. Make the folder writable, and emit again: it goes on from here.',
      cause: error,
    });
  }
}
