import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { bootproof, homelabWith, repository } from '../cli/command.ts';
import { examplesOf } from './examples.ts';

describe.each(['writing-tests.md'])('the examples of docs/%s', (page) => {
  test('are valid by their types, and make a plan', async () => {
    const files = await examplesOf(page);
    expect(Object.keys(files).length).toBeGreaterThan(0);
    await using homelab = await homelabWith(files);
    const dist = join(repository, 'packages/bootproof/dist');
    const config = {
      extends: join(repository, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        allowImportingTsExtensions: true,
        paths: { bootproof: [join(dist, 'index.d.ts')], 'bootproof/test': [join(dist, 'test.d.ts')] },
        typeRoots: [join(repository, 'node_modules/@types')],
      },
      include: ['config'],
    };
    await writeFile(join(homelab.folder, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(join(homelab.folder, 'package.json'), '{ "type": "module" }');
    const tsc = join(repository, 'node_modules/.bin/tsc');
    const compiled = await execa(tsc, ['-p', homelab.folder], { reject: false });
    expect(compiled.stdout).toBe('');
    const { status, stdout, stderr } = await bootproof(['plan', 'hl02'], { cwd: homelab.folder });
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('sshd comes back from a restart');
  });
});
