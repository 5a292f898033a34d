import { similarPaths } from '../modules/similar.ts';
import { attrPathText, parseAttrPath } from '../nix/show.ts';
import { isOption, type OptionTree } from '../options/option.ts';
import type { AnyType } from '../options/type.ts';

/** Where a path of options leaves those that there are. */
export interface UnknownOption {
  /** The paths that may have been meant; none when nothing is near. */
  readonly near: readonly string[];
}

/**
 * Whether a path is that of an option, of a set of options, or of a part of an option that has parts. Undefined when it is;
 * otherwise what may have been meant.
 *
 * @param path as a person writes it: `services.nginx.virtualHosts."app.home.arpa".root`
 */
export function unknownOption(tree: OptionTree, path: string): UnknownOption | undefined {
  const names = parseAttrPath(path);
  if (names.length === 0) return { near: [] };
  let here = tree;
  for (const [index, name] of names.entries()) {
    const member = Object.hasOwn(here, name) ? here[name] : undefined;
    if (member === undefined) {
      return { near: similarPaths(tree, here, names.slice(0, index), name).map(attrPathText) };
    }
    if (isOption(member)) return isPart(member.type, names.slice(index + 1)) ? undefined : { near: [] };
    here = member;
  }
  return undefined;
}

/** Types whose values may have parts of any name. */
const open = new Set(['attrs', 'anything', 'raw']);

/** Whether a value of a type can have a part of that path. */
function isPart(type: AnyType, names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined || open.has(type.name)) return true;
  const tree = type.tree as OptionTree | undefined;
  if (tree !== undefined && unknownOption(tree, attrPathText(names)) === undefined) return true;
  // The inner type of a set's or a list's members is one name further down; that of `nullOr` and its like is not.
  const below = ['attrsOf', 'listOf'].includes(type.name) ? rest : names;
  return type.inner.some((inner) => isPart(inner, below));
}
