import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { poll } from '../../src/host/poll.ts';
import { Scope } from '../../src/host/scope.ts';
import { ShellPool } from '../../src/machine/shell-pool.ts';
import { connectSsh, makeSshKeyPair, type SshConnection } from '../../src/machine/ssh.ts';
import { startSshServer, type TestServer } from './support/ssh-server.ts';

const key = makeSshKeyPair();
const later = () => Deadline.after(15_000);

let server: TestServer;
let connection: SshConnection;
let pool: ShellPool;

beforeAll(async () => {
  server = await startSshServer(key);
});
afterAll(() => server.close());
beforeEach(async () => {
  connection = await connectSsh({
    port: server.port,
    login: { user: 'root', privateKey: key.privateKey },
    deadline: later(),
    scope: new Scope(),
    unanswered: async () => false,
  });
  pool = new ShellPool(connection);
});
afterEach(() => connection.close());

async function run(command: string) {
  const { stdout, stderr, exitCode } = await pool.run(command, later());
  return { stdout: String(stdout), stderr: String(stderr), exitCode };
}

const opened = () => server.commands.filter((command) => command === 'exec /bin/sh').length;

describe('a shell that lives on', () => {
  it.each([
    ['nothing', 'true', '', '', 0],
    ['both outputs apart', 'echo out; echo err >&2', 'out\n', 'err\n', 0],
    ['no final line feed', 'printf out; printf err >&2', 'out', 'err', 0],
    ['a final line feed too many', "printf 'a\\n\\n'", 'a\n\n', '', 0],
    ['an exit', 'echo before; exit 3; echo after', 'before\n', '', 3],
    ['an exit in a subshell', '(exit 4)', '', '', 4],
    ['a command that fails', 'false', '', '', 1],
    ['a signal', 'kill -9 $(exec sh -c "echo \\$PPID")', '', expect.stringContaining('Killed'), 137],
    ['something that reads', 'cat; echo done', 'done\n', '', 0],
    ['a leading dash', '-v; echo $?', '127\n', expect.stringContaining('not found'), 0],
    ['quotes of all kinds', `echo "a'b" 'c"d' \\$e`, 'a\'b c"d $e\n', '', 0],
    ['many lines', 'for i in 1 2\ndo\n  echo $i\ndone', '1\n2\n', '', 0],
    ['a here-document', 'cat <<X\nhello\nX', 'hello\n', '', 0],
    ['a comment at the end', 'echo a # b', 'a\n', '', 0],
    ['other scripts', "echo 'système ✓'", 'système ✓\n', '', 0],
  ])('runs %s', async (_name, command, stdout, stderr, exitCode) => {
    expect(await run(command)).toEqual({ stdout, stderr, exitCode });
    expect(await run('echo still here')).toEqual({ stdout: 'still here\n', stderr: '', exitCode: 0 });
  });

  it('survives a syntax error', async () => {
    expect((await run('if then (')).exitCode).not.toBe(0);
    expect((await run('echo "unfinished')).exitCode).not.toBe(0);
    expect((await run('echo fine')).stdout).toBe('fine\n');
  });

  it('keeps nothing of one command for the next', async () => {
    await run('cd /; export LEFT=1; left=2; set -e');
    expect((await run('echo "$LEFT$left"')).stdout).toBe('\n');
  });

  it('passes megabytes through, byte for byte', async () => {
    const { stdout, stderr } = await pool.run(
      'f=$(mktemp); head -c 3000000 /dev/urandom > $f; sha256sum < $f >&2; cat $f; rm $f',
      later(),
    );
    expect(stdout.length).toBe(3_000_000);
    expect(String(stderr).slice(0, 64)).toBe(createHash('sha256').update(stdout).digest('hex'));
  });

  it('uses one shell for commands that come one after the other', async () => {
    const before = opened();
    for (let times = 0; times < 5; times += 1) await run('true');
    expect(opened() - before).toBe(1);
  });
});

describe('a pool of shells', () => {
  it('runs commands side by side, and never more than its size', async () => {
    const before = opened();
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    // The first two end only when the other one has begun.
    const meet = (own: string, other: string) =>
      run(`touch ${folder}/${own}; while [ ! -e ${folder}/${other} ]; do sleep 0.01; done; echo met`);
    const met = await Promise.all([meet('a', 'b'), meet('b', 'a')]);
    expect(met.map(({ stdout }) => stdout)).toEqual(['met\n', 'met\n']);
    const many = await Promise.all(Array.from({ length: 12 }, (_, index) => run(`echo ${index}`)));
    expect(many.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(opened() - before).toBeLessThanOrEqual(3);
    await rm(folder, { recursive: true });
  });

  it('kills a command that runs past its deadline, with its children, and tells what it had printed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    const late = pool.run(`echo begun; sleep 300 & echo $! > ${folder}/pid; sleep 300`, Deadline.after(300));
    await expect(late).rejects.toThrow(/^not done within 300 ms: .*\nit had printed: begun$/s);
    await expect(late).rejects.toMatchObject({ stdout: 'begun\n', stderr: '' });
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
    await poll({
      deadline: later(),
      describe: 'the child to be gone',
      attempt: async () => {
        const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
        return status === undefined || /\) Z /.test(status)
          ? { done: true, value: undefined }
          : { done: false, seen: status };
      },
    });
    expect((await run('echo on')).stdout).toBe('on\n');
    await rm(folder, { recursive: true });
  });

  it('counts the waiting for a shell towards the deadline', async () => {
    const busy = Array.from({ length: 3 }, () => run('sleep 0.5'));
    await Promise.allSettled([expect(pool.run('true', Deadline.after(60))).rejects.toThrow()]);
    const failed = pool.run('echo late', Deadline.after(60));
    await expect(failed).rejects.toThrow(/busy|in time|not done/);
    await Promise.all(busy);
    expect((await run('echo on')).stdout).toBe('on\n');
  });

  it('opens another shell when a command has killed its own', async () => {
    await expect(run('kill -9 $$')).rejects.toThrow('the shell in the guest ended');
    expect((await run('echo on')).stdout).toBe('on\n');
  });

  it('ends all commands with the connection', async () => {
    const running = run('sleep 300');
    const failed = expect(running).rejects.toThrow();
    await run('true');
    connection.close();
    await failed;
    await expect(run('true')).rejects.toThrow();
  });
});
