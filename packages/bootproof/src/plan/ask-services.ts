import { collectFaults, DeclarationError, type Fault } from '../base/errors.ts';
import type { ResolvedOf } from '../options/option.ts';
import type { Probe } from '../probes/probe.ts';
import type { Catalogue, Surface } from '../services/catalogue.ts';
import type { ImageFile } from '../services/recipe.ts';
import type { Guest, Realisation, Service } from '../services/service.ts';
import type { ProbeSource } from './check-probes.ts';

/** What the services say of a host. */
export interface Answers {
  readonly realisations: readonly Realisation[];
  readonly sources: readonly ProbeSource[];
}

/**
 * Asks every service what a host needs of its image, and what becomes observable.
 *
 * @throws DeclarationError with what is wrong in services of the homelab's own
 */
export function askServices(catalogue: Catalogue, values: ResolvedOf<Surface>, guest: Guest): Answers {
  const { services } = catalogue;
  const realisations: Realisation[] = [];
  const probes: (readonly Probe[])[] = [];
  // Every part of all of them is asked before any fault is told.
  collectFaults(
    services.flatMap((service) => [
      () => realisations.push(service.realise?.(values as never, guest) ?? {}),
      () => probes.push(service.probes?.(values as never, guest) ?? []),
    ]),
  );
  const realised = services.map((service, index) => ({ service, files: realisations[index]?.files ?? [] }));
  const faults = realised.flatMap((each, index) => fileFaults(each, realised.slice(0, index), catalogue));
  if (faults.length > 0) throw new DeclarationError(faults);
  return {
    realisations,
    sources: services.map((service, index): ProbeSource => {
      const file = catalogue.fileOf(service);
      return {
        probes: probes[index] ?? [],
        file: file ?? `bootproof's service ${service.name}`,
        member: 'probes',
        builtIn: file === undefined,
      };
    }),
  };
}

interface Realised {
  readonly service: Service;
  readonly files: readonly ImageFile[];
}

/** A path of the image at which a service of the homelab's own wants something else than a service before it. */
function fileFaults(
  { service, files }: Realised,
  before: readonly Realised[],
  { fileOf }: Catalogue,
): Fault[] {
  const file = fileOf(service);
  if (file === undefined) return [];
  return files.flatMap((mine): Fault[] => {
    const differs = (theirs: ImageFile) =>
      theirs.path === mine.path && JSON.stringify(theirs) !== JSON.stringify(mine);
    const other = before.find((each) => each.files.some(differs));
    if (other === undefined) return [];
    return [
      {
        files: [...new Set([fileOf(other.service) ?? file, file])],
        option: 'realise',
        value: JSON.stringify(mine.path),
        reason: `The service ${service.name} wants something else at that path than ${other.service.name}.`,
        remedy: 'Let one service alone make the file.',
      },
    ];
  });
}
