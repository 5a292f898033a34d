import { expect, test } from 'vitest';
import type { Probe, ProbeKind } from '../../src/probes/probe.ts';
import { laterProbes } from '../../src/runner/later-probes.ts';
import { kindsAfter, probesAfter } from '../../src/runner/trial-probes.ts';
import { planHl02 } from '../vm/support.ts';

const probe = (id: string, kind: string, after: readonly string[] = []): Probe => ({
  id,
  title: `title of ${id}`,
  kind,
  params: {},
  proves: ['a.b'],
  after,
  deadlineSeconds: 5,
  hint: '',
});

test('the same probes with ids and titles of their own; those of the image are not asked again', () => {
  const again = laterProbes('reboot', [
    probe('image/keys', 'image-clean'),
    probe('boot/target', 'boot-target', ['image/keys']),
    probe('ssh/unit', 'unit', ['boot/target']),
  ]);
  expect(again.map(({ id, title, after, kind }) => [id, title, after, kind])).toEqual([
    ['after-reboot/boot/target', 'title of boot/target, after a reboot', [], 'boot-target'],
    ['after-reboot/ssh/unit', 'title of ssh/unit, after a reboot', ['after-reboot/boot/target'], 'unit'],
  ]);
});

test('are looked at by the kinds that the run was given, and by those of the trial', () => {
  const own: ProbeKind = {
    kind: 'own',
    needs: [],
    title: () => '',
    hint: () => '',
    observe: () => Promise.reject(new Error('not asked here')),
  };
  const kinds = kindsAfter('reboot', {}, new Map([['own', own]]));
  expect([...kinds.keys()]).toEqual(['own', 'boot-id']);
});

test('the probes of hl02 after each trial are unique, and name only each other', async () => {
  const { probes } = await planHl02();
  const all = [...probes, ...probesAfter('reboot', probes), ...probesAfter('power cut', probes)];
  const ids = new Set(all.map(({ id }) => id));
  expect(ids.size).toBe(all.length);
  for (const { after } of all) for (const id of after) expect(ids).toContain(id);
  expect(ids).toContain('after-power-cut/trial/file-systems-clean');
  expect(ids).not.toContain('after-reboot/trial/file-systems-clean');
});
