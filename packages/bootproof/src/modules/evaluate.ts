import { DeclarationError } from '../base/errors.ts';
import { isPlainObject } from '../nix/node.ts';
import { isOption, type OptionTree } from '../options/option.ts';
import type { RawDefinition, SourcePlace } from '../options/type.ts';
import { collectModules, type OpenedModule } from './collect.ts';
import { Configuration, type FreeformEntry } from './configuration.ts';
import { Engine, pathText } from './engine.ts';
import { FaultList, Poisoned } from './faults.ts';
import type { ImportChains } from './import-cycle.ts';
import type { Module } from './module.ts';
import { positionOf } from './positions.ts';
import { GroupSite } from './site.ts';

export interface Evaluation<Tree> {
  /** Every option that may be defined. */
  readonly options: Tree;
  /** The host's module; with several, later ones are like imports of an unnamed module around them. */
  readonly modules: readonly Module[];
  /**
   * What NixOS's own modules define when options are set (an open port for a service that is on). Merged like the
   * owner's, but not counted as declared.
   */
  readonly implied?: readonly Module[];
  /** A folder that file names in errors are shown relative to. */
  readonly root?: string;
  readonly importChains?: ImportChains;
}

/**
 * Merges modules into a configuration, as nixpkgs' evalModules does.
 *
 * @throws DeclarationError with every fault of the declaration
 */
export function evaluate<const Tree extends OptionTree>(evaluation: Evaluation<Tree>): Configuration<Tree> {
  const faults = new FaultList(evaluation.root, evaluation.modules[0]?.file);
  const declared = collectModules(evaluation.modules, faults, evaluation.importChains);
  const implied = collectModules(evaluation.implied ?? [], faults, evaluation.importChains);
  const engine = new Engine(faults, evaluation.options);
  const freeform = declared.modules.flatMap((module) => freeformOf(module, evaluation.options, faults));
  engine.freeformPaths.push(...freeform.map(({ segments }) => segments));

  // Reversed, so that an imported module's lists come before the importer's, as in NixOS.
  const definitions = [
    ...implied.modules.map((module) => rootDefinition(module, 'implied')).reverse(),
    ...declared.modules.map((module) => rootDefinition(module, 'declared')).reverse(),
  ];
  const root = new GroupSite(engine, [], evaluation.options, definitions);
  engine.root = root;
  try {
    root.value();
  } catch (error) {
    if (!(error instanceof Poisoned)) throw error;
  }
  if (faults.count > 0) throw new DeclarationError(faults.sorted());
  return new Configuration<Tree>({
    root,
    modules: declared.modules,
    nixImports: declared.nixImports,
    freeform,
    place: (place) => faults.place(place),
  });
}

function rootDefinition(module: OpenedModule, origin: RawDefinition['origin']): RawDefinition {
  const { definitions, file, line } = module;
  return { value: definitions, file, line, origin, conditions: [], override: undefined };
}

/** The options that a module sets outside the typed surface, one by one. */
function freeformOf(module: OpenedModule, tree: OptionTree, faults: FaultList): FreeformEntry[] {
  const entries: FreeformEntry[] = [];
  const walk = (
    set: object,
    segments: readonly string[],
    within: OptionTree | undefined,
    at: SourcePlace,
  ): void => {
    for (const [name, value] of Object.entries(set)) {
      const path = [...segments, name];
      const place = positionOf(set, name) ?? at;
      const declared = within !== undefined && Object.hasOwn(within, name) ? within[name] : undefined;
      if (isOption(declared)) {
        faults.add({
          files: [faults.place(place)],
          option: pathText(path),
          reason: 'It is set under freeform, but this option is known and typed.',
          remedy: 'Move it out of freeform.',
        });
      } else if (isPlainObject(value) && Object.keys(value).length > 0) {
        walk(value, path, declared, place);
      } else {
        entries.push({ path: pathText(path), segments: path, value, file: place.file, line: place.line });
      }
    }
  };
  walk(module.freeform, [], tree, { file: module.file, line: module.line });
  return entries;
}
