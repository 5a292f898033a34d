import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { running } from '../../src/mutation/shell.ts';
import { rewrite } from '../../src/probes/fault-commands.ts';
import { planHl02 } from '../plan/support.ts';

const shell = promisify(execFile);
const { mutations } = deriveMutations(await planHl02());

describe('the commands of faults', () => {
  const commands = mutations.flatMap(({ id, fault }) =>
    fault.type === 'running' ? [[id, fault.command] as const] : [],
  );

  test.each(commands)('%s is what a shell can read', async (_, command) => {
    await shell('/bin/sh', ['-n', '-c', command]);
  });

  test('end at the first line that fails, so that half a fault is none', async () => {
    const { command } = running(['false', 'echo reached']);
    await expect(shell('/bin/sh', ['-c', command])).rejects.toMatchObject({ code: 1, stdout: '' });
  });

  test('a line of a file is changed in place, and another text is left alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    try {
      const changed = mutations.find(({ id }) => id.startsWith('line-changed/boot/loader/loader.conf'));
      const file = join(folder, 'loader.conf');
      await writeFile(file, 'timeout   1\neditor yes\n');
      const command = changed?.fault.type === 'running' ? changed.fault.command : '';
      const here = command
        .replaceAll('/boot/loader/loader.conf', file)
        .replaceAll('/run/mutation.copy', join(folder, 'copy'));
      await shell('/bin/sh', ['-c', here]);
      expect(await readFile(file, 'utf8')).toBe('timeout mutation\neditor yes\n');
      await writeFile(file, 'timeout 10\n');
      await expect(shell('/bin/sh', ['-c', here])).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a path with white space is one word', () => {
    expect(rewrite('/a b', () => 'true').join('\n')).toContain("rm -f '/a b'");
  });
});
