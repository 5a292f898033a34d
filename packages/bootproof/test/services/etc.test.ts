import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { etc } from '../../src/services/etc.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

type Definitions = Parameters<typeof probesOf>[1];

const service = etc as unknown as Service;
const files = (entries: object): Definitions => ({ environment: { etc: entries } }) as never;

describe('a file below /etc', () => {
  it('has its text, and nobody may write what NixOS has in its store', () => {
    const realisation = realisationOf(service, files({ motd: { text: 'hello\n' } }));
    expect(realisation.files).toEqual([{ type: 'file', path: '/etc/motd', mode: 0o444, text: 'hello\n' }]);
  });

  it('has its own mode, and its owners once there are users', () => {
    const realisation = realisationOf(
      service,
      files({ 'media/library.conf': { text: 'a\n', mode: '0640', user: 'indexer', group: '+2000' } }),
    );
    expect(fileAt(realisation, '/etc/media/library.conf')).toMatchObject({ mode: 0o640 });
    expect(linesAt(realisation, '/etc/tmpfiles.d/etc-owners.conf')).toEqual([
      'z "/etc/media/library.conf" 0640 indexer 2000',
    ]);
  });

  it('has no owner but root as a link', () => {
    const realisation = realisationOf(service, files({ motd: { text: 'a\n', user: 'alice' } }));
    expect(fileAt(realisation, '/etc/tmpfiles.d/etc-owners.conf')).toBeUndefined();
    const probes = probesOf(service, files({ motd: { text: 'a\n', user: 'alice' } }));
    expect(probeOf(probes, 'etc/motd-mode')).toMatchObject({
      params: { user: '+0', mode: '444' },
      proves: ['environment.etc.motd.mode'],
    });
  });

  it('lies at its target', () => {
    const definitions = files({ greeting: { text: 'a\n', target: 'motd' } });
    expect(fileAt(realisationOf(service, definitions), '/etc/motd')).toBeDefined();
    expect(probeOf(probesOf(service, definitions), 'etc/greeting').params).toEqual({
      path: '/etc/motd',
      text: 'a\n',
    });
  });

  it('is not there when it is turned off', () => {
    const definitions = files({ motd: { text: 'a\n', enable: false } });
    expect(realisationOf(service, definitions).files).toEqual([]);
    expect(idsOf(probesOf(service, definitions))).toEqual(['etc/motd-absent']);
  });

  it('that comes from another file is left to NixOS', () => {
    const definitions = files({ 'app.conf': { source: '/run/app.conf' } });
    expect(realisationOf(service, definitions).files).toEqual([]);
    expect(probesOf(service, definitions)).toEqual([]);
    expect(etc.options.environment.etc.type.inner[0]?.tree).toMatchObject({
      source: { verdict: { notRealised: expect.any(String) } },
    });
  });
});

it('names each option that a look shows', () => {
  const definitions = files({ motd: { text: 'a\n', mode: '0600', user: 'alice', group: 'users' } });
  const claims = probesOf(service, definitions).flatMap(({ proves }) => proves);
  expect(claims.map((path) => path.split('.').at(-1))).toEqual([
    'enable',
    'target',
    'text',
    'mode',
    'user',
    'group',
  ]);
  for (const path of claims) expect(isInSurface(path), path).toBe(true);
  const [slashed] = probesOf(service, files({ 'a/b.conf': { text: '' } }));
  expect(slashed?.proves).toContain('environment.etc."a/b.conf".text');
});

it('has a part in the NixOS test', () => {
  const text = makeTestFile([service]);
  expect(text).toContain('for etc_target in');
  expect(text).toContain('config.environment.etc');
});
