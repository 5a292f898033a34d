import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '../cli/command.ts';

/** The examples of a page of docs/ that are files of a homelab: blocks whose first line is a comment with the name. */
export async function examplesOf(page: string): Promise<Record<string, string>> {
  const text = await readFile(join(repository, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
  return Object.fromEntries(blocks.map(([, file = '', source = '']) => [file, source]));
}
