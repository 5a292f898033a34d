import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandOutput } from '../../../src/probes/kinds/command-output.ts';
import type { Probe } from '../../../src/probes/probe.ts';
import { tmpfilesProbes } from '../../../src/services/systemd/tmpfiles.ts';
import { fakeTarget } from '../../probes/fake-target.ts';

const root = mkdtempSync(join(tmpdir(), 'rules-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'folder'), { mode: 0o750 });
writeFileSync(join(root, 'file'), 'words of it\n', { mode: 0o600 });
symlinkSync('/there', join(root, 'link'));
const me = `${process.getuid?.()} ${process.getgid?.()}`;

/** Whether the one probe of a rule passes here. */
function holds(rule: string): boolean {
  const [probe, second] = tmpfilesProbes([rule.replaceAll('ROOT', root)]);
  if (probe === undefined || second !== undefined) throw new Error('not one probe');
  expect(probe.proves).toEqual(['systemd.tmpfiles.rules']);
  const { command, output } = probe.params as { readonly command: string; readonly output: string };
  const seen = execFileSync('/bin/sh', ['-c', `${command} || true`], { encoding: 'utf8', stdio: 'pipe' });
  return seen.trimEnd() === output;
}

describe('a rule of tmpfiles.d', () => {
  it.each([
    [`d ROOT/folder 0750 ${me} - -`, true],
    [`d! ROOT/folder 750 ${me}`, true],
    [`d ROOT/folder 0755 ${me} - -`, false],
    ['d ROOT/folder 0750 12345 12345 - -', false],
    [`d ROOT/file 0600 ${me} - -`, false],
    [`f ROOT/file 0600 ${me} - words of it`, true],
    [`f+ ROOT/file 0600 ${me} - other words`, false],
    ['L+ ROOT/link - - - - /there', true],
    ['L ROOT/link - - - - /elsewhere', false],
    ['r ROOT/none', true],
    ['R ROOT/folder', false],
  ])('%s: %s', (rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });

  it('is asked for once, and lines without a rule never', () => {
    expect(tmpfilesProbes(['d /a', 'd /a ', '', '# nothing'])).toHaveLength(1);
  });

  it.each(['z /a 0700', 'd /run/%u', 'd "/a b"', 'd /a ~0750', 'r /a/*', 'L /a'])(
    'that does not show leaves the option unproven: %s',
    (rule) => {
      const made = tmpfilesProbes(['d /b', rule]);
      expect(made.map(({ proves }) => proves)).toEqual([[]]);
    },
  );
});

describe('a fault of a rule', () => {
  const home = mkdtempSync(join(tmpdir(), 'rules-'));
  afterAll(() => rmSync(home, { recursive: true }));
  const rules = [
    `d ${home}/a 0750 ${me} - -`,
    `f ${home}/a/note 0640 ${me} - made at boot`,
    `L+ ${home}/link - - - - ${home}/a`,
    `r ${home}/none`,
  ];

  /** The files as the rules have them. */
  function follow(): void {
    for (const name of ['a', 'a.mutation', 'link', 'link.mutation', 'none']) {
      rmSync(join(home, name), { recursive: true, force: true });
    }
    mkdirSync(join(home, 'a'));
    chmodSync(join(home, 'a'), 0o750);
    writeFileSync(join(home, 'a/note'), 'made at boot\n');
    chmodSync(join(home, 'a/note'), 0o640);
    symlinkSync(join(home, 'a'), join(home, 'link'));
  }

  const target = fakeTarget({
    execute: (command) => {
      const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', command], {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
      return { stdout, stderr, exitCode: status ?? 1 };
    },
  });
  const look = (probe: Probe) => commandOutput.observe(target, probe.params as never);

  // Who may give files away is root alone.
  const own = tmpfilesProbes(rules).flatMap((probe) =>
    (probe.faults ?? [])
      .filter(({ id }) => process.getuid?.() === 0 || !/-(owner|group)/.test(id))
      .map(
        (fault) =>
          [`${fault.id.replace(home, '')} by ${probe.title.replace(home, '')}`, fault, probe] as const,
      ),
  );

  it('is there for each of them', () => {
    expect(new Set(own.map(([, { id }]) => id.replace(home, '').replace(/-(owner|group).*/, '')))).toEqual(
      new Set([
        'tmpfiles-mode/a',
        ...(process.getuid?.() === 0 ? ['tmpfiles'] : []),
        'tmpfiles-gone/a',
        'tmpfiles-mode/a/note',
        'tmpfiles-text/a/note',
        'tmpfiles-gone/a/note',
        'tmpfiles-target/link',
        'tmpfiles-gone/link',
        'tmpfiles-left/none',
      ]),
    );
  });

  it.each(own)('%s is seen as it is said', async (_, { commands, seen }, probe) => {
    follow();
    expect(await look(probe)).toMatchObject({ verdict: 'passed' });
    execFileSync('/bin/sh', ['-ec', commands.join('\n')]);
    const after = await look(probe);
    expect(after.verdict).toBe('failed');
    expect(after.seen).toMatch(new RegExp(seen));
  });
});
