/**
 * The public face of bootproof: what the files of a homelab import.
 */
import { createDefineModule, type DefineModule } from './modules/module.ts';
import type { OptionsOf } from './options/option.ts';
import type { Surface } from './services/catalogue.ts';

/**
 * The services of a homelab's own, by name. Empty here: the file of each service adds its own, and with it the service's
 * options are typed wherever `defineModule` is used.
 *
 * @example declare module 'bootproof' { interface HomelabServices { memcached: typeof memcached } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: each homelab merges its own services into it
export interface HomelabServices {}

/** Defines a NixOS-style module over the options that bootproof and the homelab's own services know. */
export const defineModule: DefineModule<Surface & OptionsOf<HomelabServices>> = createDefineModule();

export { defineFlake, type FlakeDefinition } from './emit/flake.ts';
export { defineVm, isVm, type Vm } from './hardware/vm.ts';
export { lib, type Module } from './modules/module.ts';
export { and, equals, nix, nixFile, not, or, path, text } from './nix/expression.ts';
export { pkgs, type Reference } from './nix/reference.ts';
export { attrNameText, attrPathText } from './nix/show.ts';
export { type OptionTree, option, type ResolvedOf, type Verdict } from './options/option.ts';
export {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
  mkVMOverride,
} from './options/property.ts';
export { types } from './options/types.ts';
export { makeTest, type TestInput } from './plan/make-test.ts';
export type { Test } from './plan/test.ts';
export {
  awaitFailure,
  awaitListener,
  awaitSuccess,
  exactly,
  literally,
  overlay,
  overrideUnit,
  resolveUnit,
  rewrite,
  withLine,
} from './probes/fault-commands.ts';
export * as probes from './probes/makers.ts';
export type { Probe, ProbeFault } from './probes/probe.ts';
export { quote } from './probes/shell.ts';
export { reachedAt, tcpCommand } from './probes/tcp.ts';
export { each, eachString, type NixosTestPart, type NotTested, pythonString } from './services/nixos-test.ts';
export { peerValue } from './services/peers.ts';
export type { ImageFile } from './services/recipe.ts';
export {
  defineService,
  type Guest,
  nixosOnly,
  notProvable,
  notRealised,
  type Realisation,
  type Service,
  textFile,
  wantedBy,
} from './services/service.ts';
export { sortedLines } from './services/sorted-lines.ts';
