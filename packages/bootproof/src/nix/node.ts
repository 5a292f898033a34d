/**
 * The closed tree of Nix values that a module may hold besides plain data. A value shows its node under one
 * well-known symbol, so that two copies of this package (the command's own and the homelab's) understand each other,
 * and so that a proxy can be a node without giving up any attribute name.
 */

/** The symbol under which a value shows its node. */
export const nixNodeKey: unique symbol = Symbol.for('bootproof.nix') as never;

/** `pkgs.python3Packages.requests` is `['python3Packages', 'requests']`. */
export interface PackageNode {
  readonly kind: 'package';
  readonly attrPath: readonly string[];
}

/** Something of a flake input: `inputs.disko.nixosModules.disko`. Only Nix can look into it. */
export interface InputNode {
  readonly kind: 'input';
  readonly attrPath: readonly string[];
}

/** Another option's value after merging: `config.networking.hostName`. */
export interface ConfigNode {
  readonly kind: 'config';
  readonly path: readonly string[];
}

/** A file: absolute, relative to the TypeScript file that names it, or below nixpkgs' `modulesPath`. */
export interface PathNode {
  readonly kind: 'path';
  readonly base: 'absolute' | 'file' | 'modulesPath';
  readonly path: string;
}

/** A raw Nix expression: text with values in its gaps, printed as it stands. */
export interface RawNode {
  readonly kind: 'raw';
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

/** A string with values in its gaps: what `"${config.networking.hostName}.lan"` is in Nix. */
export interface TextNode {
  readonly kind: 'text';
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

export type Operator = 'not' | 'and' | 'or' | 'equals';

/** A condition put together from others. */
export interface OperationNode {
  readonly kind: 'operation';
  readonly operator: Operator;
  readonly operands: readonly unknown[];
}

/** What evaluation gives for a value that only Nix can know. */
export interface UnknownNode {
  readonly kind: 'unknown';
  /** Why it cannot be known here, as a clause: `it depends on a raw Nix expression`. */
  readonly reason: string;
}

export type NixNode =
  | PackageNode
  | InputNode
  | ConfigNode
  | PathNode
  | RawNode
  | TextNode
  | OperationNode
  | UnknownNode;

/** A value that holds a node. */
export interface NixValue<Node extends NixNode = NixNode> {
  readonly [nixNodeKey]: Node;
}

/** The node of a value; undefined when it is plain data. */
export function nodeOf(value: unknown): NixNode | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  return (value as Partial<NixValue>)[nixNodeKey];
}

/** Whether Nix alone can know what this value is. Looks at the value itself, not into lists and sets. */
export function isNixOnly(value: unknown): boolean {
  const kind = nodeOf(value)?.kind;
  return kind === 'raw' || kind === 'text' || kind === 'operation' || kind === 'unknown';
}

/** Whether this value, or anything in it, is known to Nix alone. */
export function containsNixOnly(value: unknown): boolean {
  if (isNixOnly(value)) return true;
  if (nodeOf(value) !== undefined || typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(containsNixOnly);
}

/** Makes a frozen value that holds a node and nothing else. */
export function nixValue<Node extends NixNode>(node: Node): NixValue<Node> {
  return Object.freeze({ [nixNodeKey]: Object.freeze(node) }) as NixValue<Node>;
}

/** Whether this is an object literal or the like: not a list, a node, or an instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && nodeOf(value) === undefined;
}
