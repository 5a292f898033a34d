import { BootproofError, type Fault, messageOf } from '../base/errors.ts';
import { modulesPath } from '../nix/expression.ts';
import { type InputNode, isPlainObject, nodeOf, type PathNode } from '../nix/node.ts';
import { configReference, inputs, pkgs } from '../nix/reference.ts';
import { kindOfValue } from '../nix/show.ts';
import { propertyOf } from '../options/property.ts';
import type { SourcePlace } from '../options/type.ts';
import { ownersPlace } from './call-site.ts';
import type { FaultList } from './faults.ts';
import { type ImportChains, importCycleFault } from './import-cycle.ts';
import { isModule, lib, type Module } from './module.ts';
import { copyPositions } from './positions.ts';

/** A module with its function called: what it defines, in references and properties, before any merging. */
export interface OpenedModule extends SourcePlace {
  readonly module: Module;
  readonly description: string | undefined;
  /** Modules and Nix files, in the order listed. */
  readonly imports: readonly unknown[];
  readonly freeform: Readonly<Record<string, unknown>>;
  /** The definitions of typed options: a plain object, or a property around one. */
  readonly definitions: unknown;
}

/** An import that only Nix can look into. */
export interface NixImport extends SourcePlace {
  readonly node: InputNode | PathNode;
}

export interface Collected {
  /** Every module once, breadth first from the given ones, as nixpkgs' collectModules lists them. */
  readonly modules: readonly OpenedModule[];
  readonly nixImports: readonly NixImport[];
}

/** Opens the given modules and all that they import. */
export function collectModules(
  given: readonly Module[],
  faults: FaultList,
  chains: ImportChains | undefined,
): Collected {
  const config = configReference();
  const opened = new Map<Module, OpenedModule>();
  const nixImports: NixImport[] = [];
  let level: readonly Module[] = given;
  while (level.length > 0) {
    const next: Module[] = [];
    for (const module of level) {
      if (opened.has(module)) continue;
      const body = openModule(module, config, faults);
      opened.set(module, body);
      for (const [index, entry] of body.imports.entries()) {
        const node = nodeOf(entry);
        if (isModule(entry)) next.push(entry);
        else if (node?.kind === 'input' || node?.kind === 'path')
          nixImports.push({ node, ...placeOf(module) });
        else faults.add(notImportable(entry, index, module, faults, chains));
      }
    }
    level = next;
  }
  reportCycles(given, opened, faults);
  return { modules: [...opened.values()], nixImports };
}

const placeOf = ({ file, line }: SourcePlace): SourcePlace => ({ file, line });

function openModule(module: Module, config: unknown, faults: FaultList): OpenedModule {
  const nothing: OpenedModule = {
    module,
    ...placeOf(module),
    description: undefined,
    imports: [],
    freeform: {},
    definitions: {},
  };
  const body = callBody(module, config, faults);
  if (propertyOf(body)) return { ...nothing, definitions: body };
  if (!isPlainObject(body)) {
    if (body !== undefined) faults.add(badBody(module, body, faults));
    return nothing;
  }
  const { description, imports = [], freeform = {}, ...rest } = body;
  if (!Array.isArray(imports)) faults.add(badKey(module, 'imports', 'a list of modules', imports, faults));
  if (!isPlainObject(freeform)) faults.add(badKey(module, 'freeform', 'a set of options', freeform, faults));
  if (description !== undefined && typeof description !== 'string') {
    faults.add(badKey(module, 'description', 'text', description, faults));
  }
  return {
    ...nothing,
    description: typeof description === 'string' ? description : undefined,
    imports: Array.isArray(imports) ? Array.from(imports) : [],
    freeform: isPlainObject(freeform) ? freeform : {},
    definitions: copyPositions(body, rest),
  };
}

/** The body of a module; undefined after a fault was recorded. */
function callBody(module: Module, config: unknown, faults: FaultList): unknown {
  if (typeof module.body !== 'function') return module.body ?? null;
  try {
    return (module.body as (args: unknown) => unknown)({ config, pkgs, lib, modulesPath, inputs }) ?? null;
  } catch (error) {
    const place = ownersPlace(error) ?? module;
    faults.add({
      files: [faults.place(place)],
      reason:
        error instanceof BootproofError ? error.message : `The module's function failed: ${messageOf(error)}`,
      remedy: (error instanceof BootproofError ? error.hint : undefined) ?? 'Correct the function.',
    });
    return undefined;
  }
}

function badBody(module: Module, body: unknown, faults: FaultList): Fault {
  const asynchronous = body instanceof Promise;
  return {
    files: [faults.place(module)],
    reason: asynchronous
      ? 'The module is an async function.'
      : `A module is a set of definitions, or a function that gives one; this gives ${kindOfValue(body)}.`,
    remedy: asynchronous
      ? 'Make the function plain; await what it needs at the top of the file.'
      : 'Return an object: defineModule(({ config }) => ({ … })).',
  };
}

function badKey(module: Module, key: string, expected: string, value: unknown, faults: FaultList): Fault {
  return {
    files: [faults.place(module)],
    option: key,
    reason: `Expected ${expected}, got ${kindOfValue(value)}.`,
    remedy: `Write ${expected} there, or leave it out.`,
  };
}

function notImportable(
  entry: unknown,
  index: number,
  module: Module,
  faults: FaultList,
  chains: ImportChains | undefined,
): Fault {
  if (entry === undefined) return importCycleFault(index, module, faults, chains);
  const holder =
    typeof entry === 'object' && entry !== null ? (entry as { default?: unknown }).default : undefined;
  return {
    files: [faults.place(module)],
    option: `imports[${index}]`,
    reason: `It is ${kindOfValue(entry)}, not a module.`,
    remedy: isModule(holder)
      ? "Import the file's default export: import name from './file.ts'."
      : typeof entry === 'function' || isPlainObject(entry)
        ? 'Make it a module with defineModule(…).'
        : "List modules, modules of inputs, or Nix files as nixFile('./file.nix').",
  };
}

/** Reports modules that import each other, which NixOS would follow without end. */
function reportCycles(
  given: readonly Module[],
  opened: ReadonlyMap<Module, OpenedModule>,
  faults: FaultList,
): void {
  const done = new Set<Module>();
  const visit = (module: Module, trail: readonly Module[]): void => {
    const start = trail.indexOf(module);
    if (start >= 0) {
      const chain = [...trail.slice(start), module].map((step) => faults.place({ ...step, line: undefined }));
      faults.add({
        files: [...new Set(chain)],
        reason: `These modules import each other in a circle: ${chain.join(' → ')}.`,
        remedy: 'Move what both need into a third module, and import that.',
      });
      return;
    }
    if (done.has(module)) return;
    for (const entry of opened.get(module)?.imports ?? []) {
      if (isModule(entry)) visit(entry, [...trail, module]);
    }
    done.add(module);
  };
  for (const module of given) visit(module, []);
}
