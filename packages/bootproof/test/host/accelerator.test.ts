import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseAccelerator, executes } from '../../src/host/accelerator.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program in QEMU's place that counts its starts and writes its pid. */
async function standIn(body: string): Promise<{ qemu: string; starts: () => Promise<number[]> }> {
  const qemu = join(folder, 'qemu');
  const log = join(folder, 'starts');
  await writeFile(qemu, `#!/bin/sh\necho $$ >> '${log}'\n${body}\n`);
  await chmod(qemu, 0o755);
  const starts = async () =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
  return { qemu, starts };
}

async function setUp(body: string) {
  const { qemu, starts } = await standIn(body);
  const device = join(folder, 'kvm');
  const bootIdFile = join(folder, 'boot_id');
  await writeFile(device, '');
  await writeFile(bootIdFile, 'first boot\n');
  const options = { cacheFolder: join(folder, 'cache'), qemu, device, bootIdFile };
  return { options, starts, bootIdFile, device };
}

describe('chooseAccelerator', () => {
  it('takes KVM once the guest itself ended QEMU, and remembers it', async () => {
    const { options, starts } = await setUp('exit 85');
    expect(await chooseAccelerator(options)).toMatchObject({ accelerator: 'kvm', remembered: false });
    expect(await chooseAccelerator(options)).toMatchObject({
      accelerator: 'kvm',
      remembered: true,
      reason: expect.stringMatching(/^KVM ran 64-bit code in \d+ ms$/),
    });
    expect(await starts()).toHaveLength(1);
  });

  it('falls back when the guest hangs, leaves no process, and remembers that', async () => {
    const { options, starts } = await setUp(`trap '' TERM; while :; do sleep 1; done`);
    const verdict = { accelerator: 'tcg', reason: 'KVM can be opened but ran no 64-bit code within 0.3 s' };
    expect(await chooseAccelerator({ ...options, deadlineMs: 300 })).toEqual({
      ...verdict,
      remembered: false,
    });
    expect(await chooseAccelerator({ ...options, deadlineMs: 300 })).toEqual({
      ...verdict,
      remembered: true,
    });
    const pids = await starts();
    expect(pids).toHaveLength(1);
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow('ESRCH');
  });

  it('asks again after the computer booted, on request, or when the memory is damaged', async () => {
    const { options, starts, bootIdFile } = await setUp('exit 85');
    await chooseAccelerator(options);
    await chooseAccelerator({ ...options, fresh: true });
    expect(await starts()).toHaveLength(2);
    await writeFile(bootIdFile, 'second boot\n');
    await chooseAccelerator(options);
    expect(await starts()).toHaveLength(3);
    await writeFile(join(options.cacheFolder, 'accelerator.json'), '{"bootId": "second');
    expect(await chooseAccelerator(options)).toMatchObject({ accelerator: 'kvm', remembered: false });
    expect(await starts()).toHaveLength(4);
  });

  it('does not remember that QEMU refused', async () => {
    const { options, starts } = await setUp('echo "failed to initialize kvm: no such thing" >&2; exit 1');
    const verdict = { accelerator: 'tcg', reason: 'KVM refused: failed to initialize kvm: no such thing' };
    expect(await chooseAccelerator(options)).toEqual({ ...verdict, remembered: false });
    expect(await chooseAccelerator(options)).toEqual({ ...verdict, remembered: false });
    expect(await starts()).toHaveLength(2);
  });

  it('does not start QEMU without the device', async () => {
    const { options, starts, device } = await setUp('exit 85');
    await rm(device);
    const verdict = await chooseAccelerator(options);
    expect(verdict).toEqual({ accelerator: 'tcg', reason: `${device} does not exist`, remembered: false });
    expect(await starts()).toEqual([]);
    expect(await readdir(folder)).not.toContain('cache');
  });

  it('says that QEMU is missing, and can be interrupted', async () => {
    const { options } = await setUp('sleep 30');
    await expect(chooseAccelerator({ ...options, qemu: '/nowhere/qemu' })).rejects.toMatchObject({
      spawnErrorCode: 'ENOENT',
      kind: 'missing',
    });
    await expect(chooseAccelerator({ ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});

describe('the firmware', () => {
  it('ends a real QEMU with the status that stands for yes', async () => {
    const execution = await executes('tcg', { qemu: 'qemu-system-x86_64', deadlineMs: 15_000 });
    expect(execution.answer).toBe('executed');
  });
});
