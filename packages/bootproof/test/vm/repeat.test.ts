import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseResult } from '../../src/reports/json.ts';
import { bootproof, homelabWith } from '../cli/command.ts';

/** A machine that never comes up takes as long as it takes to say so: repeated runs without a boot. */
test('check --repeat keeps each run, says what they show, and fails when one of them does', async () => {
  await using homelab = await homelabWith();
  const tools = join(homelab.folder, 'tools');
  const stub = join(tools, 'qemu-system-x86_64');
  await mkdir(tools);
  await writeFile(
    stub,
    `#!/bin/sh\nexec ${process.execPath} ${resolve(import.meta.dirname, 'stub-qemu.mjs')} "$@"\n`,
  );
  await chmod(stub, 0o755);
  const { status, stdout, stderr } = await bootproof(
    ['check', 'hl02', '--on', 'stand-in', '--repeat', '2', '--power-cut', '--seed', '40'],
    { cwd: homelab.folder, env: { PATH: `${tools}${delimiter}${process.env['PATH']}` } },
  );
  expect(status, `${stdout}\n${stderr}`).toBe(1);
  expect(stdout).toContain('run 2 of 2');
  expect(stdout).toMatch(/✗ hl02, 0 of 2: 100 % failed; the true failure rate lies between 34 % and 100 %/);

  const runs = join(homelab.folder, '.bootproof/runs/hl02');
  const folders = await readdir(runs);
  expect(folders).toHaveLength(2);
  for (const folder of folders) {
    const result = await parseResult(await readFile(join(runs, folder, 'result.json'), 'utf8'));
    expect(result).toMatchObject({ verdict: 'not proven', breakdown: { kind: 'kernel panic' } });
    const cut = result.proofs.filter(({ probe }) => probe.id.startsWith('after-power-cut/'));
    expect(cut.length).toBeGreaterThan(20);
    for (const { verdict, reason } of cut) {
      expect(`${verdict}: ${reason}`).toBe('refused: not tried: the first boot was not proven');
    }
    // The disk was kept for a boot that never came, and is gone all the same.
    expect((await readdir(join(runs, folder))).filter((name) => /disk|efivars/.test(name))).toEqual([]);
  }

  const repeats = join(homelab.folder, '.bootproof/repeats/hl02');
  const [file = ''] = await readdir(repeats);
  const summary = JSON.parse(await readFile(join(repeats, file), 'utf8'));
  expect(summary).toMatchObject({ schema: 1, host: 'hl02', wanted: 2, runs: 2, proven: 0 });
  expect(summary.each).toHaveLength(2);
  expect(summary.probes.length).toBeGreaterThan(20);
});
