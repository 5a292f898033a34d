import { nearestNames } from '../base/nearest.ts';
import type { NixPath } from '../nix/expression.ts';
import type { NixValue, PackageNode } from '../nix/node.ts';
import { nodeOf } from '../nix/node.ts';
import type { Package } from '../nix/reference.ts';
import { mergeEqual, mergeOne } from './merging.ts';
import { makeType, type OptionType } from './type.ts';

/** Types of single values, named and merged as in nixpkgs' lib/types.nix. */

const wrong = '';

export const bool: OptionType<boolean> = makeType({
  name: 'bool',
  description: 'boolean',
  check: (value) => (typeof value === 'boolean' ? undefined : wrong),
  merge: mergeEqual,
});

function checkInt(value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return wrong;
  return Number.isSafeInteger(value) ? undefined : `${value} is too large to be exact in JavaScript`;
}

export const int: OptionType<number> = makeType({
  name: 'int',
  description: 'signed integer',
  check: checkInt,
  merge: mergeEqual,
});

function intRange(name: string, description: string, lowest: number, highest: number): OptionType<number> {
  return makeType({
    name,
    description,
    check: (value) => {
      const fault = checkInt(value);
      if (fault !== undefined) return fault;
      if ((value as number) < lowest) return `${value} is less than ${lowest}`;
      return (value as number) > highest ? `${value} is more than ${highest}` : undefined;
    },
    merge: mergeEqual,
  });
}

const bits = (name: string, words: string, lowest: number, highest: number): OptionType<number> =>
  intRange(name, `${words}; between ${lowest} and ${highest} (both inclusive)`, lowest, highest);

/** Integers of a certain range. */
export const ints = {
  /** From `lowest` to `highest`, both included. */
  between: (lowest: number, highest: number): OptionType<number> =>
    intRange('intBetween', `integer between ${lowest} and ${highest} (both inclusive)`, lowest, highest),
  unsigned: intRange('unsignedInt', 'unsigned integer, meaning >=0', 0, Number.POSITIVE_INFINITY),
  positive: intRange('positiveInt', 'positive integer, meaning >0', 1, Number.POSITIVE_INFINITY),
  u8: bits('unsignedInt8', '8 bit unsigned integer', 0, 2 ** 8 - 1),
  u16: bits('unsignedInt16', '16 bit unsigned integer', 0, 2 ** 16 - 1),
  u32: bits('unsignedInt32', '32 bit unsigned integer', 0, 2 ** 32 - 1),
  s8: bits('signedInt8', '8 bit signed integer', -(2 ** 7), 2 ** 7 - 1),
  s16: bits('signedInt16', '16 bit signed integer', -(2 ** 15), 2 ** 15 - 1),
  s32: bits('signedInt32', '32 bit signed integer', -(2 ** 31), 2 ** 31 - 1),
} as const;

/** A port number: 0 to 65535. */
export const port: OptionType<number> = ints.u16;

/** JavaScript does not tell 1.0 from 1, so that any finite number is one; it is emitted with its point. */
export const float: OptionType<number> = makeType({
  name: 'float',
  description: 'floating point number',
  check: (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : wrong),
  merge: mergeEqual,
});

/** An integer or a floating point number. */
export const number: OptionType<number> = makeType({
  name: 'number',
  description: 'signed integer or floating point number',
  loose: true,
  check: (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : wrong),
  merge: mergeEqual,
});

/** One of the given values. */
export function enumOf<const Value extends string | number | boolean | null>(
  values: readonly Value[],
): OptionType<Value> {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return makeType({
    name: 'enum',
    description: `one of ${shown}`,
    loose: true,
    check: (value) => {
      if (values.includes(value as Value)) return undefined;
      if (typeof value !== 'string') return wrong;
      const near = nearestNames(value, values.map(String)).map((name) => JSON.stringify(name));
      const shown = JSON.stringify(value);
      return near.length > 0 ? `${shown} is not; did you mean ${near.join(' or ')}?` : `${shown} is not`;
    },
    merge: mergeEqual,
  });
}

const isPackage = (value: unknown): boolean => {
  const node = nodeOf(value);
  return node?.kind === 'package' || node?.kind === 'input';
};

/** A package: `pkgs.htop`. */
export const package_: OptionType<Package, NixValue<PackageNode>> = makeType({
  name: 'package',
  description: 'package',
  check: (value) => (isPackage(value) ? undefined : wrong),
  merge: mergeOne,
});

function checkPath(value: unknown): string | undefined {
  if (nodeOf(value)?.kind === 'path' || isPackage(value)) return undefined;
  if (typeof value !== 'string') return wrong;
  return value.startsWith('/') ? undefined : 'it does not start with a slash';
}

/** An absolute path: text, a file, or a package's own path. */
export const path: OptionType<string | NixPath | Package, string | NixPath | NixValue<PackageNode>> =
  makeType({
    name: 'path',
    description: 'absolute path',
    check: checkPath,
    merge: mergeEqual,
  });

/** An absolute path on the machine itself, never a file that Nix would copy into its store. */
export const externalPath: OptionType<string> = makeType({
  name: 'path',
  description: 'absolute path not in the Nix store',
  check: (value) => {
    if (typeof value !== 'string') return wrong;
    if (value.startsWith('/nix/store/')) return 'it is in the Nix store';
    return value.startsWith('/') ? undefined : 'it does not start with a slash';
  },
  merge: mergeEqual,
});

/** Any one value, as it is. */
export const raw: OptionType<unknown> = makeType({
  name: 'raw',
  description: 'raw value',
  check: () => undefined,
  merge: mergeOne,
});
