import { isPlainObject, nodeOf } from '../nix/node.ts';
import { showValue } from '../nix/show.ts';
import type { Definition, Merged, MergeSite } from './type.ts';

/** Ways to merge that several types share; named as in nixpkgs' lib/options.nix. */

/** Whether two resolved values are the same, as Nix's `==` has it. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right) || left === right) return true;
  const leftNode = nodeOf(left);
  const rightNode = nodeOf(right);
  if (leftNode || rightNode) return leftNode !== undefined && sameValue(leftNode, rightNode);
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameValue(item, right[index]));
  }
  if (!isPlainObject(left) || !isPlainObject(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameValue(left[name], right[name]))
  );
}

const force = 'Wrap the one that is meant in mkForce(…), or the other in mkDefault(…).';

/** One definition, or several that say the same. */
export function mergeEqual(site: MergeSite, definitions: readonly Definition[]): Merged {
  const [first, ...rest] = definitions;
  if (!first) return site.fail();
  const value = site.resolve(first);
  const other = rest.find((definition) => !sameValue(site.resolve(definition), value));
  if (other) return conflict(site, [first, other]);
  return { kind: 'value', value };
}

/** Exactly one definition. */
export function mergeOne(site: MergeSite, definitions: readonly Definition[]): Merged {
  const [first, ...rest] = definitions;
  if (!first) return site.fail();
  if (rest.length > 0) {
    return site.fail({
      definitions,
      value: definitions.map(({ value }) => showValue(value)).join(' and '),
      reason: `It is defined ${definitions.length} times, but may be defined only once.`,
      remedy: force,
    });
  }
  return { kind: 'value', value: site.resolve(first) };
}

/** Two definitions of the same strength that do not agree. */
export function conflict(site: MergeSite, definitions: readonly Definition[]): never {
  return site.fail({
    definitions,
    value: definitions.map(({ value }) => showValue(value)).join(' and '),
    reason: 'These definitions have the same priority and do not agree.',
    remedy: force,
  });
}
