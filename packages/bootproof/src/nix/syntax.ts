/**
 * Nix's syntax as a closed tree: what can be written down, before it is text. Only the printer makes text of it.
 */

/** A string; a part that is syntax is an interpolation. */
export interface StringSyntax {
  readonly kind: 'string';
  readonly parts: readonly (string | NixSyntax)[];
}

/** A path literal: `./legacy.nix`. */
export interface PathSyntax {
  readonly kind: 'path';
  readonly text: string;
}

/** An integer, as bigint or as an integral number within 64 bits; any other number is a float. */
export interface NumberSyntax {
  readonly kind: 'number';
  readonly value: number | bigint;
}

export interface BooleanSyntax {
  readonly kind: 'boolean';
  readonly value: boolean;
}

export interface NullSyntax {
  readonly kind: 'null';
}

export interface ListSyntax {
  readonly kind: 'list';
  readonly items: readonly NixSyntax[];
}

export interface SetSyntax {
  readonly kind: 'set';
  readonly recursive: boolean;
  readonly entries: readonly NixEntry[];
}

export interface VariableSyntax {
  readonly kind: 'variable';
  readonly name: string;
}

/** The steps of an attribute path: a name, or syntax whose value is the name (`${…}`). */
export type NixAttrPath = readonly (string | NixSyntax)[];

/** `of.path`, or `of.path or otherwise`. */
export interface SelectSyntax {
  readonly kind: 'select';
  readonly of: NixSyntax;
  readonly path: NixAttrPath;
  readonly otherwise?: NixSyntax;
}

/** Whether a set has an attribute: `of ? path`. */
export interface HasSyntax {
  readonly kind: 'has';
  readonly of: NixSyntax;
  readonly path: NixAttrPath;
}

export interface ApplySyntax {
  readonly kind: 'apply';
  readonly function: NixSyntax;
  readonly argument: NixSyntax;
}

/** A parameter that takes a set apart: `{ lib, port ? 22, ... }@args`. */
export interface SetPattern {
  readonly names: readonly { readonly name: string; readonly default?: NixSyntax }[];
  /** Whether further attributes are allowed: `...`. */
  readonly ellipsis: boolean;
  /** The name of the whole set. */
  readonly as?: string;
}

export interface LambdaSyntax {
  readonly kind: 'lambda';
  readonly parameter: string | SetPattern;
  readonly body: NixSyntax;
}

export type UnaryOperator = '!' | '-';
export type BinaryOperator =
  | '++'
  | '*'
  | '/'
  | '+'
  | '-'
  | '//'
  | '<'
  | '<='
  | '>'
  | '>='
  | '=='
  | '!='
  | '&&'
  | '||'
  | '->';

export interface UnarySyntax {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: NixSyntax;
}

export interface BinarySyntax {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: NixSyntax;
  readonly right: NixSyntax;
}

export interface LetSyntax {
  readonly kind: 'let';
  readonly entries: readonly NixEntry[];
  readonly body: NixSyntax;
}

export interface WithSyntax {
  readonly kind: 'with';
  readonly scope: NixSyntax;
  readonly body: NixSyntax;
}

export interface IfSyntax {
  readonly kind: 'if';
  readonly condition: NixSyntax;
  readonly yes: NixSyntax;
  readonly no: NixSyntax;
}

export interface AssertSyntax {
  readonly kind: 'assert';
  readonly condition: NixSyntax;
  readonly body: NixSyntax;
}

/**
 * Text of the owner's own, put as it stands. A part that is syntax is printed as an atom; inside of one of the text's
 * own strings it is an interpolation.
 */
export interface RawSyntax {
  readonly kind: 'raw';
  readonly parts: readonly (string | NixSyntax)[];
}

export type NixSyntax =
  | StringSyntax
  | PathSyntax
  | NumberSyntax
  | BooleanSyntax
  | NullSyntax
  | ListSyntax
  | SetSyntax
  | VariableSyntax
  | SelectSyntax
  | HasSyntax
  | ApplySyntax
  | LambdaSyntax
  | UnarySyntax
  | BinarySyntax
  | LetSyntax
  | WithSyntax
  | IfSyntax
  | AssertSyntax
  | RawSyntax;

/** One line or more of a set or a `let`. */
export type NixEntry =
  | {
      readonly kind: 'binding';
      readonly path: NixAttrPath;
      readonly value: NixSyntax;
      /** Lines that are printed above it, as `# …`. */
      readonly comment?: readonly string[];
    }
  | { readonly kind: 'inherit'; readonly names: readonly string[]; readonly from?: NixSyntax }
  | { readonly kind: 'comment'; readonly lines: readonly string[] }
  | { readonly kind: 'blank' };
