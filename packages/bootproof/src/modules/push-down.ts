import { isPlainObject } from '../nix/node.ts';
import { kindOfValue } from '../nix/show.ts';
import { plainPriority, propertyOf } from '../options/property.ts';
import type { RawDefinition } from '../options/type.ts';
import { positionOf } from './positions.ts';

/** The handling of properties, as in nixpkgs' lib/modules.nix, whose functions are named in each comment. */

/** Says what is wrong with a definition; the caller decides whether to go on. */
export type Report = (definition: RawDefinition, reason: string, remedy: string) => void;

const swap =
  'Put the condition outside: mkIf(condition, mkForce(value)) and not mkForce(mkIf(condition, value)).';

/**
 * Takes the properties off a definition of a set of options and hands them down to its attributes, so that a condition
 * may depend on an option of the same set (`pushDownProperties`).
 */
export function pushDown(definition: RawDefinition, report: Report): RawDefinition[] {
  const property = propertyOf(definition.value);
  switch (property?.kind) {
    case undefined:
      break;
    case 'merge':
      return property.contents.flatMap((value) => pushDown({ ...definition, value }, report));
    case 'if': {
      if (definition.override !== undefined) {
        report(definition, 'A mkIf stands inside a mkOverride, where NixOS does not decide it.', swap);
        return [];
      }
      const conditions = [...definition.conditions, property.condition];
      return pushDown({ ...definition, value: property.content, conditions }, report);
    }
    case 'override':
      if (definition.override !== undefined) {
        report(definition, 'A mkOverride stands inside another.', 'Leave one of the two away.');
        return [];
      }
      return pushDown({ ...definition, value: property.content, override: property.priority }, report);
    case 'order':
      report(
        definition,
        'A mkOrder (mkBefore, mkAfter) stands around a set of options, where it means nothing.',
        'Put it around the list inside.',
      );
      return [];
  }
  if (isPlainObject(definition.value)) return [definition];
  report(
    definition,
    `Expected a set of options, got ${kindOfValue(definition.value)}.`,
    'Name the option inside the set that is meant.',
  );
  return [];
}

/** The attributes of a definition that is a set, each at its own line. */
export function attributesOf(definition: RawDefinition): (readonly [string, RawDefinition])[] {
  const set = definition.value as Readonly<Record<string, unknown>>;
  return Object.entries(set).map(([name, value]) => {
    const { file, line } = positionOf(set, name) ?? definition;
    return [name, { ...definition, value, file, line }] as const;
  });
}

/** A definition with nothing left to unwrap, whose conditions are not decided yet. */
export interface Unwrapped extends RawDefinition {
  readonly priority: number;
  readonly order: number | undefined;
}

/**
 * Takes the properties off a definition of one option. mkMerge and mkIf may nest; a mkOverride may hold only a mkOrder
 * or a value, a mkOrder only a value (`dischargeProperties`, `filterOverrides`, `sortProperties`).
 */
export function unwrap(definition: RawDefinition, report: Report): Unwrapped[] {
  const property = propertyOf(definition.value);
  const inside = definition.override !== undefined;
  if (property?.kind === 'merge' && !inside) {
    return property.contents.flatMap((value) => unwrap({ ...definition, value }, report));
  }
  if (property?.kind === 'if' && !inside) {
    const conditions = [...definition.conditions, property.condition];
    return unwrap({ ...definition, value: property.content, conditions }, report);
  }
  if (property?.kind === 'override' && !inside) {
    return unwrap({ ...definition, value: property.content, override: property.priority }, report);
  }
  if (property?.kind === 'if') {
    report(definition, 'A mkIf stands inside a mkOverride, where NixOS does not decide it.', swap);
    return [];
  }
  if (property?.kind === 'merge' || property?.kind === 'override') {
    const name = property.kind === 'merge' ? 'mkMerge' : 'mkOverride';
    report(
      definition,
      `A ${name} stands inside a mkOverride, where NixOS does not resolve it.`,
      property.kind === 'merge'
        ? 'Put the mkMerge outside, and a mkOverride around each of its contents.'
        : 'Leave one of the two away.',
    );
    return [];
  }
  return unwrapOrder(definition, property?.kind === 'order' ? property : undefined, report);
}

function unwrapOrder(
  definition: RawDefinition,
  order: { readonly priority: number; readonly content: unknown } | undefined,
  report: Report,
): Unwrapped[] {
  const priority = definition.override ?? plainPriority;
  if (!order) return [{ ...definition, priority, order: undefined }];
  if (propertyOf(order.content)) {
    report(
      definition,
      'A mkOrder (mkBefore, mkAfter) stands around another property, where NixOS does not resolve that.',
      'Put the mkOrder innermost, around the list itself.',
    );
    return [];
  }
  return [{ ...definition, value: order.content, priority, order: order.priority }];
}
