import { posix } from 'node:path';
import type { OpenedModule } from '../modules/collect.ts';
import { isModule, type Module } from '../modules/module.ts';
import type { ModuleHomes } from './module-homes.ts';

/**
 * The `key` of each module that is written inline in more than one place: `roles/ports.ts#1`. Nix takes a file once
 * however often it is imported, and a set or a function as often as it stands somewhere, unless it has a key. Without
 * one, the lists of such a module would be there twice.
 * Source: nixpkgs, lib/modules.nix (collectModules).
 *
 * @param modules of all hosts, each once
 */
export function moduleKeys(
  modules: readonly OpenedModule[],
  homes: ModuleHomes,
  homelab: string,
): ReadonlyMap<Module, string> {
  const places = new Map<Module, number>();
  for (const { imports } of modules) {
    for (const item of imports) {
      if (isModule(item) && !homes.has(item)) places.set(item, (places.get(item) ?? 0) + 1);
    }
  }
  const numbers = new Map<string, number>();
  const keys = new Map<Module, string>();
  for (const { module, file } of modules) {
    if ((places.get(module) ?? 0) < 2) continue;
    const number = (numbers.get(file) ?? 0) + 1;
    numbers.set(file, number);
    // A file outside the homelab by its way from there: two of one name must not have one key.
    keys.set(module, `${posix.relative(homelab, file)}#${number}`);
  }
  return keys;
}
