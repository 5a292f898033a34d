import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { convertToQcow2, createDisk, makeRoot } from '../../src/image/disk-image.ts';
import { systemPartitions } from '../../src/image/realisable.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import {
  type ImageFileMutation,
  type ImageFileOptions,
  runImageFiles,
} from '../../src/mutation/image-files.ts';
import { smallRecipe } from '../image/recipe.ts';
import { planHl02 } from '../plan/support.ts';

const plan = { ...(await planHl02()), image: smallRecipe };
const mutations = deriveMutations(plan).mutations.filter(
  (each): each is ImageFileMutation => each.fault.type === 'image file',
);

let folder: string;
let options: ImageFileOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'etc', 'ssh'), { recursive: true });
  await mkdir(join(tree, 'root'));
  await writeFile(join(tree, 'etc', 'shadow'), 'root:*:20000:0:99999:7:::\n');
  const [raw, path] = [join(folder, 'raw'), join(folder, 'image.qcow2')];
  await createDisk(raw, smallRecipe.disk, {});
  await makeRoot(raw, smallRecipe.disk, systemPartitions(smallRecipe).root, tree, {});
  await convertToQcow2(raw, path, {});
  options = {
    test: plan,
    mutations,
    image: {
      path,
      kind: 'stand-in',
      inspection: { authorizedKeys: [], loginPasswords: [], machineId: undefined, hostKeys: [] },
    },
    accelerator: { accelerator: 'tcg', reason: '', remembered: false },
    folder: join(folder, 'run'),
    signal: new AbortController().signal,
    bootSeconds: 1,
    onStep: () => {},
    onOutcome: () => {},
  };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('each file that an image must not have is found by the inspection, and by its own probe alone', async () => {
  expect(mutations.map(({ id }) => id).sort()).toEqual([
    'image-file/etc/machine-id',
    'image-file/etc/shadow',
    'image-file/etc/ssh/ssh_host_ed25519_key',
    'image-file/root/.ssh/authorized_keys',
  ]);
  const outcomes = await runImageFiles(options);
  expect(outcomes.map(({ verdict, detail }) => `${verdict}: ${detail}`)).toEqual([
    expect.stringMatching(/^caught: openssh\/no-host-key: \/etc\/ssh\/ssh_host_ed25519_key$/),
    expect.stringMatching(/^caught: system\/no-machine-id: 0123456789abcdef/),
    expect.stringMatching(/^caught: users\/no-authorized-key: \/root\/.ssh\/authorized_keys$/),
    expect.stringMatching(/^caught: users\/no-login-password: root$/),
  ]);
  expect(existsSync(options.folder)).toBe(false);
});

test('a file of one mutation is gone before the next: it is not seen again', async () => {
  const [key] = mutations.filter(({ id }) => id.endsWith('ssh_host_ed25519_key'));
  const harmless: ImageFileMutation = {
    ...(key as ImageFileMutation),
    id: 'harmless',
    fault: { type: 'image file', path: '/etc/motd', text: 'hello\n' },
  };
  const outcomes = await runImageFiles({ ...options, mutations: [key as ImageFileMutation, harmless] });
  expect(outcomes.map(({ verdict }) => verdict)).toEqual(['caught', 'survived']);
});

test('a file that cannot be written is no caught mutation', async () => {
  const [key] = mutations;
  const impossible: ImageFileMutation = {
    ...(key as ImageFileMutation),
    fault: { type: 'image file', path: '/no/such/folder/file', text: 'x\n' },
  };
  const [outcome] = await runImageFiles({ ...options, mutations: [impossible] });
  expect(outcome).toMatchObject({ verdict: 'not applied', detail: expect.stringContaining('/no/such') });
});

test('an interruption ends it with its reason: what was cut off is no mutation that could not be applied', async () => {
  const interruption = new AbortController();
  const reason = new Error('interrupted by SIGINT');
  const judged: string[] = [];
  const outcome = runImageFiles({
    ...options,
    signal: interruption.signal,
    onStep: (step) => {
      if (step === mutations[1]?.title) interruption.abort(reason);
    },
    onOutcome: ({ mutation }) => judged.push(mutation.id),
  });
  await expect(outcome).rejects.toBe(reason);
  expect(judged).toEqual([mutations[0]?.id]);
  expect(existsSync(options.folder)).toBe(false);
});
