import { BootproofError } from '../base/errors.ts';
import {
  type ConfigNode,
  type InputNode,
  type NixNode,
  type NixValue,
  nixNodeKey,
  nixValue,
  type PackageNode,
} from './node.ts';
import { showNode } from './show.ts';

declare const refersTo: unique symbol;

/** Stands for another option's value of type `Value`, known after merging. */
export interface Reference<out Value> {
  readonly [refersTo]: Value;
  readonly [nixNodeKey]: ConfigNode;
}

/** Values that a reference does not look into. */
type Opaque = string | number | boolean | null | readonly unknown[] | NixValue;

/** A reference with the attributes of what it refers to: `config.services.openssh.enable`. */
export type ConfigRef<Value> = Reference<Value> &
  ([Value] extends [Opaque]
    ? unknown
    : [Value] extends [object]
      ? { readonly [Name in keyof Value]: ConfigRef<Value[Name]> }
      : unknown);

/** A package, once evaluated. */
export interface Package extends NixValue<PackageNode> {
  /** `['python3Packages', 'requests']` for `pkgs.python3Packages.requests`. */
  readonly attrPath: readonly string[];
}

/** A package, or a set of packages, as modules name it. */
export type PackageRef<Known extends string = never> = NixValue<PackageNode> & {
  readonly [Name in Known]: PackageRef;
} & {
  // `any`, since `noUncheckedIndexedAccess` would make every unlisted package possibly undefined.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly [name: string]: any;
};

/** Something of a flake input. */
export type InputRef = NixValue<InputNode> & {
  // biome-ignore lint/suspicious/noExplicitAny: as for packages
  readonly [name: string]: any;
};

type Follow = (path: readonly string[]) => NixNode;

/** Attributes that JavaScript itself asks for, where an answer would mean that the reference was used as a value. */
const coercions: ReadonlyMap<string | symbol, string> = new Map<string | symbol, string>([
  [Symbol.toPrimitive, 'made part of a string, a number or a comparison'],
  [Symbol.iterator, 'spread or looped over'],
  [Symbol.asyncIterator, 'looped over'],
  ['toString', 'made a string'],
  ['valueOf', 'compared or calculated with'],
  ['toJSON', 'made JSON'],
]);

/** Says that a reference was used as if its value were known. `use` is a clause after "it was". */
export function referenceMisuse(node: NixNode, use: string): BootproofError {
  const name = showNode(node);
  const nature =
    node.kind === 'package' || node.kind === 'input'
      ? 'is a reference, whose value only Nix knows'
      : 'is a reference, whose value is known only after all modules are merged';
  return new BootproofError(`${name} ${nature}, but it was ${use}.`, {
    kind: 'declaration',
    hint: `For a condition write mkIf(${name}, …), with not, and, or and equals to combine; for a string text\`…\${${name}}…\`; for anything else the nix template: nix\`…\${${name}}…\`.`,
  });
}

/** Makes the proxy that gives, for each attribute, the reference one step further. */
function follow(path: readonly string[], node: Follow): unknown {
  const steps = new Map<string, unknown>();
  const misuse = (use: string): never => {
    throw referenceMisuse(node(path), use);
  };
  // A function, so that a call (`config.services.openssh.ports.map(…)`) can be answered with advice.
  return new Proxy(() => undefined, {
    get: (_target, key) => {
      if (key === nixNodeKey) return node(path);
      const use = coercions.get(key);
      if (use !== undefined) return misuse(use);
      // `then` is what await asks for; undefined says that this is no promise.
      if (typeof key === 'symbol' || key === 'then') return undefined;
      if (!steps.has(key)) steps.set(key, follow([...path, key], node));
      return steps.get(key);
    },
    apply: () => misuse('called like a function'),
    has: () => misuse('searched with "in"'),
    ownKeys: () => misuse('spread or listed'),
    set: () => misuse('assigned to'),
    defineProperty: () => misuse('assigned to'),
    deleteProperty: () => misuse('deleted from'),
  });
}

/** The root of references to options: what a function module gets as `config`. */
export function configReference(): unknown {
  return follow([], (path) => Object.freeze({ kind: 'config', path: Object.freeze(path) }));
}

/** The root of references to packages: what a function module gets as `pkgs`. */
export const pkgs = follow([], (attrPath) =>
  Object.freeze({ kind: 'package', attrPath: Object.freeze(attrPath) }),
) as PackageRef;

/** The root of references to flake inputs: what a function module gets as `inputs`. */
export const inputs = follow([], (attrPath) =>
  Object.freeze({ kind: 'input', attrPath: Object.freeze(attrPath) }),
) as InputRef;

/** The plain, frozen form of a package reference: what an evaluated configuration holds. */
export function packageValue(node: PackageNode): Package {
  return Object.freeze({ ...nixValue(node), attrPath: node.attrPath });
}

/**
 * The reference to one attribute of a set whose names are not known to the type system, as Nix's own
 * `lib.getAttr`: `getAttr('alice', config.users.users).shell`.
 */
export function getAttr<Value>(
  name: string,
  set: Reference<Readonly<Record<string, Value>>>,
): ConfigRef<Value> {
  return (set as unknown as Record<string, unknown>)[name] as ConfigRef<Value>;
}
