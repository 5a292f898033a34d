import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { Deadline } from '../../src/host/deadline.ts';
import { poll } from '../../src/host/poll.ts';
import { run } from '../../src/host/process.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { type MutationRunOptions, runMutations } from '../../src/mutation/run.ts';
import { planHl02 } from '../plan/support.ts';

const plan = await planHl02();
const masked = deriveMutations(plan).mutations.filter(({ id }) => id.startsWith('unit-masked/'));

let folder: string;
let pids: string;
let steps: string[];
let interruption: AbortController;
let options: MutationRunOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  const tools = join(folder, 'tools');
  pids = join(folder, 'pids');
  await mkdir(tools);
  await mkdir(pids);
  const stub = join(tools, 'qemu-system-x86_64');
  const script = resolve(import.meta.dirname, 'fake-qemu.mjs');
  await writeFile(stub, `#!/bin/sh\nexec ${process.execPath} ${script} ${pids} "$@"\n`);
  await chmod(stub, 0o755);
  vi.stubEnv('PATH', `${tools}${delimiter}${process.env['PATH']}`);
  const image = join(folder, 'image.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M']);
  steps = [];
  interruption = new AbortController();
  options = {
    test: plan,
    mutations: masked,
    jobs: 2,
    image: {
      path: image,
      kind: 'stand-in',
      inspection: { authorizedKeys: [], loginPasswords: [], machineId: undefined, hostKeys: [] },
    },
    accelerator: { accelerator: 'tcg', reason: '', remembered: false },
    folder: join(folder, 'run'),
    signal: interruption.signal,
    bootSeconds: 300,
    buildImage: () => Promise.reject(new Error('no fault here needs another image')),
    onStep: (step) => steps.push(step),
    onOutcome: ({ mutation }) => steps.push(`judged ${mutation.id}`),
  };
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** The process ids of so many machines that have come as far as their driver. */
const started = (count: number): Promise<string[]> =>
  poll({
    deadline: Deadline.after(15_000),
    describe: `${count} machines`,
    attempt: async () => {
      const booting = steps.filter((step) => step.includes('booting')).length;
      const seen = await readdir(pids);
      return booting >= count
        ? { done: true, value: seen }
        : { done: false, seen: `${seen.length} started: ${steps.join('; ')}` };
    },
  });

/** No process of these is left, and of the machines' files only logs. */
async function expectNothingLeft(processes: readonly string[]): Promise<void> {
  for (const pid of processes) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '(gone) Z ');
    expect(status, pid).toMatch(/\) Z /);
  }
  const files = await readdir(options.folder, { recursive: true });
  expect(files.filter((name) => /disk|efivars|planted|raw/.test(name))).toEqual([]);
}

describe('several machines', () => {
  test('are all ended by an interruption, which is told in its own words', async () => {
    const outcome = runMutations(options).catch((error: unknown) => error);
    const processes = await started(2);
    expect(processes).toHaveLength(2);
    const reason = new BootproofError('interrupted by SIGINT', { kind: 'interrupted' });
    interruption.abort(reason);
    expect(await outcome).toBe(reason);
    await expectNothingLeft(processes);
    expect(steps).toEqual(
      expect.arrayContaining(['machine 1: booting the machine', 'machine 2: booting the machine']),
    );
    expect(steps.join()).not.toContain('judged');
  });

  test('are all ended when one of them does not come up, and its words are told', async () => {
    await writeFile(join(pids, 'fail'), '');
    await expect(runMutations(options)).rejects.toThrow('cannot set up guest memory');
    await expectNothingLeft((await readdir(pids)).filter((name) => name !== 'fail'));
    expect(steps.join()).not.toContain('judged');
  });

  test('are no more than there are mutations, and one is told of without its number', async () => {
    options = { ...options, mutations: masked.slice(0, 1) };
    const outcome = runMutations(options).catch((error: unknown) => error);
    const processes = await started(1);
    interruption.abort(new BootproofError('interrupted by SIGINT', { kind: 'interrupted' }));
    await outcome;
    expect(steps).toEqual(['booting the machine']);
    expect(await readdir(options.folder)).toEqual(['running']);
    await expectNothingLeft(processes);
  });
});

describe('boots of their own', () => {
  test('are ended by an interruption, and those that wait never begin', async () => {
    const bare = deriveMutations(plan).mutations.find(({ id }) => id === 'agent-channel-absent');
    if (bare?.fault.type !== 'boot') throw new Error('no such fault');
    const hardwareOnly = { ...bare, fault: { ...bare.fault, alone: true } };
    const third = { ...hardwareOnly, title: 'never begun' };
    options = { ...options, mutations: [hardwareOnly, hardwareOnly, third] };
    const outcome = runMutations(options).catch((error: unknown) => error);
    const processes = await started(2);
    const reason = new BootproofError('interrupted by SIGINT', { kind: 'interrupted' });
    interruption.abort(reason);
    expect(await outcome).toBe(reason);
    await expectNothingLeft(processes);
    expect(steps.join()).not.toContain('never begun');
  });
});
