import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../host/atomic.ts';
import type { RepeatSummary } from '../runner/repeat.ts';

/** A moment as the name of a file or folder. */
const nameOf = (moment: Date): string => moment.toISOString().replace(/[:.]/g, '-').replace('Z', '');

/**
 * Makes the folder of a new run: `<root>/.bootproof/runs/<host>/<time>`. Two runs that begin at the same moment get
 * folders of their own.
 */
export async function makeRunFolder(root: string, host: string, now = new Date()): Promise<string> {
  const runs = join(root, '.bootproof', 'runs', host);
  await mkdir(runs, { recursive: true });
  const time = nameOf(now);
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(runs, attempt === 1 ? time : `${time}-${attempt}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Writes what repeated runs came to: `<root>/.bootproof/repeats/<host>/<time>.json`.
 *
 * @returns its path
 */
export async function writeRepeat(root: string, summary: RepeatSummary, now = new Date()): Promise<string> {
  const folder = join(root, '.bootproof', 'repeats', summary.host);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${nameOf(now)}.json`);
  await writeFileAtomic(file, `${JSON.stringify(summary, null, 2)}\n`);
  return file;
}
