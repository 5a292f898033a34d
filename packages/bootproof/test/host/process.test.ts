import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellQuote } from '../../src/base/shell-word.ts';
import { Deadline } from '../../src/host/deadline.ts';
import { poll } from '../../src/host/poll.ts';
import { run, start } from '../../src/host/process.ts';
import { ProcessError } from '../../src/host/process-error.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sh = (script: string, ...args: string[]) => ['-c', script, 'sh', ...args];

async function failure(promise: Promise<unknown>): Promise<ProcessError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProcessError);
  return error as ProcessError;
}

/** Whether a process lives; one that is dead and only not yet reaped does not. */
async function lives(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return status !== undefined && !/\) [ZX] /.test(status);
}

const waitForDeath = (pid: number) =>
  poll({
    deadline: Deadline.after(10_000),
    describe: `process ${pid} to be gone`,
    attempt: async () =>
      (await lives(pid)) ? { done: false, seen: 'alive' } : { done: true, value: undefined },
  });

const waitForPid = (path: string) =>
  poll({
    deadline: Deadline.after(10_000),
    describe: path,
    attempt: async () => {
      const pid = Number((await readFile(path, 'utf8').catch(() => '')).trim());
      return pid > 0 ? { done: true, value: pid } : { done: false, seen: 'no pid' };
    },
  });

describe('run', () => {
  it('gives both outputs, byte for byte, and the exit code', async () => {
    const result = await run('sh', sh('echo out; printf err >&2; exit 3'), { okExitCodes: [0, 3] });
    expect(result).toMatchObject({ stdout: 'out\n', stderr: 'err', exitCode: 3 });
  });

  it('words a failure as cause and command, with the cause as fields', async () => {
    const error = await failure(run('sh', sh("echo 'no such thing' >&2; exit 4", "it's")));
    expect(error.message).toMatch(/^exit status 4: sh -c .* sh 'it'\\''s'\nno such thing$/);
    expect(error).toMatchObject({
      exitCode: 4,
      signal: undefined,
      timedOut: false,
      canceled: false,
      kind: 'missing',
    });
  });

  it('says when a command is not there', async () => {
    const error = await failure(run('no-such-command', ['x']));
    expect(error.message).toBe('command not found: no-such-command x');
    expect(error.spawnErrorCode).toBe('ENOENT');
  });

  it('says which signal ended it', async () => {
    const error = await failure(run('sh', sh('kill -9 $$')));
    expect(error.message).toMatch(/^killed by SIGKILL: /);
    expect(error.signal).toBe('SIGKILL');
  });

  it('gives children a short environment, a fixed locale and an empty standard input', async () => {
    process.env['BOOTPROOF_TEST_LEAK'] = 'leaked';
    const { stdout } = await run('sh', sh('cat; env'), { env: { EXTRA: 'yes' } });
    delete process.env['BOOTPROOF_TEST_LEAK'];
    expect(stdout).toContain('LC_ALL=C.UTF-8\n');
    expect(stdout).toContain('EXTRA=yes\n');
    expect(stdout).not.toContain('leaked');
  });

  it('feeds input and tells lines as they come', async () => {
    const lines: string[] = [];
    const { stdout } = await run('sh', sh('cat; echo aside >&2'), {
      input: 'one\ntwo',
      onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    });
    expect(stdout).toBe('one\ntwo');
    expect(lines.sort()).toEqual(['stderr: aside', 'stdout: one', 'stdout: two']);
  });

  it('ends the whole group at the deadline, also what ignores SIGTERM', async () => {
    const pidFile = join(folder, 'pid');
    const script = `(trap '' TERM; echo $(exec sh -c 'echo $PPID') > "$1"; while :; do sleep 1; done) >/dev/null 2>&1 & wait`;
    const running = failure(run('sh', sh(script, pidFile), { deadline: Deadline.after(1500), graceMs: 200 }));
    const pid = await waitForPid(pidFile);
    const error = await running;
    expect(error).toMatchObject({ timedOut: true, canceled: false });
    expect(error.message).toMatch(/^timed out after \d+ ms: sh /);
    await waitForDeath(pid);
  });

  it('ends when its signal is aborted, before or after the start', async () => {
    const controller = new AbortController();
    const running = failure(run('sleep', ['30'], { signal: controller.signal }));
    controller.abort();
    expect(await running).toMatchObject({ canceled: true, kind: 'interrupted' });
    expect(await failure(run('sleep', ['30'], { signal: AbortSignal.abort() }))).toMatchObject({
      canceled: true,
    });
  });
});

describe('start', () => {
  it('gives a child that can be followed and ended', async () => {
    const log = join(folder, 'log');
    const child = start('sh', sh('echo warned >&2; exec sleep 30'), { stderrFile: log });
    await poll({
      deadline: Deadline.after(10_000),
      describe: 'the log',
      attempt: async () => {
        const text = await readFile(log, 'utf8').catch(() => '');
        return text === 'warned\n' ? { done: true, value: text } : { done: false, seen: text };
      },
    });
    const exit = await child.terminate();
    expect(exit).toMatchObject({ signal: 'SIGTERM', stderrTail: 'warned', timedOut: false, canceled: false });
    expect(await lives(child.pid ?? 0)).toBe(false);
  });

  it('kills a child that ignores being asked', async () => {
    const child = start('sh', sh(`trap '' TERM; echo ready; while :; do sleep 1; done`));
    await poll({
      deadline: Deadline.after(10_000),
      describe: 'the trap',
      attempt: () =>
        child.stdoutTail() === 'ready' ? { done: true, value: 0 } : { done: false, seen: child.stdoutTail() },
    });
    expect((await child.terminate({ graceMs: 100 })).signal).toBe('SIGKILL');
  });

  it('does not throw for a command that is not there', async () => {
    const child = start('no-such-command', []);
    expect(child.pid).toBeUndefined();
    expect(await child.exited).toMatchObject({ spawnErrorCode: 'ENOENT' });
    expect(await child.terminate()).toMatchObject({ spawnErrorCode: 'ENOENT' });
  });

  it('dies with its parent, even when the parent is killed with SIGKILL', async () => {
    const module = fileURLToPath(new URL('../../src/host/process.ts', import.meta.url));
    const pidFile = join(folder, 'pid');
    const script = join(folder, 'parent.mjs');
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs';
       import { createJiti } from ${JSON.stringify(import.meta.resolve('jiti'))};
       const { start } = await createJiti(import.meta.url).import(${JSON.stringify(module)});
       const child = start('sh', ['-c', 'trap "" TERM HUP; echo $$ > "$1"; while :; do sleep 1; done', 'sh', ${JSON.stringify(pidFile)}]);
       await child.exited;`,
    );
    const parent = start(process.execPath, [script]);
    const pid = await waitForPid(pidFile);
    expect(await lives(pid)).toBe(true);
    process.kill(parent.pid ?? 0, 'SIGKILL');
    await parent.exited;
    await waitForDeath(pid);
  });
});

describe('shellQuote', () => {
  it('gives words that a shell reads back unchanged', async () => {
    const words = [
      'plain',
      '',
      'a b',
      "it's",
      '$HOME',
      '`x`',
      '"q"',
      'back\\slash',
      'new\nline',
      '*',
      '~',
      '-x',
    ];
    const { stdout } = await run('sh', ['-c', `printf '%s\\0' ${words.map(shellQuote).join(' ')}`]);
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});
