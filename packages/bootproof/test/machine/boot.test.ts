import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { poll } from '../../src/host/poll.ts';
import { start } from '../../src/host/process.ts';
import { type BootOptions, bootMachine } from '../../src/machine/boot.ts';
import { MachineBroken } from '../../src/machine/events.ts';
import type { MachineFiles } from '../../src/machine/files.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { MachineGone } from '../../src/machine/qemu.ts';
import { type Listener, listenOnce } from '../../src/machine/sockets.ts';
import { makeSshKeyPair } from '../../src/machine/ssh.ts';
import { machineTarget } from '../../src/machine/target.ts';
import { startSshServer } from './support/ssh-server.ts';

const fakeQemu = fileURLToPath(new URL('support/fake-qemu.mjs', import.meta.url));
const nothingInspected = { authorizedKeys: [], loginPasswords: [], machineId: '', hostKeys: [] };

let folder: string;
let control: Listener;
let sockets: string[];
let machines: Machine[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  control = await listenOnce(join(folder, 'control'));
  sockets = [];
  machines = [];
});
afterEach(async () => {
  await Promise.all(machines.map((machine) => machine.close()));
  control.close();
  await rm(folder, { recursive: true, force: true });
});

type Script = Record<string, unknown>;
type Step = Record<string, unknown>;

/** Boots with a program in QEMU's place that does what the script says. */
async function boot(script: Script, options: Partial<BootOptions> = {}): Promise<Machine> {
  const machine = await bootMachine({
    name: 'hl02',
    folder: join(folder, 'run'),
    channels: { agent: true, console: true },
    command: (files: MachineFiles) => {
      sockets.push(files.socketFolder);
      const whole = {
        sockets: files.sockets,
        control: join(folder, 'control'),
        pidFile: join(folder, 'pid'),
        ...script,
      };
      return { binary: process.execPath, args: [fakeQemu, JSON.stringify(whole)] };
    },
    ...options,
  });
  machines.push(machine);
  return machine;
}

/** Makes the stand-in do something now. */
const act = async (...steps: Step[]) => void (await control.connection).write(`${JSON.stringify(steps)}\n`);

async function pidOfQemu(): Promise<number> {
  return poll({
    deadline: Deadline.after(10_000),
    describe: 'the pid',
    attempt: async () => {
      const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''));
      return pid > 0 ? { done: true, value: pid } : { done: false, seen: 'none' };
    },
  });
}

async function expectNothingLeft(): Promise<void> {
  const pid = await pidOfQemu();
  await poll({
    deadline: Deadline.after(10_000),
    describe: `QEMU ${pid} to be gone`,
    attempt: async () => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      const gone = status === undefined || /\) Z /.test(status);
      return gone ? { done: true, value: undefined } : { done: false, seen: 'alive' };
    },
  });
  for (const path of sockets) expect(existsSync(path)).toBe(false);
}

describe('the life of a machine', () => {
  it('runs, answers its monitor and leaves nothing but its logs', async () => {
    const machine = await boot({
      stderr: 'a warning\n',
      steps: [{ console: 'Welcome to Debian!\r\nhl02 login: ' }],
    });
    expect(machine.qemuVersion).toBe('7.2.0');
    await machine.ways.console;
    expect(await machine.waitForConsoleText(/\w+ login:/)).toBe('hl02 login:');
    expect(existsSync(machine.files.socketFolder)).toBe(false);
    expect(await machine.screenshot()).toBe(machine.files.screenshot);
    expect(await machine.close()).toEqual([]);
    await expectNothingLeft();
    expect((await readdir(join(folder, 'run'))).sort()).toEqual([
      'console.log',
      'qemu.log',
      'qemu.sh',
      'screenshot.png',
    ]);
    expect(await readFile(machine.files.qemuLog, 'utf8')).toBe('a warning\n');
    expect(await readFile(machine.files.qemuCommand, 'utf8')).toContain(fakeQemu);
    expect(machine.breakdown()).toBeUndefined();
  });

  it('tells why QEMU did not start', async () => {
    const command = () => ({ binary: 'no-such-qemu', args: ['-machine', 'q35'] });
    await expect(boot({}, { command })).rejects.toMatchObject({
      message: 'QEMU ended: command not found',
      kind: 'missing',
    });
  });

  it('tells the last words of a QEMU that ends at once', async () => {
    const failed = boot({ stderr: "qemu: -device nope: 'nope' is not a valid device model name\n", exit: 1 });
    await expect(failed).rejects.toBeInstanceOf(MachineGone);
    await expect(failed).rejects.toThrow(
      /^QEMU ended: exit status 1\nqemu: -device nope: 'nope' is not a valid/,
    );
    await expectNothingLeft();
  });

  it('ends every wait at once when QEMU dies, and tells so afterwards', async () => {
    const machine = await boot({});
    const waits = [
      machine.ways.console,
      machine.ways.agent,
      machine.waitForConsoleText('login:'),
      machine.waitForUnit('sshd.service'),
      machine.waitForShell(),
      machine.execute('true'),
      machine.agent.ping(),
    ];
    await act({ stderr: 'qemu: fatal: out of memory\n' }, { exit: 139 });
    for (const wait of waits) await expect(wait).rejects.toThrow('QEMU ended: exit status 139');
    expect(machine.breakdown()).toEqual({
      kind: 'QEMU died',
      detail: 'QEMU ended: exit status 139',
      lines: ['qemu: fatal: out of memory'],
    });
    expect(machine.bootState()).toMatchObject({ shell: undefined, breakdown: { kind: 'QEMU died' } });
    await expect(machine.waitForFile('/x')).rejects.toThrow('QEMU ended');
  });

  it('is killed although it ignores being asked', async () => {
    const machine = await boot({ ignoreSigterm: true });
    await machine.close();
    await expectNothingLeft();
    await expect(machine.execute('true')).rejects.toThrow('the machine was closed');
    expect(machine.breakdown()).toBeUndefined();
  });

  it('can be crashed and shut down, which is no breakdown', async () => {
    const crashed = await boot({});
    await crashed.crash();
    await expect(crashed.execute('true')).rejects.toThrow('the machine was crashed');
    expect(crashed.breakdown()).toBeUndefined();
    const down = await boot({});
    await down.shutdown();
    await expect(down.execute('true')).rejects.toThrow('the machine was shut down');
    expect(down.breakdown()).toBeUndefined();
    await down.shutdown();
  });

  it('tells a guest that powers itself off', async () => {
    const machine = await boot({});
    const waiting = machine.waitForShell();
    await act({ event: ['SHUTDOWN', { guest: true }] }, { exit: 0 });
    await expect(waiting).rejects.toThrow('QEMU ended: the guest powered itself off');
  });
});

describe('an aborted boot leaves nothing behind', () => {
  const now = (abort: () => void): Partial<BootOptions> => {
    abort();
    return {};
  };
  const onceRunning = (abort: () => void): Partial<BootOptions> => {
    void pidOfQemu().then(abort);
    return {};
  };
  const phases: [string, Script, (abort: () => void) => Partial<BootOptions>][] = [
    ['before it begins', {}, (abort) => now(abort)],
    [
      'while the command line is made',
      {},
      (abort) => ({
        command: () => {
          abort();
          return { binary: 'sleep', args: ['30'] };
        },
      }),
    ],
    ['while QEMU connects', { connectNothing: true }, (abort) => onceRunning(abort)],
    ['while QEMU greets', { silentMonitor: true }, (abort) => onceRunning(abort)],
    ['while QEMU is asked', { deafMonitor: true }, (abort) => onceRunning(abort)],
  ];
  it.each(phases)('%s', async (_name, script, options) => {
    const controller = new AbortController();
    const abort = () => controller.abort(new Error('Ctrl-C'));
    await expect(boot(script, { signal: controller.signal, ...options(abort) })).rejects.toThrow('Ctrl-C');
    if (existsSync(join(folder, 'pid'))) await expectNothingLeft();
    for (const path of sockets) expect(existsSync(path)).toBe(false);
  });

  it('while the guest boots', async () => {
    const controller = new AbortController();
    const machine = await boot({}, { signal: controller.signal });
    const waiting = machine.waitForShell();
    controller.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
    await machine.close();
    await expectNothingLeft();
  });

  it('while the disk is made', async () => {
    const controller = new AbortController();
    const image = join(folder, 'image.raw');
    await writeFile(image, Buffer.alloc(1024 * 1024));
    const booting = boot({}, { signal: controller.signal, image: { path: image, format: 'raw' } });
    setImmediate(() => controller.abort(new Error('Ctrl-C')));
    await expect(booting).rejects.toThrow();
    expect(await readdir(join(folder, 'run'))).not.toContain('disk.qcow2');
  });
});

describe('kill -9', () => {
  it('of the driver leaves no QEMU and no socket', async () => {
    const boots = fileURLToPath(new URL('../../src/machine/boot.ts', import.meta.url));
    const parent = join(folder, 'parent.mjs');
    await writeFile(
      parent,
      `import { createJiti } from ${JSON.stringify(import.meta.resolve('jiti'))};
       const { bootMachine } = await createJiti(import.meta.url).import(${JSON.stringify(boots)});
       await bootMachine({
         name: 'hl02',
         folder: ${JSON.stringify(join(folder, 'run'))},
         channels: { agent: true, console: true },
         command: (files) => ({
           binary: process.execPath,
           args: [${JSON.stringify(fakeQemu)}, JSON.stringify({ sockets: files.sockets, pidFile: ${JSON.stringify(join(folder, 'pid'))}, ignoreSigterm: true, steps: [] })],
         }),
       });
       process.stdout.write('up');`,
    );
    const driver = start(process.execPath, [parent]);
    await poll({
      deadline: Deadline.after(15_000),
      describe: 'the machine to be up',
      attempt: () =>
        driver.stdoutTail() === 'up' ? { done: true, value: 0 } : { done: false, seen: driver.stderrTail() },
    });
    process.kill(driver.pid ?? 0, 'SIGKILL');
    await driver.exited;
    await expectNothingLeft();
  });
});

describe('breakdowns', () => {
  it.each([
    [
      'kernel panic',
      'Kernel panic - not syncing: No working init found.\r\n---[ end Kernel panic - not syncing ]---\r\n',
    ],
    ['emergency mode', 'You are in emergency mode. After logging in, type\r\n'],
    ['nothing to boot', 'BdsDxe: No bootable option or device was found.\r\n'],
  ])('%s ends every wait with the lines that matter', async (kind, text) => {
    const machine = await boot({});
    const waits = [machine.waitForShell(), machine.waitForConsoleText('login:'), machine.ways.agent];
    await act({ console: text });
    for (const wait of waits) await expect(wait).rejects.toBeInstanceOf(MachineBroken);
    await expect(waits[0]).rejects.toThrow(text.split('\r\n')[0] ?? '');
    expect(machine.breakdown()?.kind).toBe(kind);
    // What is left of it can still be looked at.
    await machine.screenshot();
  });

  it('a unit loop is told, and the rest of the machine can still be asked', async () => {
    const machine = await boot({ steps: [{ agent: true }] });
    await act({ console: '[FAILED] Failed to start foo.service - Foo.\r\n'.repeat(6) });
    await poll({
      deadline: Deadline.after(10_000),
      describe: 'the breakdown',
      attempt: () => {
        const breakdown = machine.breakdown();
        return breakdown ? { done: true, value: breakdown } : { done: false, seen: machine.console.text() };
      },
    });
    expect(machine.bootState().breakdown?.kind).toBe('unit loop');
    await machine.agent.ping();
  });

  it("this computer's full disk is told as such", async () => {
    const machine = await boot({});
    const waiting = machine.waitForShell();
    await act({ event: ['BLOCK_IO_ERROR', { nospace: true }] });
    await expect(waiting).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('disk is full'),
    });
  });
});

describe('ways in', () => {
  it('are absent where the machine has no channel and the driver no key', async () => {
    const machine = await boot({}, { channels: { agent: false, console: false } });
    await expect(machine.ways.agent).rejects.toThrow('no channel');
    await expect(machine.ways.ssh).rejects.toThrow('no key');
    await expect(machine.ways.console).rejects.toThrow('no serial port');
    await expect(machine.execute('true')).rejects.toThrow(
      'there is no way into the machine; SSH: the driver has no key for this machine; guest agent: the machine has no channel for it',
    );
    await expect(machine.agent.ping()).rejects.toThrow('no channel');
  });

  it('open with the agent that answers, and close with it', async () => {
    const machine = await boot({});
    expect(machine.bootState().waysSeen).toContain("guest agent: nobody answers on the agent's port");
    await act({ agent: true }, { event: ['VSERPORT_CHANGE', { open: true, id: 'agent' }] });
    const open = machine.ways.agent;
    await open;
    expect(machine.bootState().shell).toBe('agent');
    expect(await machineTarget(machine, nothingInspected).agent.hostName()).toBe('hl02');
    await act({ event: ['VSERPORT_CHANGE', { open: false, id: 'agent' }] });
    await poll({
      deadline: Deadline.after(10_000),
      describe: 'the way to shut',
      attempt: () => (machine.ways.agent === open ? { done: false, seen: 'open' } : { done: true, value: 0 }),
    });
    // Something still answers, so it opens again.
    await machine.ways.agent;
    await machine.agent.ping();
  });

  it('are given up some time after the login prompt', async () => {
    const machine = await boot({ steps: [{ console: 'hl02 login: ' }] }, { afterLoginMs: 30 });
    await expect(machine.ways.agent).rejects.toThrow(
      "guest agent was given up: shut 0.03 s after the login prompt; last seen: nobody answers on the agent's port",
    );
    await expect(machine.waitForShell()).rejects.toThrow('there is no way into the machine');
    await expect(machine.waitForUnit('sshd.service')).rejects.toThrow('there is no way into the machine');
  });

  it('open with SSH, which runs commands, reads files and waits', async () => {
    const key = makeSshKeyPair();
    const server = await startSshServer(key);
    try {
      const machine = await boot(
        { sshPort: server.port },
        { ssh: { guestPort: 22, user: 'root', privateKey: key.privateKey } },
      );
      await machine.ways.ssh;
      expect(machine.bootState().shell).toBe('ssh');
      expect(await machine.succeed('echo hi')).toBe('hi\n');
      await expect(machine.succeed('echo no >&2; exit 2')).rejects.toThrow('exit status 2: no');
      await expect(machine.fail('true')).rejects.toThrow('succeeded unexpectedly');
      expect((await machine.fail('exit 5')).exitCode).toBe(5);
      await writeFile(join(folder, 'file'), 'text\n');
      const target = machineTarget(machine, nothingInspected);
      expect(await Promise.all([target.readFile(join(folder, 'file')), target.readFile('/absent')])).toEqual([
        'text\n',
        undefined,
      ]);
      const appears = machine.waitForFile(join(folder, 'later'));
      await writeFile(join(folder, 'later'), '');
      await appears;
      await expect(machine.waitForFile(join(folder, 'never'), { deadlineMs: 300 })).rejects.toThrow(
        /to exist, looked \d+ times; last seen: .* holds .*later/,
      );
      await expect(machine.waitUntilSucceeds('echo hm; false', { deadlineMs: 300 })).rejects.toThrow(
        'last seen: exit status 1: hm',
      );
      expect((await target.ssh.handshake(22)).banner).toBe('SSH-2.0-TestServer_1.0');
      expect(await machine.forwardPort(22)).toBe(server.port);
      expect(machine.commands[0]).toMatchObject({
        via: 'ssh',
        command: 'echo hi',
        exitCode: 0,
        stdout: 'hi\n',
      });
      expect(machine.commands.length).toBeGreaterThan(5);
    } finally {
      await server.close();
    }
  });

  it('open again after a reboot', async () => {
    const key = makeSshKeyPair();
    const server = await startSshServer(key);
    try {
      const machine = await boot(
        { sshPort: server.port, steps: [{ agent: true }] },
        { ssh: { guestPort: 22, user: 'root', privateKey: key.privateKey } },
      );
      await Promise.all([machine.ways.ssh, machine.ways.agent]);
      const before = machine.ways.ssh;
      await machine.reboot();
      expect(machine.ways.ssh).not.toBe(before);
      await machine.ways.ssh;
      expect(await machine.succeed('echo again')).toBe('again\n');
    } finally {
      await server.close();
    }
  });
});
