import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { homelabWith, startBootproof } from '../cli/command.ts';

/** Machines that never show anything: an interruption in the midst of a run, without a boot. */
test('Ctrl-C in a mutate run ends every machine, says so, and leaves logs alone', async () => {
  await using homelab = await homelabWith();
  const [tools, pids] = [join(homelab.folder, 'tools'), join(homelab.folder, 'pids')];
  await mkdir(tools);
  await mkdir(pids);
  const stub = join(tools, 'qemu-system-x86_64');
  const script = resolve(import.meta.dirname, '../mutation/fake-qemu.mjs');
  await writeFile(stub, `#!/bin/sh\nexec ${process.execPath} ${script} ${pids} "$@"\n`);
  await chmod(stub, 0o755);
  const args = ['mutate', 'hl02', '--on', 'stand-in', '--jobs', '2', '--only', 'unit-masked/*', '--json'];
  const env = { PATH: `${tools}${delimiter}${process.env['PATH']}` };
  const command = startBootproof(args, { cwd: homelab.folder, env });
  let [told, interrupted] = ['', false];
  command.stderr.on('data', (chunk: Buffer) => {
    told += chunk;
    if (interrupted || told.match(/machine [12]: booting/g)?.length !== 2) return;
    interrupted = command.kill('SIGINT');
  });
  const { exitCode, stdout, stderr } = await command;
  expect(exitCode, stderr).toBe(130);
  expect(stderr).toContain('bootproof: interrupted by SIGINT\nNothing was left running.');
  expect(stdout).toBe('');
  const started = await readdir(pids);
  expect(started).toHaveLength(2);
  for (const pid of started) {
    expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone'), pid).toMatch(/^gone$|\) Z /);
  }
  const runs = join(homelab.folder, '.bootproof/runs/hl02');
  const files = await readdir(runs, { recursive: true });
  expect(files.filter((name) => /\.(qcow2|fd|raw)$/.test(name))).toEqual([]);
});
