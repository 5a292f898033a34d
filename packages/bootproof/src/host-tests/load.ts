import { basename } from 'node:path';
import { BootproofError, DeclarationError, type Fault, together } from '../base/errors.ts';
import { relativeTo } from '../base/stack.ts';
import { collectTests, type DeclaredTest } from './collect.ts';
import { type HostTest, probeOf, slugOf } from './host-test.ts';

export interface LoadOptions {
  /** Absolute, in the order in which they run. */
  readonly files: readonly string[];
  /** Runs a file. */
  readonly run: (file: string) => Promise<void>;
  /** The folder that files are named from. */
  readonly root: string;
}

/**
 * Loads a host's tests. Nothing of them is run yet.
 *
 * @throws BootproofError with what is wrong in all of the files
 */
export async function loadHostTests({ files, run, root }: LoadOptions): Promise<HostTest[]> {
  const tests: HostTest[] = [];
  const faults: Fault[] = [];
  const errors: BootproofError[] = [];
  for (const path of files) {
    const file = relativeTo(root, path);
    try {
      const found = await collectTests(file, () => run(path));
      faults.push(...found.faults);
      tests.push(...hostTests(file, found.tests));
    } catch (error) {
      if (!(error instanceof BootproofError)) throw error;
      errors.push(error);
    }
  }
  if (faults.length > 0) errors.push(new DeclarationError(faults));
  const [first, ...others] = errors;
  if (first !== undefined) {
    throw together([first, ...others], `${errors.length} things are wrong in the tests`);
  }
  return tests;
}

/** Ids are made of the file's name and the title; titles that differ in signs alone get a number. */
function hostTests(file: string, declared: readonly DeclaredTest[]): HostTest[] {
  const stem = basename(file).replace(/\.test\.ts$/, '');
  const taken = new Set<string>();
  return declared.map(({ line, title, details, body }) => {
    const plain = `tests/${stem}/${slugOf(title)}`;
    let id = plain;
    for (let number = 2; taken.has(id); number += 1) id = `${plain}-${number}`;
    taken.add(id);
    return { probe: probeOf(id, { file, line }, title, details), body };
  });
}
