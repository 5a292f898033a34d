import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findNix, flakeInputs, nixVariables, runNix, thisFlake } from '../../src/host/nix.ts';
import { isNetworkError, nixErrorText } from '../../src/host/nix-error.ts';
import { writeFakeTools } from '../image/fake-tools.ts';
import { nixEnvironment } from '../nix-fixture/nix.ts';

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeEach(async () => {
  for (const [name, value] of Object.entries(nixEnvironment())) vi.stubEnv(name, value);
  folder = await mkdtemp(join(await realpath(tmpdir()), 'bootproof-nix-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A PATH with a program in Nix's place. */
const fakeNix = (script: string) => writeFakeTools(join(folder, 'bin'), { nix: script });

describe('findNix', () => {
  it('finds the real one, with its version', async () => {
    expect(await findNix()).toEqual({
      state: 'usable',
      path: expect.stringMatching(/\/nix$/),
      version: expect.stringMatching(/^2\.\d+/),
    });
  });

  it('needs none of the settings that allow flakes', async () => {
    vi.stubEnv('NIX_CONFIG', (process.env['NIX_CONFIG'] ?? '').replace(/^experimental-features.*$/m, ''));
    expect(await findNix()).toMatchObject({ state: 'usable' });
  });

  it('says that there is none', async () => {
    expect(await findNix({ path: join(folder, 'nothing') })).toMatchObject({
      state: 'absent',
      reason: 'nix is not installed',
      remedy: expect.stringContaining('nixos.org'),
    });
  });

  it('says that one is too old, and asks it for nothing else', async () => {
    const log = join(folder, 'log');
    const path = await fakeNix(`echo "$@" >> '${log}'; echo 'nix (Nix) 2.3.16'`);
    expect(await findNix({ path })).toMatchObject({
      state: 'unusable',
      reason: 'nix 2.3.16 is too old for flakes',
    });
    expect(await readFile(log, 'utf8')).toBe('--version\n');
  });

  it('says that flakes are not there', async () => {
    const path = await fakeNix(`[ "$1" = --version ] && echo 'nix (Nix) 2.24.1' || echo false`);
    expect(await findNix({ path })).toMatchObject({
      state: 'unusable',
      reason: 'nix 2.24.1 does not allow flakes',
    });
  });

  it.each([
    [
      "error: cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused",
      'systemctl start nix-daemon',
    ],
    ["error: creating directory '/nix': Permission denied", 'a store of its own'],
    ['error: something new', 'nix eval --expr 1'],
  ])('gives the reason and a remedy for %s', async (line, remedy) => {
    const path = await fakeNix(
      `[ "$1" = --version ] && echo 'nix (Nix) 2.18.1' || { echo "${line}" >&2; exit 1; }`,
    );
    expect(await findNix({ path })).toEqual({
      state: 'unusable',
      path: join(folder, 'bin/nix'),
      reason: line.replace('error: ', 'nix cannot be used: '),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('finds a store that cannot be written to', async () => {
    await writeFile(join(folder, 'file'), '');
    vi.stubEnv('NIX_STORE_DIR', join(folder, 'file/store'));
    expect(await findNix()).toMatchObject({ state: 'unusable', reason: expect.stringContaining('file') });
  });

  it('ends when it is called off', async () => {
    const stop = new AbortController();
    const started = join(folder, 'started');
    const path = await fakeNix(`echo $$ > '${started}'; exec sleep 600`);
    const looking = findNix({ path, signal: stop.signal });
    await expect.poll(() => readFile(started, 'utf8').catch(() => ''), { timeout: 10_000 }).not.toBe('');
    stop.abort();
    await expect(looking).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

/** Writes a flake with one input. */
async function flakeWith(url: string): Promise<string> {
  const flake = join(folder, 'flake');
  await mkdir(flake);
  await writeFile(
    join(flake, 'flake.nix'),
    `{ inputs.it = { url = "${url}"; flake = false; }; outputs = { it, ... }: { file = "\${it}/a"; }; }\n`,
  );
  return flake;
}

describe('flakeInputs', () => {
  it('finds what is here without a network', async () => {
    await mkdir(join(folder, 'input'));
    await writeFile(join(folder, 'input/a'), 'A');
    const flake = await flakeWith(`path:${join(folder, 'input')}`);
    await runNix(['flake', 'lock', thisFlake], { cwd: flake });
    const fetched = vi.fn();
    expect(await flakeInputs(flake, { onFetch: fetched })).toEqual({ had: true });
    expect(fetched).not.toHaveBeenCalled();
  });

  it('knows after one attempt that the network does not give them', async () => {
    // Nobody listens on port 1. The lock names a content that is nowhere here.
    const flake = await flakeWith('https://127.0.0.1:1/it.tar.gz');
    const locked = {
      narHash: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      type: 'tarball',
      url: 'https://127.0.0.1:1/it.tar.gz',
    };
    const { type, url } = locked;
    const nodes = { it: { flake: false, locked, original: { type, url } }, root: { inputs: { it: 'it' } } };
    await writeFile(join(flake, 'flake.lock'), JSON.stringify({ nodes, root: 'root', version: 7 }));
    const fetched = vi.fn();
    expect(await flakeInputs(flake, { onFetch: fetched })).toEqual({
      had: false,
      network: true,
      reason: expect.stringContaining('https://127.0.0.1:1/it.tar.gz'),
    });
    expect(fetched).toHaveBeenCalledOnce();
  });

  it('asks no network when the lock file is what is wrong', async () => {
    const flake = await flakeWith(`path:${folder}`);
    const fetched = vi.fn();
    expect(await flakeInputs(flake, { onFetch: fetched })).toMatchObject({
      had: false,
      network: false,
      reason: expect.stringContaining('lock file'),
    });
    expect(fetched).not.toHaveBeenCalled();
  });

  it('gives up a fetch that does not end', async () => {
    const path = await fakeNix(
      `case "$*" in *--offline*) echo "error: unable to download 'x': Couldn't resolve host name" >&2; exit 1;; esac; exec sleep 600`,
    );
    const flake = await flakeWith('https://127.0.0.1:1/it.tar.gz');
    expect(await flakeInputs(flake, { path, fetchMs: 200 })).toEqual({
      had: false,
      network: true,
      reason: 'they were not there after 0.2 s',
    });
  });
});

describe('a flake in a folder', () => {
  it('is found by Nix, whatever characters its path has', async () => {
    const odd = join(folder, 'a b%20#c?d&ü');
    await mkdir(odd);
    await writeFile(join(odd, 'flake.nix'), '{ outputs = _: { answer = 42; }; }\n');
    const { stdout } = await runNix(['eval', '--json', `${thisFlake}#answer`], { cwd: odd });
    expect(stdout.trim()).toBe('42');
    expect(await flakeInputs(odd)).toEqual({ had: true });
  });
});

describe('the environment', () => {
  it('has what Nix reads, and nothing else', () => {
    const all = {
      NIX_CONFIG: 'a',
      NIX_REMOTE: 'daemon',
      XDG_CACHE_HOME: '/c',
      XDG_RUNTIME_DIR: '/r',
      SSH_AUTH_SOCK: '/s',
      EDITOR: 'vi',
      MY_NIX_THING: 'x',
    };
    const { XDG_RUNTIME_DIR, EDITOR, MY_NIX_THING, ...wanted } = all;
    expect([XDG_RUNTIME_DIR, EDITOR, MY_NIX_THING]).toHaveLength(3);
    expect(nixVariables(all)).toEqual(wanted);
  });
});

describe("Nix's errors", () => {
  it('are cut to the cause below the trace', () => {
    const text = [
      "warning: Git tree '/x' is dirty",
      'error:',
      "       … while calling the 'head' builtin",
      '         at /nix/store/abc-source/lib/attrsets.nix:1575:11:',
      '         1574|         || pred here (elemAt values 1) (head values) then',
      '         1575|           head values',
      '             |           ^',
      '',
      "       error: The option `networking.hostNmae' does not exist. Definition values:",
      '       - In `/nix/store/abc-source/hosts/hl02/configuration.nix\': "hl02"',
    ].join('\n');
    expect(nixErrorText(text)).toBe(
      'The option `networking.hostNmae\' does not exist. Definition values:\n       - In `/nix/store/abc-source/hosts/hl02/configuration.nix\': "hl02"',
    );
  });

  it('are those of the build that failed, not of what needed it', () => {
    const text = [
      "error: builder for '/nix/store/a-x.drv' failed with exit code 1;",
      '       last 1 log lines:',
      '       > no room',
      "       For full logs, run 'nix log /nix/store/a-x.drv'.",
      "error: 1 dependencies of derivation '/nix/store/b-y.drv' failed to build",
    ].join('\n');
    expect(nixErrorText(text)).toMatch(/^builder for .*\n.*last 1 log lines:\n.*no room\n/);
    expect(nixErrorText(text)).not.toContain('b-y.drv');
  });

  it('end where something else begins', () => {
    const text =
      "error: no such thing\n(use '--show-trace' to show detailed location information)\nbuilding 'x'...\n";
    expect(nixErrorText(text)).toBe('no such thing');
    expect(nixErrorText(`warning: a\nthese 2 paths\n${text}warning: b\nmore`)).toBe('no such thing');
  });

  it('are the last lines when nothing looks like an error', () => {
    expect(nixErrorText('one\ntwo\nthree\nfour\n')).toBe('two\nthree\nfour');
  });

  it.each([
    ["unable to download 'https://x': Couldn't resolve host name (6)", true],
    ["unable to download 'https://x': Failed to connect to x port 443", true],
    ["attribute 'x' missing", false],
    ["flake 'path:/x' requires lock file changes", false],
  ])('tell of the network or not: %s', (text, network) => {
    expect(isNetworkError(text)).toBe(network);
  });
});
