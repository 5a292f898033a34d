import { describe, expect, it } from 'vitest';
import { type Answer, compare, type Shown } from '../../src/emit/agreement.ts';

const value = (plain: null | boolean | number | string): Shown => ({ value: plain });
const list = (...items: readonly Shown[]): Shown => ({ list: items });
const set = (members: Readonly<Record<string, Shown>>): Shown => ({ set: members });

function verdictOf(ours: Shown, theirs: Shown | Answer['theirs']) {
  const answer = 'absent' in theirs || 'failed' in theirs || 'shown' in theirs ? theirs : { shown: theirs };
  const question = { path: 'a.b', segments: ['a', 'b'], value: null, declared: true };
  const [comparison] = compare([question], { answers: [{ ours, theirs: answer }], refusals: [] });
  if (comparison === undefined) throw new Error('no comparison');
  return comparison;
}

describe('two evaluations of an option', () => {
  it.each<[string, Shown, Shown]>([
    ['scalars', value('a'), value('a')],
    ['null', value(null), value(null)],
    ['lists', list(value(1), value(2)), list(value(1), value(2))],
    ['sets, whatever their order', set({ a: value(1), b: value(2) }), set({ b: value(2), a: value(1) })],
    ['one package', { package: '/nix/store/x-vim' }, { package: '/nix/store/x-vim' }],
  ])('agree on %s', (_what, ours, theirs) => {
    expect(verdictOf(ours, theirs).verdict).toBe('same');
  });

  it.each<[string, Shown, Shown]>([
    ['a list', list(value(22)), list(value(22), value(80))],
    ['a list, in between', list(value(1), value(3)), list(value(0), value(1), value(2), value(3))],
    ['a set', set({ a: value(1) }), set({ a: value(1), b: value(2) })],
    ['a set in a list', list(set({ a: value(1) })), list(set({ a: value(1), b: value(null) }))],
    ['what is empty here', list(), list(value('x'))],
  ])('agree where NixOS adds to %s', (_what, ours, theirs) => {
    expect(verdictOf(ours, theirs).verdict).toBe('added');
  });

  it.each<[string, Shown, Shown]>([
    ['scalars', value('a'), value('b')],
    ['types', value(1), value('1')],
    ['null and a value', value(null), value('x')],
    ['the order of a list', list(value(1), value(2)), list(value(2), value(1))],
    ['how often an item is there', list(value(1), value(1)), list(value(1))],
    ['an item that NixOS lacks', list(value(1), value(2)), list(value(1))],
    ['an attribute that NixOS lacks', set({ a: value(1) }), set({})],
    ['an attribute', set({ a: value(1) }), set({ a: value(2), b: value(1) })],
    ['the kind of value', list(), set({})],
    ['packages', { package: '/nix/store/x-vim' }, { package: '/nix/store/y-vim' }],
    ['a function', value(1), { function: true }],
  ])('differ in %s', (_what, ours, theirs) => {
    expect(verdictOf(ours, theirs).verdict).toBe('different');
  });

  it('differ where NixOS has no such option, or cannot evaluate it', () => {
    expect(verdictOf(value(1), { absent: true })).toMatchObject({
      verdict: 'different',
      theirs: '(NixOS has no such option)',
    });
    expect(verdictOf(value(1), { failed: true })).toMatchObject({
      verdict: 'different',
      theirs: '(Nix could not evaluate it)',
    });
  });

  it('are shown as Nix is written', () => {
    const ours = set({ a: list(value('x'), value(1)), b: value(null), c: list(), d: set({}) });
    const theirs = { package: `/nix/store/${'0'.repeat(32)}-vim-9.1` };
    expect(verdictOf(ours, theirs)).toMatchObject({
      ours: '{ a = [ "x" 1 ]; b = null; c = [ ]; d = { }; }',
      theirs: 'vim-9.1',
    });
  });

  it('are not compared when an answer is missing', () => {
    const question = { path: 'a', segments: ['a'], value: 1, declared: true };
    expect(() => compare([question], { answers: [], refusals: [] })).toThrow('0 of 1');
  });
});
