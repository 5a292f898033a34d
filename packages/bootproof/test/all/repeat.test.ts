import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootproof, homelabWith } from '../cli/command.ts';

test('hl02 is proven in 20 runs of 20, and the summary says what that shows', async () => {
  await using homelab = await homelabWith();
  const args = ['check', 'hl02', '--on', 'stand-in', '--repeat', '20'];
  const { status, stdout, stderr } = await bootproof(args, { cwd: homelab.folder });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toContain('20 of 20: a true failure rate above 14 % would show with 95 % confidence');
  const folder = join(homelab.folder, '.bootproof/repeats/hl02');
  const [file = ''] = await readdir(folder);
  const summary = JSON.parse(await readFile(join(folder, file), 'utf8'));
  expect(summary).toMatchObject({ wanted: 20, runs: 20, proven: 20 });
});
