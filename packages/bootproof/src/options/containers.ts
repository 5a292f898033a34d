import { isPlainObject } from '../nix/node.ts';
import { mergeEqual, mergeOne } from './merging.ts';
import type { Definable } from './property.ts';
import {
  type AnyType,
  type Definition,
  described,
  type Merged,
  type MergeSite,
  makeType,
  type OptionType,
  type RawDefinition,
  type Site,
} from './type.ts';

/** Types of lists and attribute sets, and of values of several types, as in nixpkgs' lib/types.nix. */

const wrong = '';
const checkList = (value: unknown): string | undefined => (Array.isArray(value) ? undefined : wrong);
const checkSet = (value: unknown): string | undefined => (isPlainObject(value) ? undefined : wrong);
const emptyList: Merged = { kind: 'list', items: [] };
const emptySet: Merged = { kind: 'set', members: new Map(), options: false };

type ListOf<Value, Plain> = OptionType<readonly Value[], readonly Definable<Plain, Value>[]>;

function mergeList(type: AnyType, site: MergeSite, definitions: readonly Definition[]): Merged {
  const items = definitions.flatMap((definition) =>
    site.items(definition).map((item, index) => site.inner(`[${index}]`, type, [item])),
  );
  return { kind: 'list', items: items.filter((item) => item.isDefined()) };
}

/** A list; definitions are joined in the order of mkBefore, mkAfter and the imports. */
export function listOf<Value, Plain>(type: OptionType<Value, Plain>): ListOf<Value, Plain> {
  return makeType({
    name: 'listOf',
    description: `list of ${described(type)}`,
    inner: [type],
    check: checkList,
    merge: (site, definitions) => mergeList(type, site, definitions),
    empty: () => emptyList,
  });
}

/**
 * A list whose value has each item once, in Nix's own order (`lessThan`), whatever order it was defined in: what NixOS
 * makes of ports and kernel modules.
 */
export function sortedListOf<Value extends string | number, Plain>(
  type: OptionType<Value, Plain>,
): ListOf<Value, Plain> {
  return makeType({
    name: 'listOf',
    description: `list of ${described(type)}`,
    inner: [type],
    check: checkList,
    merge: (site, definitions) => sorted(mergeList(type, site, definitions)),
    empty: () => emptyList,
  });
}

function sorted(merged: Merged): Merged {
  if (merged.kind !== 'list') return merged;
  const byValue = new Map(merged.items.map((item) => [item.value(), item] as const));
  const items = [...byValue].sort(([left], [right]) =>
    isLess(left, right) ? -1 : isLess(right, left) ? 1 : 0,
  );
  return { kind: 'list', items: items.map(([, item]) => item) };
}

/** Numbers by size, strings by their bytes in UTF-8, as Nix compares them; what only Nix knows stays where it is. */
function isLess(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left !== 'string' || typeof right !== 'string') return false;
  const [ours, theirs] = [new TextEncoder().encode(left), new TextEncoder().encode(right)];
  const at = ours.findIndex((byte, index) => byte !== theirs[index]);
  return at < 0 ? ours.length < theirs.length : (ours[at] ?? 0) < (theirs[at] ?? -1);
}

/** A list with at least one item. */
export function nonEmptyListOf<Value, Plain>(type: OptionType<Value, Plain>): ListOf<Value, Plain> {
  return makeType({
    name: 'listOf',
    description: `non-empty list of ${described(type)}`,
    inner: [type],
    check: (value) => checkList(value) ?? ((value as unknown[]).length === 0 ? 'it is empty' : undefined),
    merge: (site, definitions) => mergeList(type, site, definitions),
  });
}

function mergeSets(type: AnyType, site: MergeSite, definitions: readonly Definition[]): Merged {
  const byName = new Map<string, RawDefinition[]>();
  for (const definition of definitions) {
    for (const [name, attribute] of site.attributes(definition)) {
      const others = byName.get(name);
      if (others) others.push(attribute);
      else byName.set(name, [attribute]);
    }
  }
  const members = new Map<string, Site>();
  for (const [name, attributes] of byName) {
    const member = site.inner(name, type, attributes);
    if (member.isDefined()) members.set(name, member);
  }
  return { kind: 'set', members, options: false };
}

/** A set whose names are free and whose values have one type; definitions are merged name by name. */
export function attrsOf<Value, Plain>(
  type: OptionType<Value, Plain>,
): OptionType<Readonly<Record<string, Value>>, Readonly<Record<string, Definable<Plain, Value>>>> {
  return makeType({
    name: 'attrsOf',
    description: `attribute set of ${described(type)}`,
    inner: [type],
    check: checkSet,
    merge: (site, definitions) => mergeSets(type, site, definitions),
    empty: () => emptySet,
  });
}

/** Any set; where definitions share a name, one of them counts. `attrsOf(anything)` merges properly. */
export const attrs: OptionType<Readonly<Record<string, unknown>>> = makeType({
  name: 'attrs',
  description: 'attribute set',
  check: checkSet,
  merge: (site, definitions) => ({
    kind: 'value',
    value: Object.assign({}, ...definitions.map((definition) => site.resolve(definition))),
  }),
  empty: () => ({ kind: 'value', value: {} }),
});

/** Any value; sets are merged deeply, all else must agree. */
export const anything: OptionType<unknown> = makeType({
  name: 'anything',
  description: 'anything',
  check: () => undefined,
  merge: (site, definitions): Merged => {
    const sets = definitions.filter(({ value }) => isPlainObject(value));
    if (sets.length === definitions.length) return mergeSets(anything, site, definitions);
    if (sets.length > 0) {
      return site.fail({
        definitions,
        reason: 'It is defined as a set in one place and as something else in another.',
        remedy: 'Make the definitions agree, or wrap the one that is meant in mkForce(…).',
      });
    }
    return mergeEqual(site, definitions);
  },
});

/** The type, or null. */
export function nullOr<Value, Plain>(type: OptionType<Value, Plain>): OptionType<Value | null, Plain | null> {
  return makeType({
    name: 'nullOr',
    description: `null or ${described(type)}`,
    loose: true,
    inner: [type],
    ...(type.tree === undefined ? {} : { tree: type.tree }),
    check: (value) => (value === null ? undefined : type.check(value)),
    merge: (site, definitions) => {
      const nulls = definitions.filter(({ value }) => value === null);
      if (nulls.length === 0) return type.merge(site, definitions);
      if (nulls.length === definitions.length) return { kind: 'value', value: null };
      return site.fail({
        definitions,
        reason: 'It is defined both null and not null.',
        remedy: 'Wrap the one that is meant in mkForce(…), or the other in mkDefault(…).',
      });
    },
    empty: () => ({ kind: 'value', value: null }),
  });
}

/** One type or the other; all definitions must be of the same. */
export function either<LeftValue, LeftPlain, RightValue, RightPlain>(
  left: OptionType<LeftValue, LeftPlain>,
  right: OptionType<RightValue, RightPlain>,
): OptionType<LeftValue | RightValue, LeftPlain | RightPlain> {
  return makeType({
    name: 'either',
    description: `${described(left)} or ${described(right)}`,
    loose: true,
    inner: [left, right],
    check: (value) => {
      const faults = [left.check(value), right.check(value)];
      return faults.includes(undefined) ? undefined : faults.filter((fault) => fault !== '').join('; ');
    },
    merge: (site, definitions) => {
      for (const type of [left, right] as readonly AnyType[]) {
        if (definitions.every(({ value }) => type.check(value) === undefined)) {
          return type.merge(site, definitions);
        }
      }
      return mergeOne(site, definitions);
    },
  });
}

type Union<Types extends readonly AnyType[]> =
  Types[number] extends OptionType<infer Value, infer Plain> ? OptionType<Value, Plain> : never;

/** One of several types. */
export function oneOf<const Types extends readonly [AnyType, ...AnyType[]]>(types: Types): Union<Types> {
  const [first, ...rest] = types;
  return rest.reduce<AnyType>((left, right) => either(left, right), first) as unknown as Union<Types>;
}

/** The type, defined at most once. */
export function uniq<Value, Plain>(type: OptionType<Value, Plain>): OptionType<Value, Plain> {
  return Object.freeze({
    ...type,
    merge: (site: MergeSite, definitions: readonly Definition[]): Merged =>
      definitions.length === 1 ? type.merge(site, definitions) : mergeOne(site, definitions),
  });
}

/** The type, or another from which it is made. The conversion is NixOS's own; the value here is the converted one. */
export function coercedTo<FromValue, FromPlain, Value, Plain>(
  from: OptionType<FromValue, FromPlain>,
  convert: (value: FromValue) => Plain,
  to: OptionType<Value, Plain>,
): OptionType<Value, Plain | FromPlain> {
  return makeType({
    name: 'coercedTo',
    description: `${described(to)} or ${described(from)} convertible to it`,
    loose: true,
    inner: [to],
    check: (value) => {
      const faults = [to.check(value), from.check(value)];
      return faults.includes(undefined) ? undefined : faults.filter((fault) => fault !== '').join('; ');
    },
    merge: (site, definitions) =>
      to.merge(
        site,
        definitions.map((definition) =>
          from.check(definition.value) === undefined
            ? { ...definition, value: convert(site.resolve(definition) as FromValue) }
            : definition,
        ),
      ),
    ...(to.empty === undefined ? {} : { empty: to.empty }),
  });
}
