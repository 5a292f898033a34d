import { expect, test } from 'vitest';
import { chooseAccelerator } from '../../src/host/accelerator.ts';
import { cacheFolder } from '../../src/host/xdg.ts';
import { buildImage } from '../../src/image/build-image.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import type { Outcome } from '../../src/mutation/judge.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import { runMutations } from '../../src/mutation/run.ts';
import { planHl02, temporaryFolder } from './support.ts';

/** What is tried of hl02 here: one fault for each way in, one that cuts the network, two of time, one of the image. */
const ids = [
  'unit-masked/sshd.service',
  'agent-hangs',
  'agent-late',
  'clock-behind',
  'address-none/enp6s18',
  'image-file/etc/machine-id',
];

test('mutants of one boot: each is caught by its own probe, and neither harmless nor impossible ones are', async () => {
  await using folder = await temporaryFolder();
  const plan = await planHl02();
  const derived = deriveMutations(plan).mutations.filter(({ id }) => ids.includes(id));
  expect(derived.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const [first] = derived.filter(({ id }) => id.startsWith('unit-masked'));
  const faultOf = (id: string, command: string): Mutation => ({
    ...(first as Mutation),
    id,
    fault: { type: 'running', command, via: 'agent' },
  });
  const told: Outcome[] = [];
  const { outcomes, bootMs } = await runMutations({
    test: plan,
    // The harmless one comes after a fault of the same unit: it survives only if the snapshot has put that right.
    mutations: [
      ...derived,
      faultOf('harmless', 'true'),
      faultOf('impossible', 'echo no such thing >&2; exit 3'),
    ],
    image: await buildImage(plan.image),
    accelerator: await chooseAccelerator({ cacheFolder: cacheFolder() }),
    folder: folder.path,
    jobs: 1,
    signal: new AbortController().signal,
    bootSeconds: 240,
    buildImage: () => Promise.reject(new Error('no fault here needs another image')),
    onStep: () => {},
    onOutcome: (outcome) => told.push(outcome),
  });
  const seen = Object.fromEntries(
    outcomes.map(({ mutation, verdict, detail }) => [mutation.id, { verdict, detail }]),
  );
  for (const id of ids) expect(seen[id], id).toMatchObject({ verdict: 'caught' });
  expect(seen['harmless']?.verdict, seen['harmless']?.detail).toBe('survived');
  expect(seen['harmless']?.detail).toContain('openssh/unit passed: it saw loaded, active');
  expect(seen['impossible']).toEqual({
    verdict: 'not applied',
    detail: 'the command ended with 3: no such thing',
  });
  expect(told).toEqual(outcomes);
  expect(bootMs).toBeGreaterThan(0);
});
