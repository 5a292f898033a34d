import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Test } from '../../src/index.ts';
import { bootproof, homelabWith } from './command.ts';

const file = 'hosts/hl02/ssh.test.ts';
const good = `import { expect, machine, test } from 'bootproof/test';

test('sshd is there', { proves: ['services.openssh.enable'], deadlineSeconds: 20 }, async () => {
  await expect(machine).toHaveUnit('sshd.service');
});
`;

async function run(args: readonly string[], files: Readonly<Record<string, string | null>>) {
  await using homelab = await homelabWith(files);
  return await bootproof(args, { cwd: homelab.folder });
}

describe('tests in a host’s folder', () => {
  test('are shown by plan, with their place', async () => {
    const { status, stdout } = await run(['plan', 'hl02'], { [file]: good });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^ {4}sshd is there +config\/hosts\/hl02\/ssh\.test\.ts:3 {2}services\.openssh\.enable$/m,
    );
  });

  test('are data in the plan, and count for what is proven', async () => {
    const { stdout } = await run(['plan', 'hl02', '--json'], { [file]: good, 'hosts/hl02/test.ts': null });
    const { probes, coverage } = JSON.parse(stdout) as Test;
    expect(probes.at(-1)).toEqual({
      id: 'tests/ssh/sshd-is-there',
      title: 'sshd is there',
      kind: 'host-test',
      params: { file: 'config/hosts/hl02/ssh.test.ts', line: 3, title: 'sshd is there', deadlineSeconds: 20 },
      proves: ['services.openssh.enable'],
      after: ['boot/multi-user'],
      deadlineSeconds: 25,
      hint: 'The test stands in config/hosts/hl02/ssh.test.ts:3.',
    });
    const enable = coverage.find(({ option }) => option === 'services.openssh.enable');
    expect(enable?.probes).toContain('tests/ssh/sshd-is-there');
  });

  test('are listed by mutate as tried by nothing', async () => {
    const { status, stdout } = await run(['mutate', 'hl02', '--list'], { [file]: good });
    expect(status).toBe(0);
    expect(stdout).toContain('tests/ssh/sshd-is-there (host-test)');
  });

  test('are not part of the flake', async () => {
    await using homelab = await homelabWith({ [file]: good });
    expect(await bootproof(['emit'], { cwd: homelab.folder })).toMatchObject({ status: 0 });
    const { stdout } = await bootproof(['plan', 'hl02', '--json'], { cwd: homelab.folder });
    expect(stdout).toContain('host-test');
    const emitted = await readdir(join(homelab.folder, 'config/nix'), { recursive: true });
    expect(emitted.filter((name) => name.includes('ssh.test'))).toEqual([]);
  });
});

/** A file of tests, and what the message about it has to say. */
const cases: Readonly<Record<string, readonly [source: string, says: readonly string[]]>> = {
  'a syntax error': [
    "import { test } from 'bootproof/test';\ntest('x', async () => { await ( });\n",
    [':2:', 'no valid TypeScript'],
  ],
  'a throw at top level': ["\nthrow new Error('no luck');\n", [':2', 'Error: no luck']],
  'an import of nothing': [
    "import { helper } from './helper.ts';\nhelper();\n",
    [':1', './helper.ts', 'does not exist'],
  ],
  'an import that is not exported': [
    "import { tests } from 'bootproof/test';\ntests('x', () => {});\n",
    [':2', 'tests was imported', 'Did you mean test'],
  ],
  'the machine at top level': [
    "import { machine } from 'bootproof/test';\nawait machine.succeed('true');\n",
    [':2', 'machine.succeed() was used outside of a test', 'move it into the body'],
  ],
  'no test': ["import 'bootproof/test';\n", ['declares no test']],
  'two tests of one title': [
    "import { test } from 'bootproof/test';\ntest('x', () => {});\ntest('x', () => {});\n",
    ['ssh.test.ts:3', 'The test in line 2 has the same title'],
  ],
  'an asynchronous title': [
    "import { test } from 'bootproof/test';\ntest(Promise.resolve('x') as never, () => {});\n",
    ['ssh.test.ts:2', 'The title is a promise'],
  ],
  'an option that there is not': [
    good.replace('openssh.enable', 'opensh.enable'),
    ['ssh.test.ts:3', '"services.opensh.enable"', 'no such option'],
  ],
};

describe('a file of tests is refused before anything boots', () => {
  test.each(Object.entries(cases))('%s', async (_name, [source, says]) => {
    const { status, stderr } = await run(['plan', 'hl02'], { [file]: source });
    expect(status, stderr).toBe(2);
    expect(stderr).toContain('hosts/hl02/ssh.test.ts');
    for (const words of says) expect(stderr).toContain(words);
  });

  test('with all that is wrong in all of them, by check too', async () => {
    const { status, stderr, stdout } = await run(['check', 'hl02'], {
      [file]: cases['a throw at top level']?.[0] ?? '',
      'hosts/hl02/other.test.ts': cases['no test']?.[0] ?? '',
      'hosts/hl02/web.test.ts': cases['two tests of one title']?.[0] ?? '',
      'hosts/hl02/_left-out.test.ts': 'neither loaded nor parsed (',
    });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    for (const words of ['no luck', 'other.test.ts', 'declares no test', 'web.test.ts:3', 'same title']) {
      expect(stderr).toContain(words);
    }
  });
});
