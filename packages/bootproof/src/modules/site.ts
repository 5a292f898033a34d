import { isNixOnly, nixValue } from '../nix/node.ts';
import { kindOfValue, showValue } from '../nix/show.ts';
import { isOption, type Option, type OptionTree } from '../options/option.ts';
import { optionDefaultPriority } from '../options/property.ts';
import type {
  AnyType,
  Attribute,
  Complaint,
  Definition,
  Merged,
  MergeSite,
  RawDefinition,
  Site,
  SourcePlace,
} from '../options/type.ts';
import { type Engine, type Lazy, lazy, pathText, type TracedSite } from './engine.ts';
import { NixOnlyRead, Poisoned } from './faults.ts';
import { attributesOf, pushDown } from './push-down.ts';
import { type Settled, settle } from './settle.ts';
import { similarPaths } from './similar.ts';

/** The submodule around an option, for its computed defaults. */
interface Surrounding {
  readonly name: string;
  readonly self: () => Site;
}

/** Names in the longest path that is followed; a value that holds itself would never end. */
const deepest = 100;

const unknownReason = 'its value depends on a raw Nix expression';

/** Where definitions of one option, or of one attribute or item of it, meet. */
export class OptionSite implements TracedSite, MergeSite {
  readonly path: readonly string[];
  readonly type: AnyType;
  /** Undefined for the attributes and items of a set or list. */
  readonly option: Option | undefined;
  readonly #engine: Engine;
  readonly #definitions: readonly RawDefinition[];
  readonly #surrounding: Surrounding | undefined;
  readonly #settled: Lazy<Settled> = lazy();
  readonly #merged: Lazy<Merged> = lazy();
  readonly #value: Lazy<unknown> = lazy();

  constructor(
    engine: Engine,
    path: readonly string[],
    declared: { readonly type: AnyType; readonly option?: Option },
    definitions: readonly RawDefinition[],
    surrounding?: Surrounding,
  ) {
    this.#engine = engine;
    this.path = path;
    this.type = declared.type;
    this.option = declared.option;
    this.#definitions = definitions;
    this.#surrounding = surrounding;
  }

  get origin(): SourcePlace | undefined {
    return this.#definitions[0];
  }

  isDefined(): boolean {
    const { winners, uncertain } = this.settled();
    return uncertain || winners.length > 0;
  }

  /** The definitions with their conditions decided, the option's default not among them. */
  settled(): Settled {
    return this.#engine.run(this, this.#settled, () => settle(this.#engine, this.path, this.#definitions));
  }

  merged(): Merged {
    return this.#engine.run(this, this.#merged, () => this.#merge());
  }

  #merge(): Merged {
    const { winners, uncertain, all } = this.settled();
    if (this.option?.readOnly && all.length > 0) {
      return this.fail({
        definitions: all,
        reason: 'NixOS sets this option itself; it may be read, but not defined.',
        remedy: 'Remove the definition.',
      });
    }
    if (uncertain) return { kind: 'value', value: nixValue({ kind: 'unknown', reason: unknownReason }) };
    const definitions = this.#withDefault(winners);
    if (definitions.length === 0) return this.#nothing();
    const unknown = definitions.find(({ value }) => isNixOnly(value));
    if (unknown) {
      const value =
        definitions.length === 1 ? unknown.value : nixValue({ kind: 'unknown', reason: unknownReason });
      return { kind: 'value', value };
    }
    this.#check(definitions);
    return this.type.merge(this, definitions);
  }

  /** Adds the option's default where nothing stronger is defined. */
  #withDefault(winners: readonly Definition[]): readonly Definition[] {
    const option = this.option;
    if (!option || !('default' in option)) return winners;
    const priority = winners[0]?.priority ?? Infinity;
    if (priority < optionDefaultPriority) return winners;
    const definition: Definition = {
      file: '(default)',
      line: undefined,
      origin: 'default',
      priority: optionDefaultPriority,
      order: undefined,
      value: this.#default(option),
    };
    return priority > optionDefaultPriority ? [definition] : [definition, ...winners];
  }

  #default(option: Option): unknown {
    const place: SourcePlace = { file: '(default)', line: undefined };
    const given: unknown = option.default;
    if (typeof given !== 'function') return this.#engine.resolveHead(given, place, this.path);
    const { name, self } = this.#surrounding ?? { name: '', self: () => this.#engine.root ?? this };
    const root = (): Site => this.#engine.root ?? this;
    try {
      return given(this.#engine.reader(root, place, this.path), {
        name,
        self: this.#engine.reader(self, place, this.path),
      });
    } catch (error) {
      if (error instanceof NixOnlyRead) {
        return nixValue({
          kind: 'unknown',
          reason: `its default depends on ${error.option}, which only Nix knows`,
        });
      }
      throw error;
    }
  }

  #nothing(): Merged {
    if (this.type.empty) return this.type.empty(this);
    return this.fail({
      definitions: [],
      reason: `It has no default and must be set: expected ${this.type.description}.`,
      remedy:
        this.option?.example === undefined
          ? 'Define it in one of the modules.'
          : `Define it in one of the modules, for example as ${showValue(this.option.example)}.`,
    });
  }

  #check(definitions: readonly Definition[]): void {
    let sound = true;
    for (const definition of definitions) {
      const fault = this.type.check(definition.value);
      if (fault === undefined) continue;
      sound = false;
      const expected = `Expected ${this.type.description}`;
      this.complain({
        definitions: [definition],
        reason:
          fault === '' ? `${expected}, got ${kindOfValue(definition.value)}.` : `${expected}, but ${fault}.`,
        remedy:
          this.option?.example === undefined
            ? 'Give it a value of this type.'
            : `Write it like this: ${showValue(this.option.example)}.`,
      });
    }
    if (!sound) throw new Poisoned();
  }

  value(): unknown {
    return this.#engine.run(this, this.#value, () => finish(this.merged()));
  }

  attributes(definition: Definition): readonly (readonly [string, RawDefinition])[] {
    return attributesOf(bare(definition));
  }

  items(definition: Definition): readonly RawDefinition[] {
    return Array.from(definition.value as readonly unknown[], (value) => bare({ ...definition, value }));
  }

  inner(name: string, type: AnyType, definitions: readonly RawDefinition[]): Site {
    if (this.path.length > deepest) {
      return this.fail({
        definitions: [],
        reason: 'It is nested too deeply, or holds itself.',
        remedy: 'Write the value out as plain data.',
      });
    }
    return new OptionSite(this.#engine, [...this.path, name], { type }, definitions);
  }

  options(
    tree: unknown,
    definitions: readonly RawDefinition[],
    unmatched?: Attribute[],
  ): ReadonlyMap<string, Site> {
    const surrounding: Surrounding = {
      name: this.path.findLast((name) => !name.startsWith('[')) ?? '',
      self: () => this,
    };
    return matchTree(this.#engine, tree as OptionTree, this.path, definitions, { surrounding, unmatched });
  }

  resolve(definition: Definition): unknown {
    return this.#engine.resolve(definition.value, definition, this.path);
  }

  complain({ definitions, reason, remedy, value }: Complaint): void {
    const files = this.#engine.faults.places(definitions.length > 0 ? definitions : []);
    const [first] = definitions;
    this.#engine.faults.add({
      files: files.length > 0 ? files : [this.#engine.faults.home],
      option: pathText(this.path),
      ...(value !== undefined ? { value } : first ? { value: showValue(first.value) } : {}),
      reason,
      remedy,
    });
  }

  fail(complaint?: Complaint): never {
    if (complaint) this.complain(complaint);
    throw new Poisoned();
  }
}

/** A definition's members start anew: their conditions and priorities are their own. */
function bare({ value, file, line, origin }: Definition): RawDefinition {
  return { value, file, line, origin, conditions: [], override: undefined };
}

/** The finished value of what was merged. Every member is tried, so that all faults are found. */
function finish(merged: Merged): unknown {
  if (merged.kind === 'value') return freezeValue(merged.value);
  const members =
    merged.kind === 'list' ? merged.items.map((item) => ['', item] as const) : [...merged.members];
  let poisoned = false;
  const values = members.map(([name, member]) => {
    try {
      return [name, member.value()] as const;
    } catch (error) {
      if (!(error instanceof Poisoned)) throw error;
      poisoned = true;
      return [name, undefined] as const;
    }
  });
  if (poisoned) throw new Poisoned();
  return Object.freeze(
    merged.kind === 'list' ? values.map(([, value]) => value) : Object.fromEntries(values),
  );
}

function freezeValue(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freezeValue(member);
  }
  return value;
}

interface Matching {
  readonly surrounding: Surrounding | undefined;
  /** Takes the attributes that are no options; without it they are faults. */
  readonly unmatched: Attribute[] | undefined;
}

/** Hands the definitions of a set of options to each option. */
function matchTree(
  engine: Engine,
  tree: OptionTree,
  path: readonly string[],
  definitions: readonly RawDefinition[],
  { surrounding, unmatched }: Matching,
): ReadonlyMap<string, Site> {
  const report = (definition: RawDefinition, reason: string, remedy: string): void =>
    engine.fault(definition, path, reason, remedy, showValue(definition.value));
  const byName = new Map<string, RawDefinition[]>(Object.keys(tree).map((name) => [name, []]));
  for (const definition of definitions.flatMap((each) => pushDown(each, report))) {
    for (const attribute of attributesOf(definition)) {
      const matching = byName.get(attribute[0]);
      if (matching) matching.push(attribute[1]);
      else if (unmatched) unmatched.push(attribute);
      else reportUnknown(engine, tree, path, attribute);
    }
  }
  const members = new Map<string, Site>();
  for (const [name, member] of Object.entries(tree)) {
    const here = [...path, name];
    const matching = byName.get(name) ?? [];
    members.set(
      name,
      isOption(member)
        ? new OptionSite(engine, here, { type: member.type, option: member }, matching, surrounding)
        : new GroupSite(engine, here, member, matching, surrounding),
    );
  }
  return members;
}

/** A set of options: `services.openssh`. */
export class GroupSite implements TracedSite {
  readonly path: readonly string[];
  readonly #engine: Engine;
  readonly #tree: OptionTree;
  readonly #definitions: readonly RawDefinition[];
  readonly #surrounding: Surrounding | undefined;
  readonly #merged: Lazy<Merged> = lazy();
  readonly #value: Lazy<unknown> = lazy();

  constructor(
    engine: Engine,
    path: readonly string[],
    tree: OptionTree,
    definitions: readonly RawDefinition[],
    surrounding?: Surrounding,
  ) {
    this.#engine = engine;
    this.path = path;
    this.#tree = tree;
    this.#definitions = definitions;
    this.#surrounding = surrounding;
  }

  get origin(): SourcePlace | undefined {
    return this.#definitions[0];
  }

  isDefined(): boolean {
    return this.#definitions.length > 0;
  }

  merged(): Merged {
    return this.#engine.run(this, this.#merged, () => {
      const members = matchTree(this.#engine, this.#tree, this.path, this.#definitions, {
        surrounding: this.#surrounding,
        unmatched: undefined,
      });
      return { kind: 'set', members, options: true };
    });
  }

  value(): unknown {
    return this.#engine.run(this, this.#value, () => finish(this.merged()));
  }
}

/** Says that no option has this name, and which ones have a similar one. */
function reportUnknown(
  engine: Engine,
  tree: OptionTree,
  path: readonly string[],
  [name, definition]: Attribute,
): void {
  const near = similarPaths(engine.tree, tree, path, name).map(pathText);
  const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : '';
  engine.fault(
    definition,
    [...path, name],
    'There is no such option.',
    `${hint}An option that NixOS has and this tool does not know is declared under freeform: { … }.`,
    showValue(definition.value),
  );
}
