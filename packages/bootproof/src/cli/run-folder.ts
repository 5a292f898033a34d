import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes the folder of a new run: `<root>/.bootproof/runs/<host>/<time>`. Two runs that begin at the same moment get
 * folders of their own.
 */
export async function makeRunFolder(root: string, host: string, now = new Date()): Promise<string> {
  const runs = join(root, '.bootproof', 'runs', host);
  await mkdir(runs, { recursive: true });
  const time = now.toISOString().replace(/[:.]/g, '-').replace('Z', '');
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
