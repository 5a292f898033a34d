import { describe, expect, test } from 'vitest';
import {
  byService,
  count,
  counts,
  countWords,
  duration,
  gist,
  moment,
  setting,
  ticking,
  verdictReason,
} from '../../src/reports/words.ts';
import { failing, interrupted, onNixos, panicked, proven } from './fixtures.ts';

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [99.4, '99 ms'],
  [99.6, '0.1 s'],
  [12_340, '12.3 s'],
  [59_949, '59.9 s'],
  [59_960, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [3_725_000, '1 h 02 min'],
])('%d ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('a running time is told in whole seconds', () => {
  expect([ticking(0), ticking(59_999), ticking(65_000)]).toEqual(['0 s', '59 s', '1:05']);
});

test('nouns follow their numbers', () => {
  expect([count(1, 'probe'), count(0, 'probe'), count(2, 'entry', 'entries')]).toEqual([
    '1 probe',
    '0 probes',
    '2 entries',
  ]);
});

test('counts tell the verdicts apart', () => {
  expect(counts(failing.proofs)).toEqual({ total: 28, passed: 23, failed: 2, refused: 3 });
  expect(countWords(counts(failing.proofs))).toBe('23 passed, 2 failed, 3 refused');
  expect(countWords({ passed: 0, failed: 0, refused: 0 })).toBe('no probe ran');
});

test('probes are grouped by the first part of their id', () => {
  const groups = byService(proven.proofs);
  expect([...groups.keys()]).toEqual([
    'boot',
    'console',
    'network',
    'openssh',
    'qemu-guest',
    'disk',
    'image',
  ]);
  expect([...groups.values()].flat()).toHaveLength(proven.proofs.length);
});

describe('what decided the verdict', () => {
  test('a breakdown is named', () => {
    expect(verdictReason(panicked)).toMatch(/^The machine broke down \(kernel panic\): 4 passed, 24 refused/);
  });

  test('a run that was cut short does not say that all passed', () => {
    expect(verdictReason(interrupted)).toBe('Cut short after 14.0 s, so not proven: 4 passed');
  });

  test('a proven run says that all passed', () => {
    expect(verdictReason(proven)).toBe('All 28 probes passed in 32.9 s');
  });
});

test('the gist of a refused probe is its reason', () => {
  const refused = failing.proofs.find(({ verdict }) => verdict === 'refused');
  expect(refused && gist(refused)).toBe('sshd.service is active (openssh/unit) has not passed');
});

test('moments are told in UTC, and what is no date is left alone', () => {
  expect(moment('2025-11-23T14:02:07.318Z')).toBe('23 Nov 2025, 14:02:07 UTC');
  expect(moment('never')).toBe('never');
});

test('the image is named by its kind, and by where it was', () => {
  expect(setting(proven)).toMatch(/^Debian stand-in from the cache, TCG, /);
  expect(setting(onNixos)).toMatch(/^NixOS image from the Nix store, TCG, /);
  expect(setting({ ...onNixos, image: { ...onNixos.image, fromCache: false } })).toMatch(/^NixOS image, TCG/);
});
