import { containsNixOnly, isNixOnly, isPlainObject } from '../nix/node.ts';
import { isOption, type OptionTree } from '../options/option.ts';
import type { AnyType } from '../options/type.ts';

/**
 * The values of a tree of options as services may use them: what is known to Nix alone gives way to the option's own
 * default, inside submodules too, so that what was declared beside it stays. The plan lists such options as not
 * provable, so that nothing is dropped in silence.
 */
export function knownValues(tree: OptionTree, values: unknown): Record<string, unknown> {
  const given = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(tree).map(([name, member]) => {
      const value = given[name];
      if (!isOption(member)) return [name, knownValues(member, value ?? {})];
      return [name, knownPart(member.type, value, plainDefault(member.default))];
    }),
  );
}

/** What of a value is known; the fallback where the type has no parts of its own. */
function knownPart(type: AnyType, value: unknown, fallback: unknown): unknown {
  if (!containsNixOnly(value)) return value;
  if (!isPlainObject(value)) return fallback;
  const tree = type.tree as OptionTree | undefined;
  if (tree !== undefined) {
    const free = Object.entries(value).filter(([name, part]) => !(name in tree) && !containsNixOnly(part));
    return { ...Object.fromEntries(free), ...knownValues(tree, value) };
  }
  const [inner] = type.name === 'attrsOf' ? type.inner : [];
  if (inner === undefined) return fallback;
  const members = Object.entries(value).filter(([, part]) => !isNixOnly(part));
  return Object.fromEntries(
    members.flatMap(([name, part]) => {
      const known = knownPart(inner, part, undefined);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

const plainDefault = (value: unknown): unknown => (typeof value === 'function' ? null : (value ?? null));
