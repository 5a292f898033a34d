import type { Condition } from '../nix/expression.ts';
import { isPlainObject } from '../nix/node.ts';
import type { DefinitionsOf, OptionTree, ResolvedOf } from './option.ts';
import { mkIf, mkOverride, plainPriority } from './property.ts';
import {
  type AnyType,
  type Attribute,
  type Definition,
  type Merged,
  type MergeSite,
  makeType,
  type OptionType,
  type RawDefinition,
} from './type.ts';

/** What may be written for attributes that are no options. They may also be written where an option's type is wanted. */
type FreeDefinitions<Tree, Plain> = {
  readonly [name: string]:
    | (Plain extends Readonly<Record<string, infer Each>> ? Each : never)
    | DefinitionsOf<Tree>[keyof Tree];
};

/** A definition's wrappings are off; its options are defined with conditions of their own. */
function opened(definition: Definition): RawDefinition {
  const { value, file, line, origin } = definition;
  return { value, file, line, origin, conditions: [], override: undefined };
}

/** The value with the conditions and priority of the sets around it put back on. */
function wrapped(raw: RawDefinition): unknown {
  const forced = raw.override === undefined ? raw.value : mkOverride(raw.override, raw.value);
  return raw.conditions.reduceRight((content, condition) => mkIf(condition as Condition, content), forced);
}

function mergeOptions(
  tree: OptionTree,
  free: AnyType | undefined,
  site: MergeSite,
  definitions: readonly Definition[],
): Merged {
  const ordered = definitions.filter(({ order }) => order !== undefined);
  if (ordered.length > 0) {
    return site.fail({
      definitions: ordered,
      reason: 'A mkOrder (mkBefore, mkAfter) stands around a set of options, where NixOS does not take it.',
      remedy: 'Put it around the list inside.',
    });
  }
  const unmatched: Attribute[] = [];
  // Reversed once more: nixpkgs evaluates a submodule with its definitions as modules, which it takes from the last.
  const modules = definitions.map(opened).reverse();
  const members = site.options(tree, modules, free ? unmatched : undefined);
  if (!free || unmatched.length === 0) return { kind: 'set', members, options: true };
  const freeform = free.merge(
    site,
    unmatched.map(([name, raw]) => ({
      value: { [name]: wrapped(raw) },
      file: raw.file,
      line: raw.line,
      origin: raw.origin,
      priority: plainPriority,
      order: undefined,
    })),
  );
  if (freeform.kind !== 'set') return site.fail();
  return { kind: 'set', members: new Map([...freeform.members, ...members]), options: true };
}

/**
 * A set with options of its own: users.users.<name>. With a `freeformType`, further attributes are allowed:
 * services.openssh.settings.
 */
export function submodule<const Tree extends OptionTree>(
  tree: Tree,
): OptionType<ResolvedOf<Tree>, DefinitionsOf<Tree>>;
export function submodule<const Tree extends OptionTree, Value, Plain>(
  tree: Tree,
  settings: { readonly freeformType: OptionType<Readonly<Record<string, Value>>, Plain> },
): OptionType<
  ResolvedOf<Tree> & { readonly [name: string]: Value | ResolvedOf<Tree>[keyof Tree] },
  DefinitionsOf<Tree> & FreeDefinitions<Tree, Plain>
>;
export function submodule(tree: OptionTree, settings: { readonly freeformType?: AnyType } = {}): AnyType {
  const free = settings.freeformType;
  return makeType({
    name: 'submodule',
    description: free ? `open submodule of ${free.description}` : 'submodule',
    inner: free ? [free] : [],
    tree,
    check: (value) => (isPlainObject(value) ? undefined : ''),
    merge: (site, definitions) => mergeOptions(tree, free, site, definitions),
    empty: (site) => mergeOptions(tree, free, site, []),
  });
}
