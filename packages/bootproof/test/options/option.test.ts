import { describe, expect, it } from 'vitest';
import { mergeOptionTrees, option, walkOptions } from '../../src/options/option.ts';
import { types } from '../../src/options/types.ts';

const flag = option({ type: types.bool, default: false, description: 'A switch.', verdict: 'provable' });

describe('mergeOptionTrees', () => {
  it('joins sets of options that share a path', () => {
    const merged = mergeOptionTrees({ a: { b: flag } }, { a: { c: { d: flag } }, e: flag }, {});
    expect(merged).toEqual({ a: { b: flag, c: { d: flag } }, e: flag });
  });

  it('refuses an option that is declared twice, or is also a set', () => {
    expect(() => mergeOptionTrees({ a: { b: flag } }, { a: { b: flag } })).toThrow('a.b is declared twice');
    expect(() => mergeOptionTrees({ a: { b: { c: flag } } }, { a: { b: flag } })).toThrow(
      'a.b is declared twice',
    );
    expect(() => mergeOptionTrees({ a: { b: flag } }, { a: { b: { c: flag } } })).toThrow(
      'a.b is declared twice',
    );
  });

  it('leaves the trees that it was given alone', () => {
    const tree = { a: { b: flag } };
    mergeOptionTrees(tree, { a: { c: flag } });
    expect(tree).toEqual({ a: { b: flag } });
  });
});

describe('walkOptions', () => {
  it('lists every option, those inside submodules under the names of their places', () => {
    const account = types.submodule(
      { uid: flag, keys: { files: flag } },
      { freeformType: types.attrsOf(types.int) },
    );
    const users = option({
      type: types.attrsOf(account),
      default: {},
      description: 'Users.',
      verdict: 'provable',
    });
    const rules = option({
      type: types.nullOr(types.listOf(types.submodule({ who: flag }))),
      default: null,
      description: 'Rules.',
      verdict: 'provable',
    });
    const paths = [...walkOptions({ users: { users }, rules, on: flag })].map(({ path }) => path.join('.'));
    expect(paths).toEqual([
      'users.users',
      'users.users.<name>.uid',
      'users.users.<name>.keys.files',
      'rules',
      'rules.*.who',
      'on',
    ]);
  });
});
