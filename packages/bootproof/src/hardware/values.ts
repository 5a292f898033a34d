/**
 * Schemas for the values of qm.conf. Each takes a value as TypeScript has it, and as Proxmox's property strings have it
 * (`1` and `on` for true, digits for a number). The message of each says what the key takes, to follow "it takes".
 */
import * as v from 'valibot';
import { parseSize } from '../base/size.ts';

const trueWords: readonly unknown[] = [true, 1, '1', 'on', 'yes', 'true'];
const falseWords: readonly unknown[] = [false, 0, '0', 'off', 'no', 'false'];

/** A boolean, or 1 and 0 as in Proxmox's own files. */
export const flag = v.pipe(
  v.custom<boolean | 0 | 1>(
    (value) => trueWords.includes(value) || falseWords.includes(value),
    'true or false (or 1 or 0)',
  ),
  v.transform((value) => trueWords.includes(value)),
);

/** A whole number in a range. `unit` follows "a whole number": ` of MiB`. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER, unit = '') {
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  return v.pipe(
    v.custom<number>((value) => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      return Number.isInteger(number) && (number as number) >= least && (number as number) <= most;
    }, `a whole number${unit}, ${range}`),
    v.transform(Number),
  );
}

/** A number that is not negative. */
export const amount = v.pipe(
  v.custom<number>((value) => {
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) && number >= 0;
  }, 'a number, 0 or more'),
  v.transform(Number),
);

export function oneOf<const T extends string>(...choices: readonly [T, ...T[]]) {
  return v.picklist(
    choices,
    choices.length === 1 ? `'${choices[0]}'` : `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`,
  );
}

/** A text of a given form; `form` says which, to follow "it takes". */
export function text(form = 'a text', pattern?: RegExp) {
  return pattern === undefined ? v.string(form) : v.pipe(v.string(form), v.regex(pattern, form));
}

/** A size with a unit, as Proxmox writes it: `32G`. */
export const size = v.pipe(
  v.string("a size such as '32G'"),
  v.regex(/^\d+(\.\d+)?[KMGT]?$/, "a size such as '32G' or '512M'"),
  v.check((value) => (parseSize(value) ?? 0) > 0, 'a size above nothing'),
);

/** A list, also as one text with `;` or `,` between. */
export const names = (what: string) =>
  v.pipe(
    v.custom<readonly string[] | string>(
      (value) =>
        typeof value === 'string' ||
        (Array.isArray(value) && value.every((each) => typeof each === 'string')),
      what,
    ),
    v.transform((value) =>
      (typeof value === 'string' ? value.split(/[;,\s]+/) : [...value]).filter((each) => each !== ''),
    ),
  );

/** An optional member that may be left out but not be something else. */
export const maybe = v.exactOptional;
