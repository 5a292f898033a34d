import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseAccelerator } from '../../src/host/accelerator.ts';
import { cacheFolder } from '../../src/host/xdg.ts';
import { buildImage } from '../../src/image/build-image.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { makeSshKeyPair } from '../../src/machine/ssh.ts';
import { startMachine } from '../../src/runner/start-machine.ts';
import { planHl02, temporaryFolder } from './support.ts';

// One machine, booted once, for the whole of the driver's API. The tests run in order: the last ones end the machine.

let machine: Machine;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  const plan = await planHl02();
  machine = await startMachine({
    test: plan,
    image: await buildImage(plan.image),
    accelerator: await chooseAccelerator({ cacheFolder: cacheFolder() }),
    folder: join(folder.path, 'run'),
    key: makeSshKeyPair(),
    signal: new AbortController().signal,
    bootSeconds: 240,
  });
  await machine.waitForUnit('multi-user.target', { deadlineMs: 240_000 });
});

afterAll(async () => {
  await machine?.close();
  await folder?.[Symbol.asyncDispose]();
});

describe('commands', () => {
  test('status, output and errors come back apart, whatever they hold', async () => {
    expect(await machine.execute('echo out; echo err >&2; exit 3')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    });
    expect(await machine.succeed('printf "no newline"')).toBe('no newline');
    expect((await machine.succeed('head -c 2000000 /dev/zero | tr "\\0" x')).length).toBe(2_000_000);
    expect((await machine.fail('false')).exitCode).toBe(1);
    await expect(machine.succeed('echo why >&2; false')).rejects.toThrow('why');
  });

  test('a command that reads standard input gets its end, one that hangs is ended by its deadline', async () => {
    expect(await machine.succeed('cat')).toBe('');
    await expect(machine.execute('sleep 600', { deadlineMs: 1500 })).rejects.toThrow();
    expect(await machine.succeed('echo still here')).toBe('still here\n');
  });

  test('callers side by side do not mix', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const outputs = await Promise.all(numbers.map((number) => machine.succeed(`echo ${number}`)));
    expect(outputs.map(Number)).toEqual(numbers);
  });

  test('the agent is a second way in, with the same answers', async () => {
    expect(await machine.agent.execute('echo out; echo err >&2; exit 3')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    });
    expect(await machine.agent.hostName()).toBe('hl02');
    expect((await machine.agent.info()).version).toMatch(/^\d/);
  });
});

describe('waits', () => {
  test('units, ports, files and conditions', async () => {
    await machine.waitForUnit('sshd.service');
    await machine.waitForOpenPort(22);
    await machine.waitForClosedPort(4711);
    await machine.waitForFile('/etc/hostname');
    expect(await machine.waitForConsoleText(/hl02 login:/)).toBe('hl02 login:');
    await machine.execute('(sleep 1; touch /run/late) >/dev/null 2>&1 &');
    await machine.waitUntilSucceeds('test -e /run/late');
    await machine.execute('(sleep 1; rm /run/late) >/dev/null 2>&1 &');
    await machine.waitUntilFails('test -e /run/late');
  });

  test('what never comes ends at the deadline, with what was seen last', async () => {
    await expect(machine.waitForUnit('nowhere.service', { deadlineMs: 1500 })).rejects.toThrow(
      /nowhere\.service.*not-found/s,
    );
    await expect(machine.waitForFile('/nowhere', { deadlineMs: 1500 })).rejects.toThrow('/nowhere');
    await expect(machine.waitForConsoleText('never shown', { deadlineMs: 500 })).rejects.toThrow('login');
  });

  test('units asked for together come together', async () => {
    const names = ['sshd.service', 'multi-user.target', 'nowhere.service'];
    const [sshd, target, nowhere] = await Promise.all(names.map((name) => machine.unitInfo(name)));
    expect(sshd).toMatchObject({ LoadState: 'loaded', ActiveState: 'active' });
    expect(target).toMatchObject({ ActiveState: 'active' });
    expect(nowhere).toMatchObject({ LoadState: 'not-found' });
  });
});

describe('the outside', () => {
  test('files travel both ways', async () => {
    const source = join(folder.path, 'source');
    const back = join(folder.path, 'back');
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    await writeFile(source, bytes);
    await machine.copyFromHost(source, '/root/copy');
    await machine.copyFromGuest('/root/copy', back);
    expect((await readFile(back)).equals(bytes)).toBe(true);
  });

  test('a forward leads to the port, and the guest itself gets nowhere', async () => {
    expect(await machine.forwardPort(22)).toBeGreaterThan(1024);
    expect((await machine.sshHandshake(22)).banner).toMatch(/^SSH-2\.0-/);
    // The router answers for itself; nothing beyond it does, not even this computer, which the router stands for.
    const reach = (address: string, port: number) =>
      `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`;
    await machine.fail(reach('10.0.2.2', await machine.forwardPort(22)));
    await machine.fail(reach('192.0.2.1', 80));
  });

  test('the screen can be seen and the keyboard used', async () => {
    const picture = await readFile(await machine.screenshot());
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    await machine.sendKey('ret');
  });
});

describe('power', () => {
  test('it comes back from a reboot, with another boot id', async () => {
    const bootId = () => machine.succeed('cat /proc/sys/kernel/random/boot_id');
    const before = await bootId();
    await machine.reboot({ deadlineMs: 240_000 });
    expect(await bootId()).not.toBe(before);
  });

  test('it shuts down when asked, and then every wait ends', async () => {
    await machine.shutdown({ deadlineMs: 120_000 });
    await expect(machine.execute('true')).rejects.toThrow();
  });
});
