import type { Configuration, DeclaredOption } from '../modules/configuration.ts';
import { nixValue } from '../nix/node.ts';
import { showValue } from '../nix/show.ts';
import type { Surface } from '../services/catalogue.ts';
import type { NotRealised } from '../services/recipe.ts';
import type { NotProvable } from './test.ts';

/** The declared options that the stand-in does not have, with the catalogue's own reasons. */
export function notRealised(configuration: Configuration<Surface>): NotRealised[] {
  return configuration.declared().flatMap((declared) => {
    const { verdict } = declared.option;
    if (verdict === 'provable' || 'notProvable' in verdict || !declared.known) return [];
    const reason = 'nixosOnly' in verdict ? verdict.nixosOnly : verdict.notRealised;
    return [{ option: declared.path, files: filesOf(configuration, declared), reason }];
  });
}

/** What only Nix can know: raw expressions, options outside the typed surface, imports of Nix modules. */
export function notProvable(configuration: Configuration<Surface>): NotProvable[] {
  const raw = configuration
    .declared()
    .filter(({ known }) => !known)
    .map((declared) => ({
      option: declared.path,
      files: filesOf(configuration, declared),
      reason: `its value is known to Nix only: ${showValue(declared.value)}`,
    }));
  const effectless = configuration.declared().flatMap((declared) => {
    const { verdict } = declared.option;
    if (verdict === 'provable' || !('notProvable' in verdict) || !declared.known) return [];
    return [{ option: declared.path, files: filesOf(configuration, declared), reason: verdict.notProvable }];
  });
  const freeform = configuration.freeform.map((entry) => ({
    option: entry.path,
    files: [configuration.place(entry)],
    reason: 'it is outside the typed surface, and so seen by Nix only',
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

function filesOf(configuration: Configuration<Surface>, { definitions }: DeclaredOption): string[] {
  return [
    ...new Set(definitions.filter(({ wins }) => wins).map((definition) => configuration.place(definition))),
  ];
}
