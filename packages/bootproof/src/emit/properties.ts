import { code } from '../nix/code.ts';
import type { NixSyntax } from '../nix/syntax.ts';
import { type PropertyNode, propertyOf } from '../options/property.ts';

/** Converts a value at a path of options. */
export type Convert = (value: unknown, path: readonly string[]) => NixSyntax;

/** Functions of nixpkgs' lib, by the number that they stand for. Source: nixpkgs, lib/modules.nix. */
const overrides: ReadonlyMap<number, string> = new Map([
  [10, 'mkVMOverride'],
  [50, 'mkForce'],
  [1000, 'mkDefault'],
  [1500, 'mkOptionDefault'],
]);
const orders: ReadonlyMap<number, string> = new Map([
  [500, 'mkBefore'],
  [1500, 'mkAfter'],
]);

const fromLib = (name: string): NixSyntax => code.select(code.variable('lib'), [name]);

/** A property as the call of nixpkgs' lib that makes it; undefined for any other value. */
export function propertySyntax(
  value: unknown,
  path: readonly string[],
  convert: Convert,
): NixSyntax | undefined {
  const property = propertyOf(value);
  return property === undefined ? undefined : callOf(property, path, convert);
}

function callOf(property: PropertyNode, path: readonly string[], convert: Convert): NixSyntax {
  switch (property.kind) {
    case 'if':
      return code.apply(fromLib('mkIf'), convert(property.condition, path), convert(property.content, path));
    case 'merge':
      return code.apply(
        fromLib('mkMerge'),
        code.list(property.contents.map((content) => convert(content, path))),
      );
    case 'override':
      return numbered(overrides, 'mkOverride', property.priority, convert(property.content, path));
    case 'order':
      return numbered(orders, 'mkOrder', property.priority, convert(property.content, path));
  }
}

function numbered(
  names: ReadonlyMap<number, string>,
  general: string,
  priority: number,
  content: NixSyntax,
): NixSyntax {
  const name = names.get(priority);
  return name === undefined
    ? code.apply(fromLib(general), code.number(priority), content)
    : code.apply(fromLib(name), content);
}
