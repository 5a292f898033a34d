import { stat } from 'node:fs/promises';
import type { EmittedFile, EmittedTree } from '../base/emitted-tree.ts';
import { BootproofError, messageOf } from '../base/errors.ts';
import { type Found, look } from './emission-look.ts';
import { checkTreePaths } from './emission-paths.ts';
import { type EmissionProblem, editedProblem, foreignProblem, staleProblem } from './emission-problem.ts';
import {
  type EmissionRecord,
  type RecordEntries,
  readRecord,
  sameEntries,
  sha256,
} from './emission-record.ts';

/**
 * How an emitted file on disk stands to the declaration.
 *
 * - `new`: it is not there, and will be written.
 * - `changed`: it is what was emitted before, and will be replaced.
 * - `same`: it is what the declaration gives, whatever the record says.
 * - `stale`: it is what was emitted before, the declaration no longer gives it, and it will be removed.
 * - `edited`: it is neither what was emitted before nor what the declaration gives. It stays, unless forced.
 * - `edited stale`: as `edited`, and the declaration no longer gives it. It stays, unless forced.
 * - `foreign`: something that was never emitted has its place. It stays, unless forced; a folder stays even then.
 * - `kept`: a file that is written only when missing is there.
 */
export type EmissionState =
  | 'new'
  | 'changed'
  | 'same'
  | 'stale'
  | 'edited'
  | 'edited stale'
  | 'foreign'
  | 'kept';

export interface EmissionFile {
  /** Below the emitted folder. */
  readonly path: string;
  readonly state: EmissionState;
  /** What the declaration gives; undefined when it no longer gives this file. */
  readonly wanted: EmittedFile | undefined;
  /** What is on disk. */
  readonly found: Found;
  /** Why it stays and what to do, for `edited`, `edited stale` and `foreign`. */
  readonly problem?: EmissionProblem;
}

/** What has to be done for a folder to hold what the declaration gives. A plan: nothing is touched by making it. */
export interface Emission {
  /** Sorted by path. */
  readonly files: readonly EmissionFile[];
  /** The record as it is on disk. */
  readonly record: EmissionRecord;
  /** Paths of the record that the declaration no longer gives and that are gone from the disk already, sorted. */
  readonly gone: readonly string[];
}

/**
 * Compares a folder with the tree that the declaration gives. The folder need not exist.
 *
 * A record that cannot be read counts as knowing nothing: each file that differs is then `edited`, and none is `stale`.
 *
 * @throws BootproofError when a path of the tree leaves the folder or meets another, the folder or the record is none,
 *   or the disk refuses to show a file
 */
export async function planEmission(folder: string, tree: EmittedTree): Promise<Emission> {
  checkTreePaths(tree);
  await checkFolder(folder);
  const record = await readRecord(folder);
  const recorded = [...record.entries.keys()].filter((path) => !tree.has(path));
  const dropped = await Promise.all(recorded.map((path) => planDropped(folder, path, record)));
  const staleFiles = dropped.filter((file) => file.state === 'stale').map(({ path }) => path);
  const wanted = await planWanted(folder, tree, record, new Set(staleFiles));
  const isThere = ({ found }: EmissionFile): boolean => found.kind === 'file' || found.kind === 'link';
  return {
    files: [...dropped.filter(isThere), ...wanted].sort((a, b) => (a.path < b.path ? -1 : 1)),
    record,
    gone: dropped
      .filter(({ found }) => found.kind === 'absent')
      .map(({ path }) => path)
      .sort(),
  };
}

/** Whether there is nothing to write, to remove or to complain about, in the record neither. */
export function isClean(emission: Emission): boolean {
  return (
    emission.record.kind !== 'unreadable' &&
    emission.files.every(({ state }) => state === 'same' || state === 'kept') &&
    sameEntries(emission.record.entries, entriesAfter(emission, false))
  );
}

/** Whether an emission writes or removes a file. What is no file can be replaced by none, forced or not. */
export function isDue({ state, found }: EmissionFile, force: boolean): boolean {
  if (state === 'new' || state === 'changed' || state === 'stale') return true;
  const disputed = state === 'edited' || state === 'edited stale' || state === 'foreign';
  return disputed && force && found.kind !== 'obstacle';
}

/** What the record says once an emission is applied. A file that stays as it is keeps its entry, and so its state. */
export function entriesAfter({ files, record }: Emission, force: boolean): RecordEntries {
  const entries = new Map<string, string>();
  for (const file of files) {
    if (file.wanted?.keep === true) continue;
    const settled = file.state === 'same' || isDue(file, force);
    const hash = settled ? file.wanted && sha256(file.wanted.text) : record.entries.get(file.path);
    if (hash !== undefined) entries.set(file.path, hash);
  }
  return entries;
}

/** A file that was emitted and is no longer. Where something that was never emitted has its place, it is gone. */
async function planDropped(folder: string, path: string, record: EmissionRecord): Promise<EmissionFile> {
  const found = await look(folder, path);
  const unedited = found.kind === 'file' && sha256(found.bytes) === record.entries.get(path);
  if (unedited) return { path, state: 'stale', wanted: undefined, found };
  return { path, state: 'edited stale', wanted: undefined, found, problem: staleProblem(path, found) };
}

function planWanted(
  folder: string,
  tree: EmittedTree,
  record: EmissionRecord,
  stale: ReadonlySet<string>,
): Promise<EmissionFile[]> {
  const plans = [...tree].map(async ([path, wanted]): Promise<EmissionFile> => {
    const found = await look(folder, path, stale);
    const state = stateOf(path, wanted, found, record);
    const file = { path, state, wanted, found };
    if (state === 'edited') return { ...file, problem: editedProblem(path, wanted, found, record) };
    if (state === 'foreign') return { ...file, problem: foreignProblem(path, wanted, found) };
    return file;
  });
  return Promise.all(plans);
}

function stateOf(path: string, wanted: EmittedFile, found: Found, record: EmissionRecord): EmissionState {
  if (found.kind === 'absent') return 'new';
  if (found.kind === 'obstacle') return 'foreign';
  if (wanted.keep === true) return found.kind === 'file' || found.toFile ? 'kept' : 'foreign';
  if (found.kind === 'file' && found.bytes.equals(Buffer.from(wanted.text))) return 'same';
  const emitted = record.entries.get(path);
  if (emitted === undefined) return record.kind === 'unreadable' ? 'edited' : 'foreign';
  return found.kind === 'file' && sha256(found.bytes) === emitted ? 'changed' : 'edited';
}

async function checkFolder(folder: string): Promise<void> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(folder)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new BootproofError(`${folder} could not be read: ${messageOf(error)}`, {
      kind: 'missing',
      hint: 'Make it a folder that your user can read.',
      cause: error,
    });
  }
  if (!isFolder) {
    throw new BootproofError(`${folder} is not a folder, so nothing can be emitted to it.`, {
      kind: 'declaration',
      hint: 'Move it away, and emit again.',
    });
  }
}
