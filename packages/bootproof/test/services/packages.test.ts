import { describe, expect, it } from 'vitest';
import { pkgs as references } from '../../src/nix/reference.ts';
import { nixAndPackages } from '../../src/services/nix.ts';
import type { Service } from '../../src/services/service.ts';
import { planWith } from '../plan/support.ts';
import { idsOf, probeOf, probesOf, realisationOf } from './support.ts';

const service = nixAndPackages as unknown as Service;
const pkgs = references as unknown as Record<string, never>;
const option = 'environment.systemPackages';
const declared = (...names: string[]) => ({
  environment: { systemPackages: names.map((name) => pkgs[name] as never) },
});

describe('packages for all users', () => {
  it("are Debian's by their own names, and their programs are run", () => {
    const definitions = declared('jq', 'ripgrep');
    expect(realisationOf(service, definitions).packages).toEqual(['jq', 'ripgrep']);
    const probes = probesOf(service, definitions);
    expect(idsOf(probes)).toEqual(['packages/jq', 'packages/ripgrep']);
    expect(probeOf(probes, 'packages/ripgrep')).toMatchObject({
      title: 'rg can be run',
      params: { command: expect.stringContaining('rg --version'), output: 'there' },
      proves: [option],
    });
  });

  it('take names that differ', () => {
    expect(realisationOf(service, declared('dnsutils', 'sqlite')).packages).toEqual([
      'bind9-dnsutils',
      'sqlite3',
    ]);
  });

  it('bring nothing where none is declared', () => {
    expect(realisationOf(service, {}).packages).toEqual([]);
    expect(probesOf(service, {})).toEqual([]);
  });

  it('that are missing are seen for that, and no other failure is', () => {
    const [fault] = probeOf(probesOf(service, declared('jq')), 'packages/jq').faults ?? [];
    expect(fault?.id).toBe('package-absent/jq');
    const seen = new RegExp(fault?.seen ?? '');
    expect(seen.test('exit status 127: /bin/sh: 1: jq: not found')).toBe(true);
    expect(seen.test('exit status 126: /bin/sh: 1: jq: Permission denied')).toBe(true);
    expect(seen.test('exit status 1: jq: error')).toBe(false);
  });
});

describe('a plan with packages', () => {
  const coverageOf = (...names: string[]) => {
    const plan = planWith(declared(...names));
    return {
      verdict: plan.coverage.find((each) => each.option === option)?.verdict,
      missing: plan.notRealised.map((each) => each.option).includes(option),
    };
  };

  it('has them proven when Debian has all of them', () => {
    expect(coverageOf('jq', 'tree')).toEqual({ verdict: 'proven', missing: false });
  });

  it('says that one is missing on the stand-in, whatever the others are', () => {
    expect(coverageOf('jq', 'nixos-rebuild')).toEqual({ verdict: 'nixos only', missing: true });
  });
});
