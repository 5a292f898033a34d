import type { Configuration, DeclaredOption } from '../modules/configuration.ts';
import { parseAttrPath, showValue } from '../nix/show.ts';
import type { Probe } from '../probes/probe.ts';
import type { Surface } from '../services/catalogue.ts';

/**
 * What a host's test makes of a declared option.
 *
 * - `proven`: probes show it.
 * - `unproven`: a probe could show it, and none of this host's does. Only these lower the figure.
 * - `nixos only`: only NixOS itself has it.
 * - `not provable`: it has no effect that could be seen, or its value is known to Nix alone.
 * - `not realised`: the stand-in does not have it.
 */
export type CoverageVerdict = 'proven' | 'unproven' | 'nixos only' | 'not provable' | 'not realised';

/** A declared option with what becomes of its proof. */
export interface OptionCoverage {
  readonly option: string;
  /** Where the definition that counts stands: `config/hosts/hl02/configuration.ts:12`. */
  readonly files: readonly string[];
  readonly verdict: CoverageVerdict;
  /** Ids of the probes that show it. */
  readonly probes: readonly string[];
  /** Why it is not proven; undefined when it is. */
  readonly reason?: string;
}

/** What a test proves of what its host declares: every declared option once, in the order of the surface. */
export function coverageOf(
  configuration: Configuration<Surface>,
  probes: readonly Probe[],
): OptionCoverage[] {
  const claims = probes.flatMap(({ id, proves }) =>
    proves.map((path) => ({ id, segments: parseAttrPath(path) })),
  );
  const declared = configuration.declared().map((each): OptionCoverage => {
    const named = { option: each.path, files: filesOf(configuration, each) };
    const ids = claims
      .filter(({ segments }) => segments.every((name, index) => each.segments[index] === name))
      .map(({ id }) => id);
    // A value that only Nix knows was replaced by the default in the plan, so that no probe is about it.
    if (ids.length > 0 && each.known) return { ...named, verdict: 'proven', probes: [...new Set(ids)] };
    return { ...named, probes: [], ...unproven(each) };
  });
  const freeform = configuration.freeform.map(
    (entry): OptionCoverage => ({
      option: entry.path,
      files: [configuration.place(entry)],
      verdict: 'nixos only',
      probes: [],
      reason: outsideSurface,
    }),
  );
  return [...declared, ...freeform];
}

/** Why nothing here can show a freeform option. */
export const outsideSurface = 'it is outside the typed surface, and so seen by Nix only';

/** Where the definitions of an option that count stand. */
export function filesOf(configuration: Configuration<Surface>, { definitions }: DeclaredOption): string[] {
  return [...new Set(definitions.filter(({ wins }) => wins).map((place) => configuration.place(place)))];
}

/** What the catalogue says of a declared option that no probe shows. */
export function unproven({ option: { verdict }, known, value }: DeclaredOption): {
  readonly verdict: CoverageVerdict;
  readonly reason: string;
} {
  if (!known) {
    return { verdict: 'not provable', reason: `its value is known to Nix only: ${showValue(value)}` };
  }
  if (verdict === 'provable') return { verdict: 'unproven', reason: 'no probe of this host shows it' };
  if ('nixosOnly' in verdict) return { verdict: 'nixos only', reason: verdict.nixosOnly };
  if ('notProvable' in verdict) return { verdict: 'not provable', reason: verdict.notProvable };
  return { verdict: 'not realised', reason: verdict.notRealised };
}

/** How much of what could be proven is proven, in percent; 100 when there is nothing to prove. */
export function coverageScore(coverage: readonly OptionCoverage[]): number {
  const count = (wanted: CoverageVerdict): number =>
    coverage.filter(({ verdict }) => verdict === wanted).length;
  const provable = count('proven') + count('unproven');
  return provable === 0 ? 100 : (count('proven') / provable) * 100;
}
