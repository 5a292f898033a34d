import { mergeEqual } from './merging.ts';
import {
  type AnyType,
  type Definition,
  described,
  type Merged,
  type MergeSite,
  makeType,
  type OptionType,
} from './type.ts';

/** Types of text, named and merged as in nixpkgs' lib/types.nix. */

const wrong = '';

function checkText(value: unknown): string | undefined {
  if (typeof value !== 'string') return wrong;
  return value.includes('\0') ? 'it holds a null character, which Nix strings cannot' : undefined;
}

export const str: OptionType<string> = makeType({
  name: 'str',
  description: 'string',
  check: checkText,
  merge: mergeEqual,
});

export const nonEmptyStr: OptionType<string> = makeType({
  name: 'nonEmptyStr',
  description: 'non-empty string',
  check: (value) => checkText(value) ?? (/^[ \t\n]*$/.test(value as string) ? 'it is empty' : undefined),
  merge: mergeEqual,
});

/** One line; a newline at its end is taken off. */
export const singleLineStr: OptionType<string> = makeType({
  name: 'singleLineStr',
  description: '(optionally newline-terminated) single-line string',
  check: (value) =>
    checkText(value) ?? (/^[^\n\r]*\n?$/.test(value as string) ? undefined : 'it has more than one line'),
  merge: (site, definitions) => {
    const merged = mergeEqual(site, definitions);
    return merged.kind === 'value' && typeof merged.value === 'string'
      ? { kind: 'value', value: merged.value.replace(/\n$/, '') }
      : merged;
  },
});

/**
 * Text that a pattern matches whole. The pattern must mean the same to JavaScript and to Nix (POSIX extended): no
 * `\d`, no lookahead.
 *
 * @param meaning what the pattern stands for, in words: `8 hexadecimal digits`
 */
export function strMatching(pattern: RegExp, meaning?: string): OptionType<string> {
  // A pattern with the flags g or y would remember where it stopped.
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''));
  return makeType({
    name: 'strMatching',
    description: meaning ?? `string matching the pattern ${pattern.source}`,
    check: (value) =>
      checkText(value) ??
      (whole.test(value as string) ? undefined : `it does not match the pattern ${pattern.source}`),
    merge: mergeEqual,
  });
}

/** Text whose definitions are joined by a separator. */
export function separatedString(separator: string): OptionType<string> {
  return makeType({
    name: 'separatedString',
    description: `strings concatenated with ${JSON.stringify(separator)}`,
    check: checkText,
    merge: (_site: MergeSite, definitions: readonly Definition[]): Merged => ({
      kind: 'value',
      value: definitions.map(({ value }) => value).join(separator),
    }),
  });
}

/** Text of several lines; definitions are joined by newlines. */
export const lines: OptionType<string> = separatedString('\n');

/** Definitions are joined by commas. */
export const commas: OptionType<string> = separatedString(',');

/** Definitions are joined by colons, as in PATH. */
export const envVar: OptionType<string> = separatedString(':');

/** A type with a further condition. The check says what is wrong, as a clause, or undefined. */
export function addCheck<Value, Plain>(
  type: OptionType<Value, Plain>,
  check: (value: Plain) => string | undefined,
  description?: string,
): OptionType<Value, Plain> {
  return Object.freeze({
    ...type,
    ...(description === undefined ? {} : { description }),
    check: (value: unknown) => type.check(value) ?? check(value as Plain),
  });
}

/** A field of /etc/passwd: no colon and no newline. */
export function passwdEntry<Value, Plain>(type: OptionType<Value, Plain>): OptionType<Value, Plain> {
  return addCheck(
    type,
    (value) => (/[:\n]/.test(String(value)) ? 'it holds a colon or a newline' : undefined),
    `${described(type as AnyType)}, not containing newlines or colons`,
  );
}
