import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { repository } from '../cli/command.ts';

const strays = join(repository, 'packages/bootproof/dist/host-tests/strays.js');

/** Runs statements in a process of their own, after a first test has begun there. */
const running = (statements: string) =>
  execa(
    process.execPath,
    ['--input-type=module', '-e', `import { takeStrays } from ${JSON.stringify(strays)};\n${statements}`],
    { reject: false },
  );

it.each([
  ['a rejection', "Promise.reject(new Error('of the program'));"],
  ['an exception', "setTimeout(() => { throw new Error('of the program'); });"],
])('%s that is of no test ends the program, as it would have', async (_name, stray) => {
  const { exitCode, stderr } = await running(
    `takeStrays({}, () => {});\n${stray}\nsetInterval(() => {}, 1000);`,
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain('Error: of the program');
});

it('what is printed by no test is printed', async () => {
  const { stdout } = await running("takeStrays({}, () => {});\nconsole.log('so far %d', 3);");
  expect(stdout).toBe('so far 3');
});
