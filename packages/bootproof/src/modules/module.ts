import { callSite } from '../base/stack.ts';
import { and, equals, type ModulesPath, type NixPath, not, or, text } from '../nix/expression.ts';
import { getAttr, type InputRef, type PackageRef } from '../nix/reference.ts';
import type { ConfigOf, DefinitionsOf } from '../options/option.ts';
import {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
  mkVMOverride,
  type Property,
} from '../options/property.ts';
import type { SourcePlace } from '../options/type.ts';

export const moduleKey: unique symbol = Symbol.for('bootproof.module') as never;

/** The functions of nixpkgs' lib that modules use, and makers of conditions and strings from references. */
export const lib = Object.freeze({
  and,
  equals,
  getAttr,
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
  mkVMOverride,
  not,
  or,
  text,
});

/** A NixOS-style unit of configuration, as made by `defineModule`. */
export interface Module extends SourcePlace {
  readonly [moduleKey]: true;
  /** What was given: the definitions, or a function that gives them. */
  readonly body: unknown;
}

/** What `imports` may list: modules, modules of flake inputs, and Nix files of the owner's own. */
export type Import = Module | InputRef | NixPath;

/** Attributes for options outside the typed surface, of any shape. */
export interface Freeform {
  readonly [name: string]: unknown;
}

/** What a function module is given. */
export interface ModuleArgs<Tree, Packages extends string = never> {
  /** References to all options' values, as they are after merging. */
  readonly config: ConfigOf<Tree>;
  /** References to nixpkgs' packages. */
  readonly pkgs: PackageRef<Packages>;
  readonly lib: typeof lib;
  /** nixpkgs' folder of NixOS modules. */
  readonly modulesPath: ModulesPath;
  /** References to the flake's inputs. */
  readonly inputs: InputRef;
}

/** What a module says: options to define, and around them what it imports and how it is described. */
export type ModuleBody<Tree> = {
  /** What the module is for: the header comment of the emitted file. */
  readonly description?: string;
  readonly imports?: readonly Import[];
  /** Options outside the typed surface, emitted unchanged. They are seen by Nix only. */
  readonly freeform?: Freeform;
} & DefinitionsOf<Tree>;

type Body<Tree> = ModuleBody<Tree> | Property<DefinitionsOf<Tree>>;

/** Defines a module: definitions, or a function of `{ config, pkgs, lib, modulesPath, inputs }` that gives them. */
export type DefineModule<Tree, Packages extends string = never> = (
  body: Body<Tree> | ((args: ModuleArgs<Tree, Packages>) => Body<Tree>),
) => Module;

/**
 * Makes a `defineModule` that knows the options of a tree. Export what it returns as it is: a module learns its file
 * from the place that calls it.
 */
export function createDefineModule<Tree, Packages extends string = never>(): DefineModule<Tree, Packages> {
  const define = (body: unknown): Module =>
    Object.freeze({ [moduleKey]: true as const, body, ...callSite(define) });
  return define;
}

export function isModule(value: unknown): value is Module {
  return typeof value === 'object' && value !== null && moduleKey in value;
}
