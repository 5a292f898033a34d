import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kindsOf, openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { formatJson, parseResult } from '../../src/reports/json.ts';
import { cutMoment } from '../../src/runner/cut-moment.ts';
import { homelabWith } from '../cli/command.ts';
import { examplesOf } from '../scripts/examples.ts';
import { byId, problems, run, temporaryFolder } from './support.ts';

const seed = 7;

test('hl02 comes back from a reboot and from a power cut, with everything and its tests by hand proven each time', async () => {
  await using folder = await temporaryFolder();
  await using homelab = await homelabWith(await examplesOf('writing-tests.md'));
  const open = await openHomelab({ config: join(homelab.folder, 'config') });
  const [planned] = await planHosts(['hl02'], open);
  if (planned === undefined) throw new Error('no plan');
  const { test: plan } = planned;
  const result = await run(plan, folder.path, {
    kinds: kindsOf(planned, open, new AbortController().signal),
    trials: { reboot: true, powerCut: { seed } },
  });
  expect(result.verdict, problems(result)).toBe('proven');
  // One by one, after all others.
  const ends = result.proofs.slice(0, plan.probes.length).map((each) => each.startedMs + each.durationMs);
  const [others, own] = [ends.slice(0, -planned.tests.length), ends.slice(-planned.tests.length)];
  expect(planned.tests.length).toBeGreaterThan(3);
  expect([Math.max(...others), ...own]).toEqual([Math.max(...others), ...own].sort((a, b) => a - b));

  const proofs = byId(result);
  const ofMachine = plan.probes.filter(({ kind }) => kind !== 'image-clean');
  for (const { id } of ofMachine) {
    expect(proofs.get(`after-reboot/${id}`)?.verdict, id).toBe('passed');
    expect(proofs.get(`after-power-cut/${id}`)?.verdict, id).toBe('passed');
  }
  const bootIds = ['after-reboot', 'after-power-cut'].map(
    (boot) => proofs.get(`${boot}/trial/boot-id`)?.seen,
  );
  expect(new Set(bootIds).size).toBe(2);
  expect(proofs.get('after-power-cut/trial/synced-file')?.seen).toBe(`power cut, seed ${seed}`);
  // The machine was writing: its journal had something to replay.
  expect(proofs.get('after-power-cut/trial/file-systems-clean')?.seen).toBe('clean; a journal was replayed');

  expect(result.laterBoots?.map(({ after }) => after)).toEqual(['reboot', 'power cut']);
  expect(result.laterBoots?.[1]?.powerCut).toEqual({ seed, afterMs: cutMoment(seed) });
  for (const { spans } of result.laterBoots ?? []) {
    expect(spans.map(({ name }) => name)).toEqual(['firmware', 'loader', 'kernel', 'userspace', 'login']);
  }
  const starts = result.proofs.map(({ startedMs }) => startedMs);
  expect(Math.min(...starts.slice(-5))).toBeGreaterThan(result.laterBoots?.[1]?.startedMs ?? Infinity);
  expect(await parseResult(formatJson(result))).toEqual(result);

  // Nothing but logs is left, of either QEMU.
  expect(existsSync(join(folder.path, 'disk.qcow2'))).toBe(false);
  expect((await readdir(join(folder.path, 'after-power-cut'))).sort()).toEqual([
    'console.log',
    'qemu.log',
    'qemu.sh',
  ]);
  expect((await readdir(folder.path)).sort()).toContain('screenshot.png');
});
