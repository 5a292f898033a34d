import { containsNixOnly } from '../nix/node.ts';
import { isOption, type OptionTree } from '../options/option.ts';

/**
 * The values of a tree of options as services may use them: where part of a value is known to Nix alone, the option's
 * own default stands in for it. The plan lists such options as not provable, so that nothing is dropped in silence.
 */
export function knownValues(tree: OptionTree, values: unknown): Record<string, unknown> {
  const given = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(tree).map(([name, member]) => {
      const value = given[name];
      if (!isOption(member)) return [name, knownValues(member, value ?? {})];
      return [name, containsNixOnly(value) ? plainDefault(member.default) : value];
    }),
  );
}

const plainDefault = (value: unknown): unknown => (typeof value === 'function' ? null : (value ?? null));
