import { nearestNames } from '../base/nearest.ts';
import { isOption, type OptionTree } from '../options/option.ts';

type Path = readonly string[];

/**
 * The paths that somebody may have meant by a name that is none: beside it, names that are nearly the same, longer or
 * shorter; failing that, the same or nearly the same name anywhere else. At most three.
 */
export function similarPaths(root: OptionTree, siblings: OptionTree, path: Path, name: string): Path[] {
  const names = Object.keys(siblings);
  const beside = [...nearestNames(name, names), ...names.filter((other) => isPartOf(name, other))];
  if (beside.length > 0) return [...new Set(beside)].slice(0, 3).map((other) => [...path, other]);
  const elsewhere = [...allPaths(root, [])];
  const same = elsewhere.filter((other) => other.at(-1) === name);
  if (same.length > 0) return same.slice(0, 3);
  const near = nearestNames(
    name,
    elsewhere.flatMap((other) => other.slice(-1)),
  );
  return elsewhere.filter((other) => near.includes(other.at(-1) ?? '')).slice(0, 3);
}

/** Whether one is the beginning of the other: `network` of `networking`. */
function isPartOf(name: string, other: string): boolean {
  const [short, long] = name.length < other.length ? [name, other] : [other, name];
  return short.length >= 3 && long.toLowerCase().startsWith(short.toLowerCase());
}

/** The paths of all options and sets of options, those of submodules left out. */
function* allPaths(tree: OptionTree, path: Path): Generator<Path> {
  for (const [name, member] of Object.entries(tree)) {
    yield [...path, name];
    if (!isOption(member)) yield* allPaths(member, [...path, name]);
  }
}
