/** The services of a homelab's own: the catalogue with them in it, and what can be wrong with one. */

import { dirname } from 'node:path';
import { BootproofError, collectFaults, DeclarationError, type Fault, messageOf } from '../base/errors.ts';
import { relativeTo, stackPlaces } from '../base/stack.ts';
import { isOption, mergeOptionTrees, type OptionTree } from '../options/option.ts';
import { builtIn, type Catalogue } from './catalogue.ts';
import { serviceFaults } from './own-service-faults.ts';
import type { Guest, Service } from './service.ts';

/** A service as one file of the homelab defines it. */
export interface OwnService {
  readonly service: Service;
  /** Absolute. */
  readonly file: string;
}

/**
 * The catalogue of a homelab: bootproof's services, and after them the homelab's own.
 *
 * @param root the folder that files are named from
 * @throws DeclarationError with every fault of every one: what its definition lacks, names and options that another has
 */
export function catalogueOf(own: readonly OwnService[], root: string): Catalogue {
  if (own.length === 0) return builtIn;
  const named = own.map(({ service, file }) => ({ service, file, shown: relativeTo(root, file) }));
  const whole = collectFaults(
    named.map((each) => () => {
      const faults = serviceFaults(each.service, each.shown);
      if (faults.length > 0) throw new DeclarationError(faults);
      return each;
    }),
  );
  const clashes = whole.flatMap((each, index) => clashesOf(each, whole.slice(0, index)));
  if (clashes.length > 0) throw new DeclarationError(clashes);
  const known = whole.map((each) => ({ shown: each.shown, service: guarded(each, root) }));
  return Object.freeze({
    services: [...builtIn.services, ...known.map(({ service }) => service)],
    // Its static type is the part that is known to whoever is compiled here.
    surface: mergeOptionTrees(
      builtIn.surface,
      ...known.map(({ service }) => service.options),
    ) as Catalogue['surface'],
    fileOf: (service: Service) => known.find((each) => each.service === service)?.shown,
  });
}

interface Named extends OwnService {
  /** The file as faults name it. */
  readonly shown: string;
}

/** Where a service gets in the way of bootproof's, or of the homelab's that come before it. */
function clashesOf(each: Named, before: readonly Named[]): Fault[] {
  const others = [
    ...builtIn.services.map((service) => ({ service, files: [], whose: "bootproof's own service" })),
    ...before.map(({ service, shown }) => ({ service, files: [shown], whose: 'the service' })),
  ];
  return others.flatMap(({ service: other, files, whose }): Fault[] => {
    const named = `${whose} ${other.name}`;
    const fault = (details: Omit<Fault, 'files'>): Fault => ({ files: [...files, each.shown], ...details });
    const sameName = fault({
      option: 'name',
      value: JSON.stringify(other.name),
      reason: `That is the name of ${named}.`,
      remedy: 'Give it a name of its own.',
    });
    const sameOptions = [...sharedOptions(each.service.options, other.options)].map((option) =>
      fault({
        option,
        reason: `It is declared twice: ${named} has it too.`,
        remedy: 'Leave it out here, or give it another name.',
      }),
    );
    return [...(each.service.name === other.name ? [sameName] : []), ...sameOptions];
  });
}

/** The paths at which two trees have something, of which one is an option. */
function* sharedOptions(
  left: OptionTree,
  right: OptionTree,
  path: readonly string[] = [],
): Generator<string> {
  for (const [name, ours] of Object.entries(left)) {
    const theirs = Object.hasOwn(right, name) ? right[name] : undefined;
    if (theirs === undefined) continue;
    const here = [...path, name];
    if (isOption(ours) || isOption(theirs)) yield here.join('.');
    else yield* sharedOptions(ours, theirs, here);
  }
}

/** What a part of a service has to give, in words and as a test. */
interface Part {
  readonly name: string;
  readonly wanted: string;
  isRight(value: unknown): boolean;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const parts = {
  realise: { name: 'realise', wanted: 'an object of packages and files', isRight: isObject },
  probes: {
    name: 'probes',
    wanted: 'a list of probes',
    isRight: (value: unknown) =>
      Array.isArray(value) && value.every((each) => isObject(each) && 'id' in each && 'proves' in each),
  },
  nixosTest: {
    name: 'nixosTest',
    wanted: "{ steps: [ … ] } or { notTested: '…' }",
    isRight: (value: unknown) =>
      isObject(value) && ('notTested' in value || ('steps' in value && Array.isArray(value.steps))),
  },
} as const satisfies Readonly<Record<string, Part>>;

/**
 * The service with parts that name it and its file when they throw: what is thrown there is a fault of the homelab, not one
 * of bootproof. What they give is looked at too, since nobody has compiled the file.
 */
function guarded(named: Named, root: string): Service {
  const { service } = named;
  const ask = <Value>(part: Part, call: () => Value): Value => {
    const value = attempt(named, root, part, call);
    if (part.isRight(value)) return value;
    throw new DeclarationError([
      {
        files: [named.shown],
        option: part.name,
        reason: `The service ${service.name} gives something else than ${part.wanted}.`,
        remedy: `Return ${part.wanted}.`,
      },
    ]);
  };
  return Object.freeze({
    ...service,
    realise: (config: never, guest: Guest) =>
      ask(parts.realise, () => service.realise?.(config, guest) ?? {}),
    probes: (config: never, guest: Guest) => ask(parts.probes, () => service.probes?.(config, guest) ?? []),
    nixosTest: (config: never) => ask(parts.nixosTest, () => service.nixosTest(config)),
  });
}

/** Does what a part of a service asks for; what it throws becomes a fault, at the line of the service that threw it. */
function attempt<Value>({ service, file, shown }: Named, root: string, part: Part, call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    const place = stackPlaces(error instanceof Error ? error.stack : undefined).find((each) =>
      each.file.startsWith(`${dirname(file)}/`),
    );
    const isWorded = error instanceof BootproofError || !(error instanceof Error);
    throw new DeclarationError([
      {
        files: [place === undefined ? shown : `${relativeTo(root, place.file)}:${place.line}`],
        option: part.name,
        reason: `The service ${service.name} threw here: ${isWorded ? '' : `${error.name}: `}${messageOf(error)}`,
        remedy: (error instanceof BootproofError ? error.hint : undefined) ?? 'Correct the line.',
      },
    ]);
  }
}
