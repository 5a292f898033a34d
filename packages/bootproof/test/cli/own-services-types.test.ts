import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { repository } from './command.ts';

/** What the compiler complains about in a copy of the examples in which a text of a file is another. */
async function complaints(name: string, text: string | RegExp, other: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  try {
    await cp(join(repository, 'examples'), join(folder, 'examples'), { recursive: true });
    for (const name of ['package.json', 'tsconfig.base.json']) {
      await cp(join(repository, name), join(folder, name));
    }
    await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, 'examples', name);
    const before = await readFile(file, 'utf8');
    const after = before.replace(text, other);
    if (after === before) throw new Error(`${name} has no ${text}`);
    await writeFile(file, after);
    const { stdout } = await execa(
      'node_modules/.bin/tsc',
      ['-p', 'examples', '--noEmit', '--pretty', 'false'],
      {
        cwd: folder,
        reject: false,
      },
    );
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const host = 'hosts/svc03/configuration.ts';

describe('a service in services/', () => {
  it.each([
    ['a value of another type', 'maxMemory: 32', "maxMemory: '32'", /'string' is not assignable/],
    [
      'an option that it does not have',
      'maxConnections:',
      'maxConections:',
      /'maxConections' does not exist/,
    ],
  ])(
    'makes %s an error where it stands',
    async (_what, text, other, message) => {
      const told = await complaints(host, text, other);
      expect(told).toEqual([expect.stringMatching(message)]);
      expect(told[0]).toContain('examples/hosts/svc03/configuration.ts');
    },
    60_000,
  );

  it('is unknown to the compiler when its file does not add it to HomelabServices', async () => {
    expect(await complaints('services/memcached.ts', /declare module[\s\S]*/, '')).toEqual([
      expect.stringMatching(/svc03\/configuration\.ts.*'memcached' does not exist/),
    ]);
  }, 60_000);
});
