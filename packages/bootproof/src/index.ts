/**
 * The public face of bootproof: what the files of a homelab import.
 */
import { createDefineModule } from './modules/module.ts';
import type { Surface } from './services/catalogue.ts';

/** Defines a NixOS-style module over the options that bootproof knows. */
export const defineModule = createDefineModule<Surface>();

export { defineFlake, type FlakeDefinition } from './emit/flake.ts';
export { defineVm, isVm, type Vm } from './hardware/vm.ts';
export { lib, type Module } from './modules/module.ts';
export { and, equals, nix, nixFile, not, or, path, text } from './nix/expression.ts';
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
export { makeTest, type TestInput } from './plan/make-test.ts';
export type { Test } from './plan/test.ts';
export * as probes from './probes/makers.ts';
export type { Probe } from './probes/probe.ts';
