import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { chooseSeed, cutMoment } from '../../src/runner/cut-moment.ts';
import { type Cuttable, cutPower, dropDisk, moveDisk } from '../../src/runner/power-cut.ts';

/** A seed whose moment comes soon. */
const soon = Array.from({ length: 10_000 }, (_, seed) => seed).find((seed) => cutMoment(seed) < 520) ?? 0;

function machine(scope = new Scope()): { readonly machine: Cuttable; readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    machine: {
      scope,
      files: { overlay: '/nowhere/disk.qcow2', efiVars: '/nowhere/efivars.fd' },
      succeed: async (command) => {
        calls.push(`run ${command.split(' ').at(-1)}`, command);
        return '';
      },
      crash: async () => void calls.push('crash'),
      close: async () => {
        calls.push('close');
        return [];
      },
    },
  };
}

test('equal seeds give equal moments, spread over 0.5 to 10 s', () => {
  const moments = Array.from({ length: 2000 }, (_, seed) => cutMoment(seed));
  expect(moments).toEqual(Array.from({ length: 2000 }, (_, seed) => cutMoment(seed)));
  expect(Math.min(...moments)).toBeGreaterThanOrEqual(500);
  expect(Math.max(...moments)).toBeLessThanOrEqual(10_000);
  for (let from = 500; from < 10_000; from += 950) {
    const here = moments.filter((moment) => moment >= from && moment < from + 950).length;
    expect(here).toBeGreaterThan(130);
  }
  expect(Number.isInteger(chooseSeed())).toBe(true);
});

test('a text is synced, then QEMU is killed and its sockets closed', async () => {
  const { machine: cut, calls } = machine();
  expect(await cutPower(cut, soon)).toEqual({
    written: `power cut, seed ${soon}`,
    afterMs: cutMoment(soon),
  });
  expect(calls[1]).toMatch(/^printf .*seed \d+.* > \/var\/tmp\/bootproof-power-cut && sync && /);
  expect(calls.slice(2)).toEqual(['crash', 'close']);
});

test('a machine that dies before its power is cut is told as such, and not crashed', async () => {
  const scope = new Scope();
  const { machine: cut, calls } = machine(scope);
  scope.close(new Error('QEMU ended: signal 11'));
  await expect(cutPower(cut, soon)).rejects.toThrow('QEMU ended: signal 11');
  expect(calls).not.toContain('crash');
});

test('the disk and the variables move to the next folder; without variables the disk alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  try {
    const files = { overlay: join(folder, 'disk.qcow2'), efiVars: join(folder, 'efivars.fd') };
    await writeFile(files.overlay, 'disk');
    await writeFile(files.efiVars, 'variables');
    const next = await moveDisk(files, folder);
    expect(await readFile(join(next, 'disk.qcow2'), 'utf8')).toBe('disk');
    expect(await readFile(join(next, 'efivars.fd'), 'utf8')).toBe('variables');
    await writeFile(files.overlay, 'again');
    expect(await readFile(join(await moveDisk(files, folder), 'disk.qcow2'), 'utf8')).toBe('again');
    await expect(moveDisk(files, folder)).rejects.toThrow('ENOENT');
    await writeFile(files.overlay, 'left behind');
    await dropDisk(files);
    await expect(readFile(files.overlay)).rejects.toThrow('ENOENT');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
