import type { Condition, NixExpression, NixText } from '../nix/expression.ts';
import type { Reference } from '../nix/reference.ts';

/**
 * Properties: what a definition may be wrapped in to say when it holds (`mkIf`), how strongly (`mkForce`), and where in
 * a list (`mkBefore`). Names and numbers are those of nixpkgs' lib/modules.nix.
 */

const propertyKey: unique symbol = Symbol.for('bootproof.property') as never;

declare const contentOf: unique symbol;

export type PropertyNode =
  | { readonly kind: 'if'; readonly condition: unknown; readonly content: unknown }
  | { readonly kind: 'merge'; readonly contents: readonly unknown[] }
  | { readonly kind: 'override'; readonly priority: number; readonly content: unknown }
  | { readonly kind: 'order'; readonly priority: number; readonly content: unknown };

/** A wrapped definition of an option that takes a `Plain` and has a `Value` after merging. */
export interface Property<out Plain, out Value = Plain> {
  readonly [contentOf]: { readonly plain: Plain; readonly value: Value };
  readonly [propertyKey]: PropertyNode;
}

/** What may stand where a `Plain` is wanted: itself, wrapped, a reference to such a value, or raw Nix. */
export type Definable<Plain, Value = Plain> =
  | Plain
  | Property<Plain, Value>
  | Reference<Value>
  | NixExpression
  | (string extends Value ? NixText : never);

/** The priority of a definition that says nothing of it. */
export const plainPriority = 100;
/** The priority of an option's own default (`mkOptionDefault`). */
export const optionDefaultPriority = 1500;
/** The order of a list's definition that says nothing of it. */
export const plainOrder = 1000;

/** The wrapping of a definition; undefined when it has none. */
export function propertyOf(value: unknown): PropertyNode | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { readonly [propertyKey]?: PropertyNode })[propertyKey]
    : undefined;
}

function property<Plain, Value>(node: PropertyNode): Property<Plain, Value> {
  return Object.freeze({ [propertyKey]: Object.freeze(node) }) as unknown as Property<Plain, Value>;
}

/**
 * What may stand inside a property. `NoInfer` lets the option decide the type, so that a wrong name inside
 * `mkIf(…, { … })` is a red line as it is outside; away from any option, the content is not checked until it is used.
 */
type Inside<Plain, Value> = Definable<NoInfer<Plain>, NoInfer<Value>>;

// biome-ignore-start lint/suspicious/noExplicitAny: the defaults are for a property made away from any option
/** The definition holds only when the condition does. */
export function mkIf<Plain = any, Value = any>(
  condition: Condition,
  content: Inside<Plain, Value>,
): Property<Plain, Value> {
  return property({ kind: 'if', condition, content });
}

/** Several definitions in one place. */
export function mkMerge<Plain = any, Value = any>(
  contents: readonly Inside<Plain, Value>[],
): Property<Plain, Value> {
  return property({ kind: 'merge', contents: Object.freeze([...contents]) });
}

/** Of a scalar's definitions, those with the lowest number count; a plain one has 100. */
export function mkOverride<Plain = any, Value = any>(
  priority: number,
  content: Inside<Plain, Value>,
): Property<Plain, Value> {
  return property({ kind: 'override', priority, content });
}

/** Gives way to any plain definition: priority 1000. */
export function mkDefault<Plain = any, Value = any>(content: Inside<Plain, Value>): Property<Plain, Value> {
  return property({ kind: 'override', priority: 1000, content });
}

/** Beats plain definitions: priority 50. */
export function mkForce<Plain = any, Value = any>(content: Inside<Plain, Value>): Property<Plain, Value> {
  return property({ kind: 'override', priority: 50, content });
}

/** Beats even `mkForce`: priority 10, as NixOS uses for what a test VM must have. */
export function mkVMOverride<Plain = any, Value = any>(
  content: Inside<Plain, Value>,
): Property<Plain, Value> {
  return property({ kind: 'override', priority: 10, content });
}

/** Of a list's definitions, those with lower numbers come first; a plain one has 1000. */
export function mkOrder<Plain = any, Value = any>(
  priority: number,
  content: Inside<Plain, Value>,
): Property<Plain, Value> {
  return property({ kind: 'order', priority, content });
}

/** Comes before plain definitions of the list: order 500. */
export function mkBefore<Plain = any, Value = any>(content: Inside<Plain, Value>): Property<Plain, Value> {
  return property({ kind: 'order', priority: 500, content });
}

/** Comes after plain definitions of the list: order 1500. */
export function mkAfter<Plain = any, Value = any>(content: Inside<Plain, Value>): Property<Plain, Value> {
  return property({ kind: 'order', priority: 1500, content });
}
// biome-ignore-end lint/suspicious/noExplicitAny: as above
