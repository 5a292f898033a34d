import type { ConfigRef, Reference } from '../nix/reference.ts';
import type { Property } from './property.ts';
import type { AnyType, DefinitionOf, OptionType, ValueOf } from './type.ts';

export const optionKey: unique symbol = Symbol.for('bootproof.option') as never;

/** Reads other options, for a default that is computed. */
export interface ConfigReader {
  /** The value of an option: `config.get<string>('networking.hostName')`. The caller vouches for its type. */
  get<Value = unknown>(path: string): Value;
}

/** Where a computed default is asked for. */
export interface DefaultSite {
  /** The attribute's name of the submodule around it: `alice` in users.users.alice. Empty outside submodules. */
  readonly name: string;
  /** Reads the other options of the same submodule, by paths relative to it. */
  readonly self: ConfigReader;
}

/**
 * What becomes of a declared option's proof. Reasons are clauses.
 *
 * - `provable`: the stand-in has it, and a probe shows it.
 * - `nixosOnly`: the stand-in cannot have it; it is proven where NixOS itself is booted.
 * - `notProvable`: it has no effect that could be seen from outside the host's own files.
 * - `notRealised`: the stand-in could have it, and does not.
 */
export type Verdict =
  | 'provable'
  | { readonly nixosOnly: string }
  | { readonly notProvable: string }
  | { readonly notRealised: string };

/** All that is known of an option. */
export interface OptionRecord<Type extends AnyType = AnyType> {
  readonly type: Type;
  /** The value when nobody defines it, plain or computed from other options. An option without one must be set. */
  readonly default?: Plain<Type> | ((config: ConfigReader, site: DefaultSite) => ValueOf<Type>);
  /** The default in words or as Nix, where the value itself says too little. */
  readonly defaultText?: string;
  readonly example?: Plain<Type>;
  /** What it means, in whole sentences, with units. */
  readonly description: string;
  /** Where the fact that NixOS has it so comes from: `nixos/modules/services/networking/ssh/sshd.nix`. */
  readonly source?: string;
  /** Required, so that no option is added without a word on how it is proven. */
  readonly verdict: Verdict;
  /** Set by NixOS itself; a definition is a fault. */
  readonly readOnly?: boolean;
}

/** What may be written for a type without wrappings or references. */
type Plain<Type> = Type extends OptionType<infer Value, infer Plain> ? Plain | Value : never;

/** An option: its record, and a mark to tell it from a set of options. */
export interface Option<Type extends AnyType = AnyType> extends OptionRecord<Type> {
  readonly [optionKey]: true;
}

/** Options, nested as their names are. */
export interface OptionTree {
  readonly [name: string]: Option | OptionTree;
}

/** Declares an option. */
export function option<Type extends AnyType>(record: OptionRecord<Type>): Option<Type> {
  return Object.freeze({ ...record, [optionKey]: true as const });
}

export function isOption(value: unknown): value is Option {
  return typeof value === 'object' && value !== null && optionKey in value;
}

/** What a user may write for a tree of options: any of them, nested, with whole sets wrapped where wanted. */
export type DefinitionsOf<Tree> = {
  readonly [Name in keyof Tree]?: Tree[Name] extends { readonly [optionKey]: true; readonly type: infer Type }
    ? DefinitionOf<Type>
    : DefinitionsOf<Tree[Name]> | Property<DefinitionsOf<Tree[Name]>>;
};

/** The values of a tree of options after merging. */
export type ResolvedOf<Tree> = {
  readonly [Name in keyof Tree]: Tree[Name] extends { readonly [optionKey]: true; readonly type: infer Type }
    ? ValueOf<Type>
    : ResolvedOf<Tree[Name]>;
};

/** What a function module gets as `config`: references that mirror the values. */
export type ConfigOf<Tree> = {
  readonly [Name in keyof Tree]: Tree[Name] extends { readonly [optionKey]: true; readonly type: infer Type }
    ? ConfigRef<ValueOf<Type>>
    : ConfigOf<Tree[Name]>;
} & Reference<ResolvedOf<Tree>>;

/** The dotted paths of a tree's options: `'services.openssh.enable' | …`. */
export type PathOf<Tree> = {
  readonly [Name in keyof Tree & string]: Tree[Name] extends { readonly [optionKey]: true }
    ? Name
    : `${Name}.${PathOf<Tree[Name]>}`;
}[keyof Tree & string];

/** The value type at a dotted path. */
export type ValueAt<Tree, Path extends string> = Path extends keyof Tree
  ? Tree[Path] extends { readonly [optionKey]: true; readonly type: infer Type }
    ? ValueOf<Type>
    : ResolvedOf<Tree[Path]>
  : Path extends `${infer Head}.${infer Rest}`
    ? Head extends keyof Tree
      ? ValueAt<Tree[Head], Rest>
      : never
    : never;

/** The options of services that are known by name, as one tree: nothing to ask for where there is none. */
export type OptionsOf<Services> = Both<
  {
    readonly [Name in keyof Services]: Services[Name] extends { readonly options: infer Tree } ? Tree : never;
  }[keyof Services]
>;

/** What is all of the members of a union at once. */
type Both<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

type Merge<Left, Right> = {
  readonly [Name in keyof Left | keyof Right]: Name extends keyof Left
    ? Name extends keyof Right
      ? Merge<Left[Name], Right[Name]>
      : Left[Name]
    : Name extends keyof Right
      ? Right[Name]
      : never;
};

/** One tree of all options of several; the types stay exact. */
export type MergedTrees<Trees extends readonly unknown[]> = Trees extends readonly [
  infer First,
  infer Second,
  ...infer Rest,
]
  ? MergedTrees<[Merge<First, Second>, ...Rest]>
  : Trees extends readonly [infer Only]
    ? Only
    : Record<never, never>;

/** Merges trees of options. Two options at one path are a mistake in the trees themselves. */
export function mergeOptionTrees<const Trees extends readonly OptionTree[]>(
  ...trees: Trees
): MergedTrees<Trees> {
  return trees.reduce((merged, tree) => mergeTwo(merged, tree, []), {}) as MergedTrees<Trees>;
}

function mergeTwo(left: OptionTree, right: OptionTree, path: readonly string[]): OptionTree {
  const merged: Record<string, Option | OptionTree> = { ...left };
  for (const [name, theirs] of Object.entries(right)) {
    const ours = merged[name];
    if (ours !== undefined && (isOption(ours) || isOption(theirs))) {
      throw new TypeError(`The option ${[...path, name].join('.')} is declared twice.`);
    }
    merged[name] =
      ours === undefined || isOption(theirs) ? theirs : mergeTwo(ours as OptionTree, theirs, [...path, name]);
  }
  return merged;
}

/** Every option of a tree with its path, those of submodules included: `users.users.<name>.shell`. */
export function* walkOptions(
  tree: OptionTree,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly option: Option }> {
  for (const [name, member] of Object.entries(tree)) {
    const here = [...path, name];
    if (!isOption(member)) {
      yield* walkOptions(member, here);
      continue;
    }
    yield { path: here, option: member };
    yield* walkType(member.type, here);
  }
}

function* walkType(
  type: AnyType,
  path: readonly string[],
): Generator<{ readonly path: readonly string[]; readonly option: Option }> {
  if (type.tree !== undefined) yield* walkOptions(type.tree as OptionTree, path);
  const step = type.name === 'attrsOf' ? ['<name>'] : type.name === 'listOf' ? ['*'] : [];
  for (const inner of type.inner) yield* walkType(inner, [...path, ...step]);
}
