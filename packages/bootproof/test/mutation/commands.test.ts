import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { hostNames } from '../../src/host/discover.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { running, setClock } from '../../src/mutation/shell.ts';
import { exactly, filtered, rewrite, withLine } from '../../src/probes/fault-commands.ts';
import { repository } from '../cli/command.ts';
import { planHl02 } from '../plan/support.ts';

const shell = promisify(execFile);
const hl02 = await planHl02();
const { mutations } = deriveMutations(hl02);
const config = join(repository, 'examples');
const examples = await planHosts(hostNames(config), await openHomelab({ config }));

describe('the commands of faults', () => {
  test.each([hl02, ...examples.map((each) => each.test)])(
    'of $hostName are what a shell can read',
    async (plan) => {
      const commands = deriveMutations(plan).mutations.flatMap(({ fault }) =>
        fault.type === 'running' ? [fault.command] : [],
      );
      expect(commands.length).toBeGreaterThan(0);
      // A text that the shell cannot read would end it, and take the rest with it: each is read for itself.
      for (const command of new Set(commands)) await shell('/bin/sh', ['-n', '-c', command]);
    },
  );

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

  test('come after the clock was set, and not at all where it could not be', async () => {
    expect(setClock(1_700_000_000_250)).toMatch(/^date -s @1700000000\.250 /);
    const refused = `date() { return 3; }\n${setClock(0)}\necho reached`;
    await expect(shell('/bin/sh', ['-c', refused])).rejects.toMatchObject({ code: 3, stdout: '' });
  });

  test('a path with white space is one word', () => {
    expect(rewrite('/a b', () => 'true').join('\n')).toContain("rm -f '/a b'");
  });

  test('a filter that changes nothing is no fault', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    try {
      const [from, to] = [join(folder, 'from'), join(folder, 'to')];
      await writeFile(from, 'one\n');
      const { command } = running(filtered(from, to, "sed 's/one/two/' | cat"));
      await shell('/bin/sh', ['-c', command]);
      expect(await readFile(to, 'utf8')).toBe('two\n');
      const vain = running(filtered(from, to, 'sed s/three/two/')).command;
      await expect(shell('/bin/sh', ['-c', vain])).rejects.toMatchObject({
        code: 1,
        stdout: 'the fault changes nothing\n',
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('patterns hold for whole lines, and take signs for what they are', () => {
    expect(exactly('a.b', 'c')).toBe('^a\\.b\\nc$');
    const some = new RegExp(withLine('save=1 1'));
    expect(some.test('port=1\nsave=1 1\nlast=2')).toBe(true);
    expect(some.test('port=1\nsave=1 10')).toBe(false);
    expect(some.test('appendsave=1 1')).toBe(false);
  });
});
