/** The range of Nix's integers: signed, 64 bits. */
const lowest = -(2n ** 63n);
const highest = 2n ** 63n - 1n;

export const isNixInteger = (value: bigint): boolean => value >= lowest && value <= highest;

/** The smallest float that Nix's lexer takes; below it, strtod calls the literal out of range. */
const smallestLiteral = 2.2250738585072014e-308;

/** How a number's text binds: alone, with a minus before it, as a difference, or as a call. */
export type NumberForm = 'atom' | 'negative' | 'difference' | 'call';

/**
 * A number in Nix's grammar: `22`, `1.0e-7`. JavaScript has one kind of number, so 1.0 is the integer 1 (and -0 is 0).
 * What is integral but no 64-bit integer is a float.
 *
 * Nix has no literal for its lowest integer (it would be minus one that is too high), nor for subnormal floats.
 */
export function numberText(value: number | bigint): { readonly text: string; readonly form: NumberForm } {
  const whole = typeof value === 'bigint' ? value : Number.isInteger(value) ? BigInt(value) : undefined;
  if (whole === lowest) return { text: `${lowest + 1n} - 1`, form: 'difference' };
  const sign = value < 0 ? 'negative' : 'atom';
  if (whole !== undefined && isNixInteger(whole)) return { text: whole.toString(), form: sign };
  const float = Number(value);
  const [digits = '', exponent] = String(float).split('e');
  const mantissa = digits.includes('.') ? digits : `${digits}.0`;
  const literal = exponent === undefined ? mantissa : `${mantissa}e${exponent.replace('+', '')}`;
  if (Math.abs(float) < smallestLiteral) return { text: `builtins.fromJSON "${literal}"`, form: 'call' };
  return { text: literal, form: sign };
}
