import { describe, expect, it } from 'vitest';
import type { Service } from '../../../src/services/service.ts';
import { system } from '../../../src/services/system.ts';
import { idsOf, linesAt, probeOf, probesOf, realisationOf } from '../support.ts';

const service = system as unknown as Service;
const localeIds = (definitions: Parameters<typeof probesOf>[1]) =>
  idsOf(probesOf(service, definitions)).filter((id) => id.startsWith('system/locale'));

describe('the locale', () => {
  it('is left alone until it is declared: all of them together are large', () => {
    expect(realisationOf(service, {}).packages).toEqual([]);
    expect(localeIds({})).toEqual([]);
  });

  it("is left alone, and unproven, where NixOS's own default is declared", () => {
    const definitions = { i18n: { defaultLocale: 'en_US.UTF-8' } };
    expect(realisationOf(service, definitions).packages).toEqual([]);
    expect(localeIds(definitions)).toEqual([]);
  });

  it('is there when another is declared', () => {
    const definitions = { i18n: { defaultLocale: 'en_GB.UTF-8' } };
    expect(realisationOf(service, definitions).packages).toEqual(['locales-all']);
    expect(localeIds(definitions)).toEqual(['system/locale-LANG', 'system/locale-LANG-known']);
  });

  it('needs no package where the C library has it', () => {
    const realisation = realisationOf(service, { i18n: { defaultLocale: 'C.UTF-8' } });
    expect(realisation.packages).toEqual([]);
    expect(linesAt(realisation, '/etc/locale.conf')).toEqual(['LANG=C.UTF-8']);
  });

  it('is told to services and to those who log in, with its variables', () => {
    const realisation = realisationOf(service, {
      i18n: { extraLocaleSettings: { LC_TIME: 'de_DE.UTF-8', LANGUAGE: 'de:en' } },
    });
    const lines = ['LANG=en_US.UTF-8', 'LC_TIME=de_DE.UTF-8', 'LANGUAGE=de:en'];
    expect(linesAt(realisation, '/etc/locale.conf').sort()).toEqual([...lines].sort());
    expect(linesAt(realisation, '/etc/default/locale').sort()).toEqual([...lines].sort());
  });

  it('is asked for by what services see and by what the C library has', () => {
    const definitions = { i18n: { extraLocaleSettings: { LC_TIME: 'de_DE.UTF-8', LANGUAGE: 'de:en' } } };
    const probes = probesOf(service, definitions);
    expect(probeOf(probes, 'system/locale-LC_TIME')).toMatchObject({
      params: { command: "systemctl show-environment | sed -n 's/^LC_TIME=//p'", output: 'de_DE.UTF-8' },
      proves: ['i18n.extraLocaleSettings'],
    });
    expect(probeOf(probes, 'system/locale-LC_TIME-known').params).toEqual({
      command: 'LC_ALL=de_DE.UTF-8 locale charmap 2>&1 >/dev/null | head -n 1',
      output: '',
    });
    // A list of languages, and no locale.
    expect(idsOf(probes)).not.toContain('system/locale-LANGUAGE-known');
  });
});
