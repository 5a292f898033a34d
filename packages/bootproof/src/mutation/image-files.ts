import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BootproofError, messageOf } from '../base/errors.ts';
import { Deadline } from '../host/deadline.ts';
import { reasonOf } from '../host/poll.ts';
import { run } from '../host/process.ts';
import { Scope } from '../host/scope.ts';
import { inspectDisk } from '../image/inspect.ts';
import { startByte, systemPartitions } from '../image/realisable.ts';
import type { Target } from '../probes/target.ts';
import { askProbes } from './ask.ts';
import { judge, notApplied, type Outcome } from './judge.ts';
import type { HostParts } from './kept-machine.ts';
import type { ImageFileFault, Mutation } from './mutation.ts';

export type ImageFileMutation = Mutation & { readonly fault: ImageFileFault };

export interface ImageFileOptions extends HostParts {
  readonly mutations: readonly ImageFileMutation[];
  readonly onStep: (step: string) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Puts files into a copy of the image, and inspects it as a build does. Nothing is booted, and no file is left. */
export async function runImageFiles(options: ImageFileOptions): Promise<Outcome[]> {
  const { image, mutations, folder, signal, onStep, onOutcome } = options;
  if (mutations.length === 0) return [];
  const raw = join(folder, 'image.raw');
  onStep('copying the image');
  await mkdir(folder, { recursive: true });
  const outcomes: Outcome[] = [];
  try {
    await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image.path, raw], {
      deadline: Deadline.after(300_000),
      signal,
    });
    for (const mutation of mutations) {
      onStep(mutation.title);
      const outcome = await tryFile(mutation, raw, options);
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return outcomes;
}

async function tryFile(
  mutation: ImageFileMutation,
  raw: string,
  { test, folder, signal }: ImageFileOptions,
): Promise<Outcome> {
  const startedMs = performance.now();
  const spent = () => performance.now() - startedMs;
  const { disk } = test.image;
  const { root } = systemPartitions(test.image);
  const undo = join(folder, 'undo.e2undo');
  const device = `${raw}?offset=${startByte(disk, root)}`;
  const undoAll = async () => {
    await run('e2undo', ['-o', String(startByte(disk, root)), undo, raw], { signal });
    await rm(undo, { force: true });
  };
  try {
    await plant(mutation.fault, { device, folder, undo, signal });
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    // debugfs may have come as far as a folder, or nowhere: of that there is nothing to undo.
    await undoAll().catch(() => rm(undo, { force: true }));
    return notApplied(mutation, messageOf(error), spent());
  }
  try {
    const inspection = await inspectDisk(raw, disk, root, { signal });
    const proofs = await askProbes(
      mutation.expects.map(({ probe }) => probe),
      { image: inspection } as Target,
      { scope: new Scope(), now: spent },
    );
    return judge(mutation, proofs, spent());
  } finally {
    // The file system is as it was: the next fault comes alone too.
    await undoAll();
  }
}

interface Planting {
  readonly device: string;
  readonly folder: string;
  /** Where debugfs keeps what it overwrites: debugfs(8), `-z`. */
  readonly undo: string;
  readonly signal: AbortSignal;
}

/** Writes a file into an ext4 file system that is not mounted, in the place of one that is there. */
async function plant(
  { path, text }: ImageFileFault,
  { device, folder, undo, signal }: Planting,
): Promise<void> {
  const [source, script] = [join(folder, 'planted'), join(folder, 'planted.debugfs')];
  await writeFile(source, text);
  // Neither a folder that is there nor a file that is not stops what comes next; what came of it is read afterwards.
  const lines = [`mkdir ${dirname(path)}`, `rm ${path}`, `write ${source} ${path}`];
  await writeFile(script, `${lines.join('\n')}\n`);
  const written = await run('debugfs', ['-w', '-z', undo, '-f', script, device], { signal });
  const { stdout } = await run('debugfs', ['-R', `cat ${path}`, device], { signal });
  if (stdout.trim() === text.trim()) return;
  throw new BootproofError(`debugfs did not write ${path}: ${written.stderr.trim()}`, { kind: 'unproven' });
}
