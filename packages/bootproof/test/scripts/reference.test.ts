import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repository } from '../cli/command.ts';

let docs: string;
beforeEach(async () => {
  docs = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
});
afterEach(() => rm(docs, { recursive: true, force: true }));

/** Runs the script as `make reference` does, over a folder of the test's own. */
const reference = (...args: readonly string[]) =>
  execa(process.execPath, ['scripts/reference.js', '--docs', docs, ...args], {
    cwd: repository,
    reject: false,
  });

describe('the generated pages', () => {
  it('are written, the same each time, and those of what is gone are removed', async () => {
    await mkdir(join(docs, 'services'));
    const gone = join(docs, 'services/gone.md');
    const own = join(docs, 'services/own.md');
    const notice = (await readFile(join(repository, 'docs/services/README.md'), 'utf8')).split('\n', 1)[0];
    await writeFile(gone, `${notice}\n\n# gone\n`);
    await writeFile(own, '# Written by hand\n');
    expect(await reference()).toMatchObject({ exitCode: 0 });
    await expect(readFile(gone)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(own, 'utf8')).toBe('# Written by hand\n');
    const page = join(docs, 'services/openssh.md');
    expect(await readFile(page, 'utf8')).toBe(
      await readFile(join(repository, 'docs/services/openssh.md'), 'utf8'),
    );
    expect(await reference()).toMatchObject({ stdout: 'reference: unchanged' });
    expect(await reference('--check')).toMatchObject({ exitCode: 0 });
    await appendFile(page, 'By hand.\n');
    await writeFile(gone, `${notice}\n`);
    const { exitCode, stderr } = await reference('--check');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('docs/services/openssh.md, docs/services/gone.md');
    expect(await readFile(page, 'utf8')).toContain('By hand.');
  }, 60_000);
});
