import { describe, expect, it } from 'vitest';
import { nix } from '../../src/nix/expression.ts';
import { option } from '../../src/options/option.ts';
import { types } from '../../src/options/types.ts';
import { knownValues } from '../../src/plan/known-values.ts';

const record = { description: 'For a test.', verdict: 'provable' } as const;
const tree = {
  a: {
    number: option({ type: types.int, default: 5, ...record }),
    list: option({ type: types.listOf(types.str), default: ['x'], ...record }),
  },
  computed: option({ type: types.nullOr(types.str), default: () => 'made', ...record }),
  required: option({ type: types.str, ...record }),
};

describe('knownValues', () => {
  it('leaves plain values as they are', () => {
    const values = { a: { number: 1, list: [] }, computed: null, required: 'r' };
    expect(knownValues(tree, values)).toEqual(values);
  });

  it('has the default in the place of what Nix alone knows, also deep in a list', () => {
    const values = { a: { number: nix`1`, list: ['a', nix`"b"`] }, computed: 'c', required: 'r' };
    expect(knownValues(tree, values)).toEqual({
      a: { number: 5, list: ['x'] },
      computed: 'c',
      required: 'r',
    });
  });

  it('has null where there is no plain default', () => {
    const values = { a: { number: 1, list: [] }, computed: nix`"c"`, required: nix`"r"` };
    expect(knownValues(tree, values)).toMatchObject({ computed: null, required: null });
  });
});
