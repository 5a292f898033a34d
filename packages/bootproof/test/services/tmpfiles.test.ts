import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tmpfilesProbes } from '../../src/services/tmpfiles.ts';

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
