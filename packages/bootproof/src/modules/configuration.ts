import { BootproofError } from '../base/errors.ts';
import { containsNixOnly } from '../nix/node.ts';
import { parseAttrPath, showValue } from '../nix/show.ts';
import type { Option, PathOf, ResolvedOf, ValueAt } from '../options/option.ts';
import { optionDefaultPriority } from '../options/property.ts';
import type { Merged, Site, SourcePlace } from '../options/type.ts';
import type { NixImport, OpenedModule } from './collect.ts';
import { pathText } from './engine.ts';
import type { SettledDefinition } from './settle.ts';
import { OptionSite } from './site.ts';

/** An option set outside the typed surface, which only Nix sees. */
export interface FreeformEntry extends SourcePlace {
  readonly path: string;
  readonly segments: readonly string[];
  readonly value: unknown;
}

/** An option that the owner's modules define. */
export interface DeclaredOption {
  /** As a person writes it: `users.users.alice.shell`. */
  readonly path: string;
  readonly segments: readonly string[];
  /** The option's record; of an attribute without one (in an open submodule), the record of the option around it. */
  readonly option: Option;
  /** The path of the record: `users.users.<name>.shell`. */
  readonly pattern: string;
  readonly value: unknown;
  /** The owner's definitions of it, losing ones included, in the order merged. */
  readonly definitions: readonly SettledDefinition[];
  /** Of the definition that counts: 100 for a plain one. */
  readonly highestPrio: number;
  /** Whether the whole value is known; if not, part of it is raw Nix. */
  readonly known: boolean;
}

interface Parts {
  readonly root: Site;
  readonly modules: readonly OpenedModule[];
  readonly nixImports: readonly NixImport[];
  readonly freeform: readonly FreeformEntry[];
  readonly place: (place: SourcePlace) => string;
}

/** The result of evaluating a host's modules: every option with its value and where it was defined. Frozen. */
export class Configuration<Tree> {
  /** The modules that took part, each once, the importer before its imports. */
  readonly modules: readonly OpenedModule[];
  /** Imports that only Nix can look into. */
  readonly nixImports: readonly NixImport[];
  readonly freeform: readonly FreeformEntry[];
  readonly #root: Site;
  readonly #place: (place: SourcePlace) => string;

  constructor(parts: Parts) {
    this.modules = Object.freeze([...parts.modules]);
    this.nixImports = Object.freeze([...parts.nixImports]);
    this.freeform = Object.freeze([...parts.freeform]);
    this.#root = parts.root;
    this.#place = parts.place;
    Object.freeze(this);
  }

  /** All values, nested. Where raw Nix was declared, a Nix value stands in place of the type's own; `get` refuses those. */
  get value(): ResolvedOf<Tree> {
    return this.#root.value() as ResolvedOf<Tree>;
  }

  /**
   * The value of an option.
   *
   * @throws BootproofError when part of it is a raw Nix expression, and so not known here; ask `isKnown` first
   */
  get<Path extends PathOf<Tree>>(path: Path): ValueAt<Tree, Path> {
    const value = this.peek(path);
    if (containsNixOnly(value)) {
      const places = this.definitions(path).map(this.#place).join(' and ');
      throw new BootproofError(`The value of ${path} is known to Nix only: ${showValue(value)}.`, {
        kind: 'declaration',
        hint: `Declare it with plain values and references.${places === '' ? '' : ` It is set in ${places}.`}`,
      });
    }
    return value as ValueAt<Tree, Path>;
  }

  /** The value at any path (`users.users.alice.shell`), raw Nix included; undefined when there is nothing. */
  peek(path: string): unknown {
    return this.#site(path)?.value();
  }

  /** Whether the whole value is known here, and holds no raw Nix. */
  isKnown(path: string): boolean {
    const site = this.#site(path);
    return site !== undefined && !containsNixOnly(site.value());
  }

  /** Whether the owner's modules define it, or anything in it, at whatever priority. */
  isDefined(path: string): boolean {
    return this.definitions(path).length > 0;
  }

  /** The owner's definitions of an option, with file, line and priority; of a set of options, those of all its options. */
  definitions(path: string): readonly SettledDefinition[] {
    const site = this.#site(path);
    return site ? definitionsAt(site) : [];
  }

  /** The priority of what counts: 1500 for an option that nobody defines. */
  highestPrio(path: string): number {
    const site = this.#site(path);
    return site instanceof OptionSite ? priorityOf(site) : optionDefaultPriority;
  }

  /** Where something was defined, for people: `hosts/hl02/configuration.ts:12`. */
  place(place: SourcePlace): string {
    return this.#place(place);
  }

  /** Every option that the owner's modules define, those of submodules one by one, in the order of the surface. */
  declared(): readonly DeclaredOption[] {
    return [...walkDeclared(this.#root, [], undefined)];
  }

  #site(path: string): Site | undefined {
    let here: Site | undefined = this.#root;
    for (const name of parseAttrPath(path)) {
      const merged: Merged | undefined = here?.merged();
      here = merged?.kind === 'set' ? merged.members.get(name) : undefined;
    }
    return here;
  }
}

const owners = (site: OptionSite): readonly SettledDefinition[] =>
  site.settled().all.filter(({ origin }) => origin === 'declared');

function definitionsAt(site: Site): readonly SettledDefinition[] {
  if (site instanceof OptionSite) return owners(site);
  const merged = site.merged();
  return merged.kind === 'set' ? [...merged.members.values()].flatMap(definitionsAt) : [];
}

const priorityOf = (site: OptionSite): number =>
  Math.min(optionDefaultPriority, ...site.settled().all.map(({ priority }) => priority));

function* walkDeclared(
  site: Site,
  pattern: readonly string[],
  around: Option | undefined,
): Generator<DeclaredOption> {
  if (!(site instanceof OptionSite)) {
    yield* walkMembers(site, pattern, around);
    return;
  }
  const option = site.option ?? around;
  const definitions = owners(site);
  if (definitions.length === 0 || !option) return;
  const inner = [...walkMembers(site, pattern, option)];
  if (inner.length > 0 && holdsOptions(site)) {
    yield* inner;
    return;
  }
  const value = site.value();
  yield {
    path: pathText(site.path),
    segments: site.path,
    option,
    pattern: pattern.join('.'),
    value,
    definitions,
    highestPrio: priorityOf(site),
    known: !containsNixOnly(value),
  };
}

function* walkMembers(
  site: Site,
  pattern: readonly string[],
  around: Option | undefined,
): Generator<DeclaredOption> {
  const merged = site.merged();
  if (merged.kind !== 'set') return;
  for (const [name, member] of merged.members) {
    const free = member instanceof OptionSite && !member.option;
    yield* walkDeclared(member, [...pattern, free ? '<name>' : name], around);
  }
}

/** Whether there are options somewhere below: a submodule, or a set of submodules. */
function holdsOptions(site: Site): boolean {
  const merged = site.merged();
  if (merged.kind !== 'set') return false;
  return merged.options || [...merged.members.values()].some(holdsOptions);
}
