import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { requireCoverage } from '../../src/cli/coverage-bar.ts';
import { coverageScore, type OptionCoverage } from '../../src/plan/coverage.ts';
import { planHl02 } from '../vm/support.ts';
import { bootproof, homelabWith } from './command.ts';

const options = (proven: number, unproven: number): OptionCoverage[] => [
  ...Array.from({ length: proven }, (_, index) => ({
    option: `proven.${index}`,
    files: [],
    verdict: 'proven' as const,
    probes: ['a/b'],
  })),
  ...Array.from({ length: unproven }, (_, index) => ({
    option: `unproven.${index}`,
    files: [`config/a.ts:${index + 1}`],
    verdict: 'unproven' as const,
    probes: [],
    reason: 'no probe of this host shows it',
  })),
];

describe('the bar', () => {
  test('is passed at exactly its height', () => {
    expect(() => requireCoverage([{ hostName: 'a', coverage: options(9, 1) }], 90)).not.toThrow();
    expect(() => requireCoverage([{ hostName: 'a', coverage: options(9, 1) }], 90.1)).toThrow();
  });

  test('names each option below it with its place and what would prove it, of the hosts below it alone', () => {
    const tests = [
      { hostName: 'high', coverage: options(4, 0) },
      { hostName: 'low', coverage: options(1, 2) },
    ];
    const fails = () => requireCoverage(tests, 90);
    expect(fails).toThrow(
      expect.objectContaining({ kind: 'unproven', hint: expect.stringContaining('plan low --coverage') }),
    );
    expect(fails).toThrow(/low proves 33.3 % of what can be proven, and 90 % is wanted/);
    expect(fails).toThrow(
      /unproven\.0 \(config\/a\.ts:1\)\n {4}what would: a probe whose `proves` names unproven\.0/,
    );
    expect(fails).toThrow('unproven.1');
    expect(fails).not.toThrow('high');
  });
});

test('hl02 proves all of what the stand-in can', async () => {
  const { coverage } = await planHl02();
  expect(coverage.filter(({ verdict }) => verdict === 'unproven')).toEqual([]);
  expect(coverageScore(coverage)).toBe(100);
  for (const { verdict, reason } of coverage) if (verdict !== 'proven') expect(reason).toBeTruthy();
});

describe('on the command line', () => {
  test('plan --coverage lists every option with its place, and the figure', async () => {
    const { status, stdout } = await bootproof(['plan', 'hl02', '--coverage']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/networking\.hostName .*config\/hosts\/hl02\/configuration\.ts:\d+/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^Coverage 100 %: \d+ of \d+ options/);
  });

  test.each([
    [['--coverage-min', '101'], 'from 0 to 100'],
    [['--coverage-min', 'all'], 'from 0 to 100'],
    [['--seed', '3'], 'Give --power-cut too'],
    [['--repeat', '0'], 'whole number from 1'],
    [['--keep', '--repeat', '2'], 'Leave out --repeat'],
  ])('check %j is refused', async (words, telling) => {
    const { status, stderr } = await bootproof(['check', 'hl02', ...words]);
    expect(status).toBe(2);
    expect(stderr).toContain(telling);
  });

  test('check --coverage-min fails before anything is built or booted', async () => {
    await using homelab = await homelabWith({
      'hosts/hl02/hardware.ts': `
import { defineModule } from 'bootproof';
export default defineModule({ services: { openssh: { extraConfig: 'MaxAuthTries 4' } } });
`,
    });
    const env = { XDG_CACHE_HOME: `${homelab.folder}/cache` };
    const { status, stderr } = await bootproof(['check', 'hl02', '--coverage-min', '100'], {
      cwd: homelab.folder,
      env,
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/services\.openssh\.extraConfig \(config\/hosts\/hl02\/hardware\.ts:3\)/);
    expect(stderr).toContain('Nothing was booted');
    // Neither a run's folder nor an image: only the homelab's own modules were loaded.
    expect((await readdir(homelab.folder)).sort()).toEqual(['cache', 'config']);
    expect(await readdir(`${homelab.folder}/cache/bootproof`)).toEqual(['modules']);
  });
});
