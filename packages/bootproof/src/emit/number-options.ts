import { type OptionTree, walkOptions } from '../options/option.ts';
import type { AnyType } from '../options/type.ts';

/** Types whose values Nix does not put into a string by itself. */
const numbers = /^(int|intBetween|float|number|positiveInt|(un)?signedInt\d*)$/;
/** Types that are one of those inside them. */
const wrappers: ReadonlySet<string> = new Set(['nullOr', 'either', 'coercedTo']);

const mayBeNumber = (type: AnyType): boolean =>
  numbers.test(type.name) || (wrappers.has(type.name) && type.inner.some(mayBeNumber));

/** Says of a path whether the option there may hold a number. Of options outside the trees nothing is known: false. */
export function numberOptions(trees: readonly OptionTree[]): (path: readonly string[]) => boolean {
  const patterns = trees.flatMap((tree) =>
    [...walkOptions(tree)].filter(({ option }) => mayBeNumber(option.type)).map(({ path }) => path),
  );
  return (path) =>
    patterns.some(
      (pattern) =>
        pattern.length === path.length &&
        pattern.every((name, index) => name === '<name>' || name === path[index]),
    );
}
