import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parseResult } from '../../src/reports/json.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { bootproof, homelabWith, startBootproof } from '../cli/command.ts';
import { until } from './support.ts';

/** The results of a host's runs, oldest first. */
async function resultsIn(folder: string): Promise<{ readonly folder: string; readonly result: RunResult }[]> {
  const runs = join(folder, '.bootproof/runs/hl02');
  const names = existsSync(runs) ? (await readdir(runs)).sort() : [];
  return Promise.all(
    names.map(async (name) => ({
      folder: join(runs, name),
      result: await parseResult(await readFile(join(runs, name, 'result.json'), 'utf8')),
    })),
  );
}

/** The QEMU processes whose command line names a folder, by their ids. */
async function qemusOf(folder: string): Promise<string[]> {
  const { stdout } = await execa('pgrep', ['-f', `^[^ ]*qemu-system-x86_64 .*${folder}`], { reject: false });
  return stdout.split('\n').filter((line) => line !== '');
}

test('two checks of hl02 at once: each is proven, with its own reports', async () => {
  await using homelab = await homelabWith();
  const both = await Promise.all([
    bootproof(['check', 'hl02'], { cwd: homelab.folder }),
    bootproof(['check', 'hl02', '--json'], { cwd: homelab.folder }),
  ]);
  for (const { status, stdout, stderr } of both) expect(status, `${stdout}\n${stderr}`).toBe(0);
  const [plain, json] = both;
  expect(plain.stdout).toContain('hl02 is proven');
  expect((await parseResult(json.stdout)).verdict).toBe('proven');

  const runs = await resultsIn(homelab.folder);
  expect(runs).toHaveLength(2);
  for (const { folder, result } of runs) {
    expect(result).toMatchObject({ host: 'hl02', test: 'hl02-test', verdict: 'proven' });
    expect(result.proofs.every(({ verdict, evidence }) => verdict === 'passed' && evidence.length > 0)).toBe(
      true,
    );
    expect(result.boot.map(({ name }) => name)).toEqual([
      'firmware',
      'loader',
      'kernel',
      'userspace',
      'login',
    ]);
    expect(result.machine.command.join(' ')).toContain('"addr":"0x12"');
    expect(Object.keys(result.image.packages)).toContain('openssh-server');
    expect((await readdir(folder)).sort()).toEqual([
      'console.log',
      'junit.xml',
      'qemu.log',
      'qemu.sh',
      'report.html',
      'result.json',
      'screenshot.png',
    ]);
  }
  expect(await qemusOf(homelab.folder)).toEqual([]);
});

test('with the guest agent off, its hardware and its probes are gone and the rest is proven', async () => {
  await using homelab = await homelabWith({
    'hosts/hl02/hardware.ts': `
import { defineModule, mkForce } from 'bootproof';
export default defineModule({ services: { qemuGuest: { enable: mkForce(false) } } });
`,
  });
  const { status, stdout, stderr } = await bootproof(['check', 'hl02', '--json'], { cwd: homelab.folder });
  expect(status, stderr).toBe(0);
  const result = await parseResult(stdout);
  expect(result.machine.command.join(' ')).not.toMatch(/virtio-serial|guest_agent/);
  expect(result.proofs.some(({ probe }) => probe.id.startsWith('qemuGuest/'))).toBe(false);
});

test('a kernel panic is recognised, and ends the run long before its time', async () => {
  await using homelab = await homelabWith({
    'hosts/hl02/hardware.ts': `
import { defineModule } from 'bootproof';
export default defineModule({ boot: { kernelParams: ['init=/nowhere'] } });
`,
  });
  const { status, stdout, stderr } = await bootproof(['check', 'hl02', '--json', '--timeout', '600'], {
    cwd: homelab.folder,
  });
  expect(status, stderr).toBe(1);
  const result = await parseResult(stdout);
  expect(result.breakdown?.kind).toBe('kernel panic');
  const failed = result.proofs.filter(({ verdict }) => verdict === 'failed');
  expect(failed.map(({ probe }) => probe.id)).toEqual(['boot/multi-user']);
  expect(failed[0]?.seen).toContain('kernel panic');
  expect(failed[0]?.evidence[0]?.text).toMatch(/panic/i);
  expect(stderr).toContain('not proven');
});

/** Starts a check and waits until its output matches. */
async function checkUntil(folder: string, pattern: RegExp, env: Readonly<Record<string, string>> = {}) {
  const running = startBootproof(['check', 'hl02'], { cwd: folder, env });
  let output = '';
  running.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await until(`output like ${pattern}`, 300_000, () => pattern.test(output) || running.exitCode !== null);
  expect(output).toMatch(pattern);
  // In an object, since the process is a promise too, of its end.
  return { running };
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while it boots: ended, told, and nothing left',
  async (signal) => {
    await using homelab = await homelabWith();
    const { running } = await checkUntil(homelab.folder, /boot: firmware/);
    expect(await qemusOf(homelab.folder)).not.toEqual([]);
    running.kill(signal);
    const { exitCode } = await running;
    expect(exitCode).toBe(130);
    expect(await qemusOf(homelab.folder)).toEqual([]);
    const [run] = await resultsIn(homelab.folder);
    expect(run?.result.verdict).toBe('interrupted');
    // The logs stay; the disk and what else only a running machine needs are gone.
    expect(await readdir(run?.folder ?? '')).not.toContain('disk.qcow2');
  },
);

test('SIGINT while the image is built: nothing is left running and the cache holds nothing half-made', async () => {
  await using homelab = await homelabWith();
  const cache = join(homelab.folder, 'cache');
  const { running } = await checkUntil(homelab.folder, /image: .*\(\d+ %\)/, {
    XDG_CACHE_HOME: cache,
  });
  running.kill('SIGINT');
  const { exitCode, stderr } = await running;
  expect(exitCode, stderr).toBe(130);
  const kept = (await readdir(cache, { recursive: true })).filter((name) =>
    /\.(tar|qcow2|json|raw)$/.test(name),
  );
  expect(kept.filter((name) => !name.includes('accelerator'))).toEqual([]);
});

test('kill -9 of the command leaves no QEMU', async () => {
  await using homelab = await homelabWith();
  const { running } = await checkUntil(homelab.folder, /boot: firmware/);
  expect(await qemusOf(homelab.folder)).not.toEqual([]);
  running.kill('SIGKILL');
  await running;
  await until('QEMU to end', 5000, async () => (await qemusOf(homelab.folder)).length === 0);
});

test('QEMU killed while it runs: the run fails and says so', async () => {
  await using homelab = await homelabWith();
  const { running } = await checkUntil(homelab.folder, /boot: kernel/);
  for (const pid of await qemusOf(homelab.folder)) process.kill(Number(pid), 'SIGKILL');
  const { exitCode } = await running;
  expect(exitCode).toBe(1);
  const [run] = await resultsIn(homelab.folder);
  expect(run?.result.breakdown?.kind).toBe('QEMU died');
  expect(run?.result.verdict).toBe('not proven');
});

test('boot: the console in the terminal, the line that logs in, and a key to leave', async () => {
  await using homelab = await homelabWith();
  const running = startBootproof(['boot', 'hl02'], { cwd: homelab.folder });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    running[stream].on('data', (chunk: Buffer) => {
      output[stream] += chunk.toString();
    });
  }
  await until(
    'a login prompt',
    240_000,
    () => output.stdout.includes('hl02 login:') || running.exitCode !== null,
  );
  expect(output.stderr).toMatch(/log in: ssh -i \S+ -p \d+ .* root@127\.0\.0\.1/);
  running.stdin.write('\x1d');
  expect((await running).exitCode).toBe(0);
  // Its files are in the temporary folder, under names that only this machine had.
  const key = /ssh -i (\S+)/.exec(output.stderr)?.[1] ?? '';
  expect(existsSync(key)).toBe(false);
});
