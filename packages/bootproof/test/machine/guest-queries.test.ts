import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { Batch, NoAnswer } from '../../src/machine/batch.ts';
import { parseUnits, readFilesCommand, showUnitsCommand } from '../../src/machine/guest-queries.ts';

describe('readFilesCommand', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read(paths: readonly string[]): Promise<(string | undefined)[]> {
    const reading = readFilesCommand(paths);
    const texts = reading.parse(await run('sh', ['-c', reading.command], { okExitCodes: [0, 1] }));
    return paths.map((path) => texts.get(path));
  }

  it('reads files as they are, and tells absent from empty', async () => {
    const texts = ['one\n', '', 'no line end', '\n\n', 'a\0b', "==> /etc/passwd <==\n\n==> '/x' <==\n"];
    const paths = texts.map((_, index) => join(folder, `it's ${index}`));
    await Promise.all(paths.map((path, index) => writeFile(path, texts[index] ?? '')));
    expect(await read([...paths, join(folder, 'absent')])).toEqual([...texts, undefined]);
    expect(await read([join(folder, 'absent')])).toEqual([undefined]);
    expect(await read(['/proc/self/status'])).toEqual([expect.stringContaining('Name:')]);
  });

  it('does not take a folder for an empty file', async () => {
    await mkdir(join(folder, 'd'));
    await expect(read([join(folder, 'd')])).rejects.toThrow(`${join(folder, 'd')} is no plain file`);
  });
});

describe('parseUnits', () => {
  const result = (stdout: string, stderr = '') => ({ stdout, stderr, exitCode: 0 });

  it('reads blocks by position, so that an alias keeps the name it was asked by', () => {
    const stdout =
      'Id=ssh.service\nActiveState=active\nFragmentPath=/lib/a=b\n\nId=x.service\nActiveState=inactive\n';
    expect(parseUnits(['sshd.service', 'x.service'], result(stdout))).toEqual(
      new Map([
        ['sshd.service', { Id: 'ssh.service', ActiveState: 'active', FragmentPath: '/lib/a=b' }],
        ['x.service', { Id: 'x.service', ActiveState: 'inactive' }],
      ]),
    );
  });

  it('does not shift answers when one is missing', () => {
    expect(() =>
      parseUnits(['a@.service', 'b.service'], result('Id=b.service\n', 'Unit name a@.service is not valid')),
    ).toThrow('systemd told nothing of a@.service, b.service: Unit name a@.service is not valid');
  });

  it('quotes names', () => {
    expect(showUnitsCommand(["it's.service", 'a.service'])).toMatch(/ -- 'it'\\''s\.service' a\.service$/);
  });
});

describe('Batch', () => {
  it('asks together what is asked in one turn, and each key once', async () => {
    const asked: (readonly string[])[] = [];
    const batch = new Batch(async (keys) => {
      asked.push(keys);
      return new Map(keys.map((key) => [key, key.toUpperCase()]));
    });
    expect(await Promise.all([batch.get('a'), batch.get('b'), batch.get('a')])).toEqual(['A', 'B', 'A']);
    expect(await batch.get('c')).toBe('C');
    expect(asked).toEqual([['a', 'b'], ['c']]);
  });

  it('asks one by one when one spoils the answer, and fails that one alone', async () => {
    const batch = new Batch(async (keys) => {
      if (keys.includes('bad')) throw new NoAnswer(`nothing of ${keys.join(', ')}`);
      return new Map(keys.map((key) => [key, 1]));
    });
    const answers = await Promise.allSettled([batch.get('a'), batch.get('bad'), batch.get('b')]);
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { message: 'nothing of bad' } });
  });

  it('fails all at once when the way in is lost', async () => {
    let times = 0;
    const batch = new Batch<number>(async () => {
      times += 1;
      throw new Error('lost');
    });
    const answers = await Promise.allSettled([batch.get('a'), batch.get('b')]);
    expect(answers.map((answer) => answer.status)).toEqual(['rejected', 'rejected']);
    expect(times).toBe(1);
  });
});
