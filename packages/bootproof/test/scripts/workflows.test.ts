import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const repository = resolve(import.meta.dirname, '../../../..');
const commit = '0123456789abcdef0123456789abcdef01234567';

/** A workflow that nothing is wrong with. */
const sound = `name: sound
on: push
permissions:
  contents: read
jobs:
  list:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    outputs:
      hosts: \${{ steps.list.outputs.hosts }}
    steps:
      - uses: actions/checkout@${commit} # v7.0.1
        with:
          persist-credentials: false
      - id: list
        run: |
          hosts='["hl02"]'
          echo "hosts=$hosts" >> "$GITHUB_OUTPUT"
  build:
    needs: list
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    strategy:
      matrix:
        host: \${{ fromJSON(needs.list.outputs.hosts) }}
    steps:
      - name: Build \${{ matrix.host }}
        env:
          HOST: \${{ matrix.host }}
        run: echo "$HOST"
`;

interface Case {
  /** What is changed of the sound workflow, and into what. */
  readonly change: readonly [string, string];
  /** The line of the fault, and words of its message. */
  readonly line: number;
  readonly says: string;
}

const cases: Readonly<Record<string, Case>> = {
  'text that is not YAML': { change: ['on: push', 'on: [push'], line: 3, says: 'Flow sequence' },
  'an unknown event': { change: ['on: push', 'on: pusch'], line: 2, says: "Unexpected value 'pusch'" },
  'an unknown key': {
    change: ['timeout-minutes: 5\n    out', 'timeout: 5\n    out'],
    line: 8,
    says: "'timeout'",
  },
  'an unknown permission': { change: ['contents: read', 'content: read'], line: 4, says: "'content'" },
  'a job that is not there': { change: ['needs: list', 'needs: lists'], line: 20, says: "'lists'" },
  'an unknown function': {
    change: ['fromJSON', 'fromJsn'],
    line: 25,
    says: "Unrecognized function: 'fromJsn'",
  },
  'an unknown context': { change: ['Build ${{ matrix', 'Build ${{ matrx'], line: 27, says: "'matrx'" },
  'an expression that does not parse': {
    change: ['needs.list.outputs.hosts)', 'needs.list |)'],
    line: 25,
    says: "'|'",
  },
  'an output of a step that is not there': { change: ['steps.list', 'steps.lst'], line: 10, says: 'lst' },
  'no permissions': { change: ['permissions:\n  contents: read\n', ''], line: 1, says: 'no permissions' },
  'rights to write for all jobs': { change: ['contents: read', 'contents: write'], line: 4, says: 'write' },
  'all rights': {
    change: ['permissions:\n  contents: read', 'permissions: write-all'],
    line: 3,
    says: 'write-all',
  },
  'a job without an end': {
    change: ['    timeout-minutes: 5\n    strategy', '    strategy'],
    line: 19,
    says: 'build',
  },
  'a runner that is not there': {
    change: ['ubuntu-24.04\n    timeout-minutes: 5\n    out', 'ubuntu-24.4\n    timeout-minutes: 5\n    out'],
    line: 7,
    says: 'ubuntu-24.4',
  },
  'a runner that moves': {
    change: [
      'ubuntu-24.04\n    timeout-minutes: 5\n    out',
      'ubuntu-latest\n    timeout-minutes: 5\n    out',
    ],
    line: 7,
    says: 'ubuntu-latest',
  },
  'a tag in place of a commit': {
    change: [`@${commit} # v7.0.1`, '@v7.0.1'],
    line: 12,
    says: 'not pinned to a commit',
  },
  'a short commit': { change: [`@${commit}`, '@0123456'], line: 12, says: 'not pinned to a commit' },
  'a commit of no version': { change: [' # v7.0.1', ''], line: 12, says: 'does not say its version' },
  'an image without a digest': {
    change: [`actions/checkout@${commit} # v7.0.1`, 'docker://debian:12'],
    line: 12,
    says: 'digest',
  },
  'a token that stays': {
    change: ['persist-credentials: false', 'persist-credentials: true'],
    line: 12,
    says: 'token',
  },
  'an expression in a shell line': {
    change: ['echo "$HOST"', `echo \${{ github.head_ref }}`],
    line: 30,
    says: 'env',
  },
  'a quote that does not end': { change: ['echo "hosts=$hosts"', 'echo "hosts=$hosts'], line: 18, says: '' },
  'a shell that is not there': {
    change: ['run: echo', 'shell: zzz\n        run: echo'],
    line: 30,
    says: 'zzz',
  },
};

let folder: string;
let ended: { readonly status: number; readonly stdout: string; readonly lines: readonly string[] };

async function lint(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const script = join(repository, 'scripts/workflows.js');
  const { exitCode, stdout, stderr } = await execa(process.execPath, [script, ...args], {
    cwd: folder,
    env,
    reject: false,
    stdin: 'ignore',
  });
  return { status: exitCode ?? -1, stdout, lines: stderr.split('\n').filter(Boolean) };
}

const fileOf = (name: string) => `${name.replaceAll(' ', '-')}.yaml`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-workflows-'));
  await writeFile(join(folder, 'sound.yml'), sound);
  for (const [name, { change }] of Object.entries(cases)) {
    expect(sound.split(change[0]), `${name} changes one place`).toHaveLength(2);
    await writeFile(
      join(folder, fileOf(name)),
      sound.replace(change[0], () => change[1]),
    );
  }
  ended = await lint(['.']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the linter of workflows', () => {
  test.each(Object.keys(cases))('names the line of %s', (name) => {
    const { line, says } = cases[name] as Case;
    const start = `${fileOf(name)}:${line}: `;
    const found = ended.lines.filter((each) => each.startsWith(start));
    expect(found, ended.lines.join('\n')).not.toEqual([]);
    expect(found.join('\n')).toContain(says);
  });

  test('finds nothing in a sound workflow, and fails for the others', () => {
    expect(ended.lines.filter((each) => each.startsWith('sound.yml'))).toEqual([]);
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain(`${Object.keys(cases).length + 1} files`);
  });

  test('passes what is sound, and says what it looked at', async () => {
    expect(await lint(['sound.yml'])).toMatchObject({
      status: 0,
      lines: [],
      stdout: expect.stringContaining('1 files, 0 faults'),
    });
  });

  test('takes an action that is not pinned when its comment says why', async () => {
    const text = sound.replace(`@${commit} # v7.0.1`, '@v7 # not pinned: the newest is wanted');
    await writeFile(join(folder, 'unpinned.yaml.txt'), text);
    expect(await lint(['unpinned.yaml.txt'])).toMatchObject({ status: 0, lines: [] });
  });

  test('parses shell lines where shellcheck is not installed', async () => {
    const bin = await mkdtemp(join(folder, 'bin-'));
    await symlink('/bin/bash', join(bin, 'bash'));
    const { status, stdout, lines } = await lint([fileOf('a quote that does not end')], { PATH: bin });
    expect(status).toBe(1);
    expect(stdout).toContain('shellcheck is not installed');
    expect(lines).toEqual([expect.stringMatching(/^a-quote-that-does-not-end\.yaml:1\d: .*EOF/)]);
  });

  test('fails where there is nothing to lint', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    expect(await lint([empty])).toMatchObject({ status: 1 });
  });

  test("passes this repository's own workflows", async () => {
    expect(await lint([join(repository, '.github/workflows')])).toMatchObject({ status: 0, lines: [] });
  });
});
