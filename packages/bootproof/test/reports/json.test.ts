import type { InferOutput } from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { formatJson, parseResult } from '../../src/reports/json.ts';
import type { runResultSchema } from '../../src/reports/schema.ts';
import type { RunResult } from '../../src/runner/result.ts';
import { failing, hostile, interrupted, onNixos, panicked, proven, refused } from './fixtures.ts';

type Same<T> = T extends (infer Item)[] | readonly (infer Item)[]
  ? readonly Same<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Same<T[Key]> }
    : T;

/** The same value, with every object's keys set in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, reversed(child)]),
  );
}

describe.each(Object.entries({ proven, onNixos, failing, refused, panicked, interrupted, hostile }))(
  'the %s run',
  (_, result) => {
    test('is read back as it was', async () => {
      expect(await parseResult(formatJson(result))).toEqual(result);
    });

    test('has the same text whatever order its keys were set in', () => {
      expect(formatJson(reversed(result) as RunResult)).toBe(formatJson(result));
    });
  },
);

test('the schema has exactly the keys of the type', () => {
  type Proof = RunResult['proofs'][number];
  type Read = InferOutput<typeof runResultSchema>;
  // A probe's parameters are any JSON, which refers to itself; they are compared by reading back, above.
  type Flat<R extends { readonly proofs: readonly { readonly probe: { readonly params: unknown } }[] }> =
    Same<
      Omit<R, 'proofs'> & {
        readonly proofs: readonly (Omit<R['proofs'][number], 'probe'> & {
          readonly probe: Omit<R['proofs'][number]['probe'], 'params'>;
        })[];
      }
    >;
  expectTypeOf<Flat<Read>>().toEqualTypeOf<Flat<RunResult>>();
  expectTypeOf<Read['proofs'][number]['probe']['params']>().toExtend<Proof['probe']['params']>();
});

test('the verdict is near the top', () => {
  expect(formatJson(proven).split('\n').slice(1, 10).join('\n')).toContain('"verdict": "proven"');
});

test('keys that a later version adds do not hinder reading', async () => {
  const later = { ...proven, added: true, image: { ...proven.image, added: 1 } };
  expect(await parseResult(formatJson(later))).toEqual(proven);
});

test('later boots are read back, and a result from before coverage was kept has none', async () => {
  const withBoots: RunResult = {
    ...proven,
    laterBoots: [
      { after: 'reboot', startedMs: 20_474, spans: [{ name: 'firmware', startMs: 20_474, endMs: 25_620 }] },
      { after: 'power cut', startedMs: 68_339, spans: [], powerCut: { seed: 7, afterMs: 9020 } },
    ],
  };
  expect(await parseResult(formatJson(withBoots))).toEqual(withBoots);
  expect(await parseResult(JSON.stringify({ ...proven, coverage: undefined }))).toEqual({
    ...proven,
    coverage: [],
  });
});

test.each([
  ['another schema', { ...proven, schema: 2 }],
  ['an unknown verdict', { ...proven, verdict: 'fine' }],
  ['a missing key', { ...proven, proofs: undefined }],
  ['a wrong type below', { ...proven, proofs: [{ ...proven.proofs[0], looks: 'many' }] }],
])('%s is refused', async (_, wrong) => {
  await expect(parseResult(JSON.stringify(wrong))).rejects.toThrow();
});
