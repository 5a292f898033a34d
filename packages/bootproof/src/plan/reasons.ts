import type { Configuration, DeclaredOption } from '../modules/configuration.ts';
import { nixValue } from '../nix/node.ts';
import { showValue } from '../nix/show.ts';
import type { Surface } from '../services/catalogue.ts';
import type { NotRealised } from '../services/recipe.ts';
import { filesOf, type OptionCoverage, outsideSurface, unproven } from './coverage.ts';
import type { NotProvable } from './test.ts';

/** The declared options that the stand-in does not have, with the catalogue's own reasons. What is proven it has all the same. */
export function notRealised(
  configuration: Configuration<Surface>,
  coverage: readonly OptionCoverage[],
): NotRealised[] {
  const proven = new Set(coverage.filter(({ verdict }) => verdict === 'proven').map(({ option }) => option));
  return listed(
    configuration,
    (declared) =>
      !proven.has(declared.path) && ['nixos only', 'not realised'].includes(unproven(declared).verdict),
  );
}

/** What no probe can show: raw expressions, options without an effect or outside the typed surface, imports of Nix modules. */
export function notProvable(configuration: Configuration<Surface>): NotProvable[] {
  const raw = listed(configuration, ({ known }) => !known);
  const effectless = listed(
    configuration,
    (declared) => declared.known && unproven(declared).verdict === 'not provable',
  );
  const freeform = configuration.freeform.map((entry) => ({
    option: entry.path,
    files: [configuration.place(entry)],
    reason: outsideSurface,
  }));
  const imports = configuration.nixImports
    .filter(({ node }) => node.kind === 'path')
    .map((entry) => ({
      option: `imports: ${showValue(nixValue(entry.node))}`,
      files: [configuration.place(entry)],
      reason: 'it is a module of Nix, and so seen by Nix only',
    }));
  return [...raw, ...effectless, ...freeform, ...imports];
}

/** The declared options that are meant, each with where it is set and why nothing shows it. */
const listed = (configuration: Configuration<Surface>, isMeant: (declared: DeclaredOption) => boolean) =>
  configuration
    .declared()
    .filter(isMeant)
    .map((declared) => ({
      option: declared.path,
      files: filesOf(configuration, declared),
      reason: unproven(declared).reason,
    }));
