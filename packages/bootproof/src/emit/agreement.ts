import type { Question } from './question.ts';

/** A value as `questionFunction` shows it. */
export type Shown =
  | { readonly package: string }
  | { readonly set: Readonly<Record<string, Shown>> }
  | { readonly list: readonly Shown[] }
  | { readonly function: true }
  | { readonly value: null | boolean | number | string };

/** What Nix said of one option. */
export interface Answer {
  readonly ours: Shown;
  readonly theirs: { readonly shown: Shown } | { readonly absent: true } | { readonly failed: true };
}

/** What `nix eval` gives for `questionFunction`. */
export interface Answers {
  readonly answers: readonly Answer[];
  /** The messages of NixOS's own assertions that do not hold. */
  readonly refusals: readonly string[];
}

/**
 * How the two evaluations of an option compare. `added`: all of ours is in Nix's value, to which NixOS's own modules
 * add (the port that an enabled service opens).
 */
export interface Comparison {
  readonly path: string;
  readonly declared: boolean;
  readonly verdict: 'same' | 'added' | 'different';
  /** Both as text, for people. */
  readonly ours: string;
  readonly theirs: string;
}

/** Compares this tool's values with Nix's, option by option. */
export function compare(questions: readonly Question[], { answers }: Answers): Comparison[] {
  if (answers.length !== questions.length) {
    throw new Error(`Nix answered ${answers.length} of ${questions.length} questions.`);
  }
  return questions.map(({ path, declared }, index) => {
    const { ours, theirs } = answers[index] as Answer;
    const named = { path, declared, ours: text(ours) };
    if ('absent' in theirs) return { ...named, verdict: 'different', theirs: '(NixOS has no such option)' };
    if ('failed' in theirs) return { ...named, verdict: 'different', theirs: '(Nix could not evaluate it)' };
    const verdict = isSame(ours, theirs.shown)
      ? 'same'
      : isWithin(ours, theirs.shown)
        ? 'added'
        : 'different';
    return { ...named, verdict, theirs: text(theirs.shown) };
  });
}

function isSame(ours: Shown, theirs: Shown): boolean {
  if ('list' in ours && 'list' in theirs) {
    return (
      ours.list.length === theirs.list.length &&
      ours.list.every((each, index) => sameAt(each, theirs.list[index]))
    );
  }
  if ('set' in ours && 'set' in theirs) {
    const names = Object.keys(ours.set);
    return (
      names.length === Object.keys(theirs.set).length &&
      names.every((name) => Object.hasOwn(theirs.set, name) && sameAt(ours.set[name], theirs.set[name]))
    );
  }
  if ('package' in ours && 'package' in theirs) return ours.package === theirs.package;
  return 'value' in ours && 'value' in theirs && ours.value === theirs.value;
}

const sameAt = (ours: Shown | undefined, theirs: Shown | undefined): boolean =>
  ours !== undefined && theirs !== undefined && isSame(ours, theirs);

/** Whether everything of ours is in theirs: each item of a list as often, in the same order; each attribute of a set. */
function isWithin(ours: Shown, theirs: Shown): boolean {
  if ('list' in ours && 'list' in theirs) {
    let next = 0;
    return ours.list.every((each) => {
      const found = theirs.list.findIndex((other, index) => index >= next && isWithin(each, other));
      next = found + 1;
      return found >= 0;
    });
  }
  if ('set' in ours && 'set' in theirs) {
    return Object.entries(ours.set).every(([name, each]) => {
      const other = Object.hasOwn(theirs.set, name) ? theirs.set[name] : undefined;
      return other !== undefined && isWithin(each, other);
    });
  }
  return isSame(ours, theirs);
}

/** A value as a person would write it in Nix. */
function text(shown: Shown): string {
  if ('package' in shown) return shown.package.replace(/^.*\/[0-9a-z]{32}-/, '');
  if ('list' in shown) return shown.list.length === 0 ? '[ ]' : `[ ${shown.list.map(text).join(' ')} ]`;
  if ('function' in shown) return '«function»';
  if ('value' in shown) return JSON.stringify(shown.value);
  const members = Object.entries(shown.set).map(([name, each]) => `${name} = ${text(each)};`);
  return members.length === 0 ? '{ }' : `{ ${members.join(' ')} }`;
}
