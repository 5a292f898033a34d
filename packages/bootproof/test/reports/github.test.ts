import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDisplay } from '../../src/reports/display.ts';
import { annotations, inert, workflowCommand } from '../../src/reports/github.ts';
import { codeBlock, formatMarkdown, markdownText } from '../../src/reports/markdown.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { feed, Recorder } from './displays.ts';
import { failing, hostile, interrupted, panicked, proven } from './fixtures.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'github-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(results: readonly RunResult[], summary = join(folder, 'summary.md')): Promise<string[]> {
  const stream = new Recorder();
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
  const display = await createDisplay({ stream, env, hosts: results.map(({ host }) => host) });
  for (const result of results) feed(display, result);
  await display.close();
  await display.close();
  return stream.lines;
}

/** How the runner reads a line: https://github.com/actions/runner, ActionCommand.cs (both of its forms). */
function commandOf(line: string): string | undefined {
  const newer = /^\s*::([a-z-]+)(?: .*?)?::/.exec(line)?.[1];
  return newer ?? /##\[([a-z-]+)/.exec(line)?.[1];
}

describe('commands', () => {
  test('messages and properties are escaped', () => {
    expect(workflowCommand('error', '50 %\r\nof: a, b', { title: '50 %: a,\nb' })).toBe(
      '::error title=50 %25%3A a%2C%0Ab::50 %25%0Aof: a, b',
    );
    expect(workflowCommand('endgroup')).toBe('::endgroup::');
  });

  test.each(['::error::x', '  ::error::x', '\t::set-output name=a::b', 'x ##[error]y', 'a\n::warning::b'])(
    '%j is no command after inert',
    (text) => {
      expect(inert(text).split('\n').map(commandOf)).not.toContainEqual(expect.any(String));
    },
  );
});

describe('the log', () => {
  test('groups are opened and closed in turn', async () => {
    const commands = (await run([failing])).map(commandOf).filter((name) => name?.endsWith('group'));
    expect(commands.length).toBeGreaterThan(6);
    expect(commands).toEqual(commands.map((_, index) => (index % 2 === 0 ? 'group' : 'endgroup')));
  });

  test('runs side by side get groups only at their end', async () => {
    const lines = await run([proven, { ...failing, host: 'hl03' }]);
    expect(lines.filter((line) => commandOf(line) === 'group')).toEqual([
      '::group::hl02: 28 probes',
      '::group::hl03: 28 probes',
    ]);
  });

  test('what a machine prints sets no command', async () => {
    const lines = await run([hostile]);
    const allowed = /^::(group|endgroup|error title=hl02|warning title=hl02)/;
    for (const line of lines) if (commandOf(line) !== undefined) expect(line).toMatch(allowed);
  });
});

describe('annotations', () => {
  test('that of a test by hand is shown where the test stands', () => {
    const [proof] = failing.proofs.filter(({ verdict }) => verdict === 'failed');
    if (proof === undefined) throw new Error('none failed');
    const params = { file: 'config/hosts/hl02/web.test.ts', line: 12 };
    const byHand = { ...proof, probe: { ...proof.probe, kind: 'host-test', params } };
    expect(annotations({ ...failing, proofs: [byHand] }).join()).toContain(
      ',file=config/hosts/hl02/web.test.ts,line=12::',
    );
  });

  test('each failure has one, with what was expected and seen', () => {
    const found = annotations(failing);
    expect(found).toHaveLength(3);
    expect(found[1]).toMatch(
      /^::error title=hl02%3A sshd\.service is active::expected: loaded, active%0Aseen: masked/,
    );
    expect(found[2]).toContain('3 probes refused');
  });

  test('a breakdown comes first', () => {
    expect(annotations(panicked)[0]).toMatch(/^::error title=hl02%3A kernel panic::VFS: Unable/);
  });

  test('a proven run has none, an interrupted one has', () => {
    expect(annotations(proven)).toEqual([]);
    expect(annotations(interrupted)).toHaveLength(1);
  });
});

describe("the step's summary", () => {
  test('is added to what is there', async () => {
    const path = join(folder, 'summary.md');
    await writeFile(path, 'before\n');
    await run([failing], path);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^before\n## hl02 is not proven\n/);
    expect(text).toContain('- **Expected**: running');
  });

  test('that cannot be written is a warning, no crash', async () => {
    const lines = await run([proven], join(folder, 'nowhere', 'summary.md'));
    expect(lines.at(-1)).toMatch(/^::warning::The step's summary could not be written: ENOENT/);
  });

  test('every row of the table has five cells, whatever a machine printed', () => {
    const rows = formatMarkdown(hostile)
      .split('\n')
      .filter((line) => line.startsWith('| '));
    expect(rows).toHaveLength(hostile.proofs.length + 2);
    for (const row of rows) expect(row.replace(/\\./g, '').split('|')).toHaveLength(7);
  });

  test('text is shown as it is', () => {
    expect(markdownText('a|b `c`\n<img> [d](e) *f*')).toBe('a\\|b \\`c\\` \\<img\\> \\[d\\](e) \\*f\\*');
    expect(codeBlock('``` \n````')).toBe('`````text\n``` \n````\n`````');
  });

  test('no line of it starts HTML of a machine', () => {
    const outside = formatMarkdown(hostile).replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '');
    expect(outside).not.toMatch(/(?<!\\)<(?!\/?(?:details|summary)>)/);
  });
});
