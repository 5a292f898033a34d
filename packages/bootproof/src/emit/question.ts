import type { Configuration } from '../modules/configuration.ts';
import { code, entry } from '../nix/code.ts';
import { nixSyntaxOf } from '../nix/convert.ts';
import { containsNixOnly, isPlainObject, nodeOf } from '../nix/node.ts';
import { printNix } from '../nix/print.ts';
import { attrPathText } from '../nix/show.ts';
import { type OptionTree, walkOptions } from '../options/option.ts';
import { propertyOf } from '../options/property.ts';

/** An option whose value is known here, to be compared with Nix's. */
export interface Question {
  /** As a person writes it. */
  readonly path: string;
  readonly segments: readonly string[];
  readonly value: unknown;
  /** Whether the owner's modules define it; else its value is a default. */
  readonly declared: boolean;
}

export interface Questions {
  readonly asked: readonly Question[];
  /** Declared options that cannot be compared, since only Nix knows their values. */
  readonly nixOnly: readonly string[];
}

/**
 * What can be compared: every option that is declared, and every other of the typed surface by its default. Where
 * something inside a set is declared (`disko.devices.disk.main.device`), only that is asked for, not the whole set.
 */
export function questionsOf(
  configuration: Pick<Configuration<unknown>, 'declared' | 'freeform' | 'peek'>,
  surface: OptionTree,
): Questions {
  const declared = configuration.declared();
  const asked = new Map<string, Question>();
  const nixOnly = new Set<string>();
  // Options outside the typed surface are not evaluated here; a plain value is still what Nix should come to.
  for (const { path, segments, value } of [...declared, ...configuration.freeform]) {
    if (isComparable(value)) asked.set(path, { path, segments, value, declared: true });
    else nixOnly.add(path);
  }
  const isDeclared = (segments: readonly string[]): boolean =>
    [...declared, ...configuration.freeform].some((each) =>
      segments.every((name, index) => each.segments[index] === name),
    );
  for (const { path: segments } of walkOptions(surface)) {
    // Options of a submodule exist once for each of its names; those that are declared are asked for above.
    if (segments.includes('<name>') || segments.includes('*') || isDeclared(segments)) continue;
    const path = attrPathText(segments);
    const value = configuration.peek(path);
    if (value !== undefined && isComparable(value)) {
      asked.set(path, { path, segments, value, declared: false });
    }
  }
  return { asked: [...asked.values()], nixOnly: [...nixOnly] };
}

/** Files and flake inputs are places in Nix's store, which have no name here. */
function isComparable(value: unknown): boolean {
  if (containsNixOnly(value) || propertyOf(value) !== undefined) return false;
  const kind = nodeOf(value)?.kind;
  if (kind !== undefined) return kind === 'package';
  if (Array.isArray(value)) return value.every(isComparable);
  return !isPlainObject(value) || Object.values(value).every(isComparable);
}

/**
 * A function of Nix, for `nix eval --apply` on a member of `nixosConfigurations`. It gives for each question, in their
 * order, both values in one form, so that a package is the same when it is the same output of the same derivation.
 */
export function questionFunction(questions: readonly Question[]): string {
  const list = code.list(
    questions.map(({ segments, value }) =>
      code.set([
        entry.binding('path', code.list(segments.map((name) => code.string(name)))),
        entry.binding('ours', nixSyntaxOf(value, { path: segments })),
      ]),
    ),
  );
  return `host:
let
  inherit (host) pkgs;
  inherit (pkgs) lib;
  show =
    value:
    if lib.isDerivation value then
      { package = builtins.unsafeDiscardStringContext value.outPath; }
    else if builtins.isAttrs value then
      { set = lib.mapAttrs (_: show) value; }
    else if builtins.isList value then
      { list = map show value; }
    else if builtins.isFunction value then
      { function = true; }
    else if builtins.isPath value then
      { value = toString value; }
    else if builtins.isString value then
      { value = builtins.unsafeDiscardStringContext value; }
    else
      { inherit value; };
  # A value that throws is an answer too: the others are still wanted.
  attempt =
    value:
    let
      shown = show value;
      result = builtins.tryEval (builtins.deepSeq shown shown);
    in
    if result.success then { shown = result.value; } else { failed = true; };
  answer =
    { path, ours }:
    {
      ours = show ours;
      theirs =
        if lib.hasAttrByPath path host.config then
          attempt (lib.attrByPath path null host.config)
        else
          { absent = true; };
    };
in
{
  answers = map answer ${printNix(list, { indent: 1 })};
  refusals = map (each: each.message) (lib.filter (each: !each.assertion) host.config.assertions);
}
`;
}
