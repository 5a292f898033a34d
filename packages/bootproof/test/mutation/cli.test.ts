import { describe, expect, test } from 'vitest';
import { bootproof } from '../cli/command.ts';

describe('bootproof mutate, without a machine', () => {
  test('--list says what would be tried, and which probes are to catch it', async () => {
    const { status, stdout } = await bootproof(['mutate', 'hl02', '--list']);
    expect(status).toBe(0);
    expect(stdout).toContain('unit-masked/sshd.service: sshd.service is masked\n  openssh/unit\n');
  });

  test('--only narrows the list', async () => {
    const { stdout } = await bootproof(['mutate', 'hl02', '--list', '--only', 'host-name/*']);
    const ids = stdout.split('\n').flatMap((line) => /^(\S+): /.exec(line)?.[1] ?? []);
    expect(ids).toEqual(['host-name/static', 'host-name/kernel']);
  });

  test('a pattern that nothing matches is a mistake of the call, with the nearest id', async () => {
    const { status, stderr } = await bootproof(['mutate', 'hl02', '--only', 'host-name/kernal']);
    expect(status).toBe(2);
    expect(stderr).toContain('no mutation of hl02 matches host-name/kernal');
    expect(stderr).toContain('The nearest: host-name/kernel.');
  });

  test('an unknown host is named before anything is built', async () => {
    const { status, stderr } = await bootproof(['mutate', 'hl20']);
    expect(status).toBe(2);
    expect(stderr).toContain('hl20');
  });

  test('--list --json is the same for programs, and nothing else on standard output', async () => {
    const { status, stdout } = await bootproof([
      'mutate',
      'hl02',
      '--list',
      '--json',
      '--only',
      'host-name/*',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'hl02',
      mutations: [{ id: 'host-name/static', fault: 'running' }, { id: 'host-name/kernel' }],
      untried: [],
    });
  });

  test.each(['0', 'two', '1.5'])('--jobs %s is no number of machines', async (jobs) => {
    const { status, stderr } = await bootproof(['mutate', 'hl02', '--jobs', jobs]);
    expect(status).toBe(2);
    expect(stderr).toContain("option '-j, --jobs <n>' argument");
  });
});
