import { expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { whileItStands } from '../../src/machine/breakdown.ts';
import type { Breakdown } from '../../src/probes/target.ts';

/** A machine whose console has shown two lines, and that may have broken down. */
const machineWith = (breakdown?: Breakdown, scope = new Scope()) => ({
  breakdown: () => breakdown,
  console: { tail: () => ['Starting sshd', 'Started sshd'] },
  scope,
});
const wait = (machine: ReturnType<typeof machineWith>, work: Promise<string>) =>
  whileItStands(machine as never, work);

test('what comes in time is given on', async () => {
  expect(await wait(machineWith(), Promise.resolve('up'))).toBe('up');
});

test('a machine that breaks down ends the wait, and shows the lines that say so', async () => {
  const panic: Breakdown = {
    kind: 'kernel panic',
    detail: 'not syncing: no init',
    lines: ['Kernel panic - not syncing'],
  };
  await expect(wait(machineWith(panic), new Promise(() => {}))).rejects.toThrow(
    /kernel panic: not syncing: no init\n.*\n {2}Kernel panic - not syncing$/,
  );
});

test('a wait that fails says what the console showed last', async () => {
  await expect(wait(machineWith(), Promise.reject(new Error('waited 300 s')))).rejects.toThrow(
    /did not come up: waited 300 s\n.*\n {2}Starting sshd\n {2}Started sshd$/,
  );
});

test('the end of QEMU and an interruption are told in their own words', async () => {
  const scope = new Scope();
  const ended = new Error('interrupted');
  scope.close(ended);
  await expect(wait(machineWith(undefined, scope), Promise.reject(ended))).rejects.toBe(ended);
});
