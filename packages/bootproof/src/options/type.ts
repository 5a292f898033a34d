import type { Definable } from './property.ts';

/** What an option type is made of, and what it asks of the evaluator. */

export const typeKey: unique symbol = Symbol.for('bootproof.optionType') as never;

declare const typed: unique symbol;

/** Who made a definition: the owner's modules, what NixOS itself implies, or the option's default. */
export type Origin = 'declared' | 'implied' | 'default';

/** A place in a source file. */
export interface SourcePlace {
  /** Absolute; for defaults `(default)`. */
  readonly file: string;
  /** Counted from 1; undefined when it is not known. */
  readonly line: number | undefined;
}

/** One definition of an option, with its conditions met and its wrappings taken off. */
export interface Definition extends SourcePlace {
  /** The value, with references at its head resolved; lists and sets may still hold references and properties. */
  readonly value: unknown;
  readonly origin: Origin;
  /** 100 unless wrapped in mkDefault, mkForce or the like. The lowest counts. */
  readonly priority: number;
  /** Set by mkBefore, mkAfter or mkOrder; undefined means 1000. */
  readonly order: number | undefined;
}

/** A definition as the module has it: wrappings and conditions still on. */
export interface RawDefinition extends SourcePlace {
  readonly value: unknown;
  readonly origin: Origin;
  /** Conditions of the sets around it. */
  readonly conditions: readonly unknown[];
  /** Set by a mkOverride of a set around it. */
  readonly override: number | undefined;
}

/** What definitions came to: a finished value, or a list or set whose members are merged when asked for. */
export type Merged =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Site[] }
  | {
      readonly kind: 'set';
      readonly members: ReadonlyMap<string, Site>;
      /** Whether the members are options of their own (a submodule) and not values of one option. */
      readonly options: boolean;
    };

/** What is wrong with a definition. */
export interface Complaint {
  readonly definitions: readonly Definition[];
  readonly reason: string;
  readonly remedy: string;
  /** The value at fault; that of the definitions unless told. */
  readonly value?: string;
}

/** A place in the configuration where definitions meet. The evaluator implements it. */
export interface Site {
  /** `['users', 'users', 'alice', 'shell']`. */
  readonly path: readonly string[];
  /** Whether any definition is left once conditions are decided. */
  isDefined(): boolean;
  merged(): Merged;
  /** The finished, frozen value. */
  value(): unknown;
}

/** A site as an option type sees it, to merge the definitions there. */
export interface MergeSite extends Site {
  /** The attributes of a definition's set, each as a definition with its own line. */
  attributes(definition: Definition): readonly Attribute[];
  /** The items of a definition's list. */
  items(definition: Definition): readonly RawDefinition[];
  /** A place inside this one, with its own type. */
  inner(name: string, type: AnyType, definitions: readonly RawDefinition[]): Site;
  /**
   * The options of a tree inside this place. Attributes that are no options go to `unmatched`; without it they are
   * faults.
   */
  options(
    tree: unknown,
    definitions: readonly RawDefinition[],
    unmatched?: Attribute[],
  ): ReadonlyMap<string, Site>;
  /** A copy of a definition's value with every reference in it resolved; refuses what Nix cannot hold. */
  resolve(definition: Definition): unknown;
  /** Ends the merging of this place. */
  fail(complaint?: Complaint): never;
}

/** A name and what it is defined as. */
export type Attribute = readonly [name: string, definition: RawDefinition];

/** An option type: a name, a check of single definitions, and a way to merge several. */
export interface OptionType<out Value, out Plain = Value> {
  readonly [typed]?: { readonly value: Value; readonly plain: Plain };
  readonly [typeKey]: true;
  /** NixOS's name of the type: `nullOr`. */
  readonly name: string;
  /** In words, after "expected": `null or string`. */
  readonly description: string;
  /** Whether the description binds loosely, so that a type around it puts it in brackets. */
  readonly loose: boolean;
  /**
   * Looks at a definition's head, not into its members. Undefined when it is of this type, otherwise what is wrong,
   * as a clause (`70000 is more than 65535`), or an empty text when "expected …, got …" says it all.
   */
  check(value: unknown): string | undefined;
  merge(site: MergeSite, definitions: readonly Definition[]): Merged;
  /** The value when nothing is defined: `{}` of a set, `[]` of a list, null of a nullOr. */
  empty?(site: MergeSite): Merged;
  /** The types inside, for the reference of options. */
  readonly inner: readonly AnyType[];
  /** The options of a submodule. */
  readonly tree?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every type
export type AnyType = OptionType<any, any>;

/** The value that an option of this type has after merging. */
export type ValueOf<Type> = Type extends OptionType<infer Value, infer _> ? Value : never;

/** What a user may write for an option of this type. */
export type DefinitionOf<Type> =
  Type extends OptionType<infer Value, infer Plain> ? Definable<Plain, Value> : never;

interface TypeRecord {
  readonly name: string;
  readonly description: string;
  readonly loose?: boolean;
  readonly inner?: readonly AnyType[];
  readonly tree?: unknown;
  check(value: unknown): string | undefined;
  merge(site: MergeSite, definitions: readonly Definition[]): Merged;
  empty?(site: MergeSite): Merged;
}

/** Makes a type. The caller vouches for `Value` and `Plain`. */
export function makeType<Value, Plain = Value>(record: TypeRecord): OptionType<Value, Plain> {
  return Object.freeze({ loose: false, inner: [], ...record, [typeKey]: true as const });
}

/** A type's description as part of another's. */
export const described = (type: AnyType): string => (type.loose ? `(${type.description})` : type.description);
