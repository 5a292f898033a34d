import {
  type NixValue,
  nixValue,
  type OperationNode,
  type Operator,
  type PathNode,
  type RawNode,
  type TextNode,
} from './node.ts';
import type { Reference } from './reference.ts';

/** A raw Nix expression, made by the `nix` template. It may stand for any option's value. */
export type NixExpression = NixValue<RawNode>;

/** A string with references in it, made by the `text` template. */
export type NixText = NixValue<TextNode>;

/** A condition made of others by `not`, `and`, `or` or `equals`. */
export type NixCondition = NixValue<OperationNode>;

/** What a condition may be. A reference is looked up after merging; a plain boolean is decided already. */
export type Condition = boolean | Reference<boolean> | NixCondition | NixExpression;

/** A file, for an import or an option of type `path`. */
export type NixPath = NixValue<PathNode>;

/**
 * A raw Nix expression, for what has no typed form: it is emitted as it stands, and nothing about it can be proven
 * here. Values in its gaps are written as Nix values, references as references.
 *
 * @example nix`lib.mkAfter ''echo ${config.networking.hostName}''`
 */
export function nix(strings: TemplateStringsArray, ...values: readonly unknown[]): NixExpression {
  return nixValue({ kind: 'raw', strings: Object.freeze([...strings]), values: Object.freeze([...values]) });
}

/**
 * A string with references in it: what a template string cannot be, because a reference has no value yet.
 *
 * @example text`${config.networking.hostName}.lan`
 */
export function text(strings: TemplateStringsArray, ...values: readonly unknown[]): NixText {
  return nixValue({ kind: 'text', strings: Object.freeze([...strings]), values: Object.freeze([...values]) });
}

function operation(operator: Operator, operands: readonly unknown[]): NixCondition {
  return nixValue({ kind: 'operation', operator, operands: Object.freeze([...operands]) });
}

/** True when the condition is false: `!a` in Nix. */
export const not = (condition: Condition): NixCondition => operation('not', [condition]);

/** True when all are: `a && b` in Nix. */
export const and = (...conditions: readonly Condition[]): NixCondition => operation('and', conditions);

/** True when one is: `a || b` in Nix. */
export const or = (...conditions: readonly Condition[]): NixCondition => operation('or', conditions);

/** True when both values are the same, lists and sets compared by their contents: `a == b` in Nix. */
export const equals = (left: unknown, right: unknown): NixCondition => operation('equals', [left, right]);

/**
 * A Nix module file of the owner's own, named from the TypeScript file that imports it: `nixFile('./legacy.nix')`.
 * Its options are seen by Nix only.
 */
export const nixFile = (path: string): NixPath => nixValue({ kind: 'path', base: 'file', path });

/** A path for an option of type `path`: absolute, or relative to the TypeScript file that names it. */
export const path = (name: string): NixPath =>
  nixValue({ kind: 'path', base: name.startsWith('/') ? 'absolute' : 'file', path: name });

/** nixpkgs' folder of NixOS modules. */
export interface ModulesPath extends NixPath {
  /** A file below it: `modulesPath.file('installer/scan/not-detected.nix')`. */
  file(name: string): NixPath;
}

export const modulesPath: ModulesPath = Object.freeze({
  ...nixValue({ kind: 'path', base: 'modulesPath', path: '' }),
  file: (name: string): NixPath =>
    nixValue({ kind: 'path', base: 'modulesPath', path: name.replace(/^\/+/, '') }),
});
