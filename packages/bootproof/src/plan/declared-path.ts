import { parseAttrPath } from '../nix/show.ts';
import { isOption, type OptionTree } from '../options/option.ts';
import type { AnyType } from '../options/type.ts';

/** Whether a path names an option, a set of options, or a member of what an option may hold. */
export function isDeclaredPath(surface: OptionTree, path: string): boolean {
  const names = parseAttrPath(path);
  return names.length > 0 && leadsOn(surface, names);
}

function leadsOn(tree: OptionTree, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  const member = Object.hasOwn(tree, name) ? tree[name] : undefined;
  if (member === undefined) return false;
  return isOption(member) ? leadsInto(member.type, rest) : leadsOn(member, rest);
}

/** Whether names lead on into the values of a type. What is typed as anything holds anything. */
function leadsInto(type: AnyType, names: readonly string[]): boolean {
  if (names.length === 0 || ['anything', 'attrs', 'raw'].includes(type.name)) return true;
  if (type.tree !== undefined && leadsOn(type.tree as OptionTree, names)) return true;
  const isMany = type.name === 'attrsOf' || type.name === 'listOf';
  return type.inner.some((inner) => leadsInto(inner, isMany ? names.slice(1) : names));
}
