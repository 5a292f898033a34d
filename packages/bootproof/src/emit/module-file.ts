import { posix } from 'node:path';
import type { Fault } from '../base/errors.ts';
import type { OpenedModule } from '../modules/collect.ts';
import { isModule, type Module } from '../modules/module.ts';
import { commentOf, copyPositions } from '../modules/positions.ts';
import { code, entry } from '../nix/code.ts';
import { nixSyntaxOf } from '../nix/convert.ts';
import { freeVariables } from '../nix/free-variables.ts';
import { isPlainObject, nodeOf, type PathNode } from '../nix/node.ts';
import { printNixFile } from '../nix/print.ts';
import type { NixEntry, NixSyntax } from '../nix/syntax.ts';
import { mkMerge, propertyOf } from '../options/property.ts';
import { below, type ModuleHomes, relativeNixPath } from './module-homes.ts';
import { propertySyntax } from './properties.ts';

/** What a NixOS module may be given as an argument, in the order in which it is written. */
const moduleArgs = ['config', 'inputs', 'lib', 'modulesPath', 'options', 'pkgs', 'utils'];

/** What the rendering of modules needs to know, and what it finds. */
export interface ModuleContext {
  readonly homelab: string;
  readonly homes: ModuleHomes;
  /** Of the modules that stand inline in several places. */
  readonly keys: ReadonlyMap<Module, string>;
  readonly opened: ReadonlyMap<Module, OpenedModule>;
  /** Names a file of the owner's as faults do. */
  readonly place: (module: OpenedModule) => string;
  /** Takes the absolute path of each file that is named. */
  readonly onFile: (path: string, module: OpenedModule) => void;
  /** Takes the name of each flake input that is used. */
  readonly onInput: (name: string, module: OpenedModule) => void;
  /** Whether the option at a path may hold a number. */
  readonly isNumber: (path: readonly string[]) => boolean;
  readonly faults: Fault[];
}

/** The text of a module's own Nix file. */
export function moduleFile(module: OpenedModule, path: string, context: ModuleContext): string {
  const source = below(context.homelab, module.file) ?? posix.basename(module.file);
  const header = [...descriptionLines(module.description), `Emitted from ${source}: change that, not this.`];
  return printNixFile(moduleSyntax(module, path, context), { header: header.join('\n') });
}

/** A module as Nix: a set, or a function to one that names the arguments it uses. */
function moduleSyntax(module: OpenedModule, path: string, context: ModuleContext): NixSyntax {
  const key = context.keys.get(module.module);
  const body = code.set([
    ...(key === undefined ? [] : [entry.binding('key', code.string(key))]),
    ...importEntries(module, path, context),
    ...definitionEntries(module, path, context),
  ]);
  const used = freeVariables(body, moduleArgs);
  if (used.size === 0) return body;
  const names = moduleArgs.filter((name) => used.has(name)).map((name) => ({ name }));
  return code.lambda({ names, ellipsis: true }, body);
}

/** A description without the indentation that a template string gives it. */
function descriptionLines(description: string | undefined): string[] {
  if (description === undefined || description.trim() === '') return [];
  const lines = description
    .trim()
    .split('\n')
    .map((line) => line.trim());
  return [...lines, ''];
}

function importEntries(module: OpenedModule, path: string, context: ModuleContext): NixEntry[] {
  if (module.imports.length === 0) return [];
  const items = module.imports.map((item) => importSyntax(item, module, path, context));
  return [entry.binding('imports', code.list(items))];
}

function importSyntax(item: unknown, module: OpenedModule, path: string, context: ModuleContext): NixSyntax {
  if (!isModule(item)) return valueSyntax(item, ['imports'], module, path, context);
  const home = context.homes.get(item);
  if (home !== undefined) return code.path(relativeNixPath(path, home));
  const opened = context.opened.get(item);
  if (opened === undefined) throw new Error(`${item.file} was imported and not opened.`);
  return moduleSyntax(opened, path, context);
}

function definitionEntries(module: OpenedModule, path: string, context: ModuleContext): readonly NixEntry[] {
  const all = withFreeform(module.definitions, module.freeform);
  const syntax = valueSyntax(all, [], module, path, context);
  if (syntax.kind === 'set' && !syntax.recursive) return syntax.entries;
  return [entry.binding('config', syntax)];
}

/** The typed definitions and the others as one set, so that no attribute is defined twice. */
function withFreeform(definitions: unknown, freeform: Readonly<Record<string, unknown>>): unknown {
  if (Object.keys(freeform).length === 0) return definitions;
  // A property is a plain object too, but what it holds is not among its members.
  if (!isPlainObject(definitions) || propertyOf(definitions) !== undefined)
    return mkMerge([definitions, freeform]);
  const merged: Record<string, unknown> = { ...definitions };
  for (const [name, value] of Object.entries(freeform)) {
    const other = merged[name];
    if (other === undefined) merged[name] = value;
    else merged[name] = isPlainObject(value) ? withFreeform(other, value) : mkMerge([other, value]);
  }
  return copyPositions(definitions, merged);
}

function valueSyntax(
  value: unknown,
  at: readonly string[],
  module: OpenedModule,
  path: string,
  context: ModuleContext,
): NixSyntax {
  return nixSyntaxOf(value, {
    path: at,
    commentOf,
    needsToString: ({ path: option }) => context.isNumber(option),
    special: (inner, where, again) => {
      const node = nodeOf(inner);
      if (node?.kind === 'input' && node.attrPath[0] !== undefined) context.onInput(node.attrPath[0], module);
      if (node?.kind === 'path' && node.base === 'file') return fileSyntax(node, module, path, context);
      return propertyOf(inner) === undefined ? undefined : propertySyntax(inner, where, again);
    },
  });
}

/** A file of the owner's, which is emitted beside the module that names it. */
function fileSyntax(node: PathNode, module: OpenedModule, path: string, context: ModuleContext): NixSyntax {
  const source = posix.join(posix.dirname(module.file), node.path);
  const target = below(context.homelab, source);
  if (target === undefined) {
    context.faults.push({
      files: [context.place(module)],
      value: node.path,
      reason: 'The file is outside the homelab, whose folder alone is emitted.',
      remedy: `Move it below ${context.homelab}.`,
    });
    return code.null();
  }
  context.onFile(source, module);
  return code.path(relativeNixPath(path, target));
}
