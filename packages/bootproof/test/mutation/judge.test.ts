import { describe, expect, test } from 'vitest';
import { judge, notApplied, scoreOf } from '../../src/mutation/judge.ts';
import { mutation, proof } from './support.ts';

describe('a mutation', () => {
  const masked = mutation({ unit: /masked/ });

  test('is caught when its probe fails and says why', () => {
    const outcome = judge(masked, [proof('unit', 'failed', 'masked, inactive')], 7);
    expect(outcome).toMatchObject({
      verdict: 'caught',
      detail: 'unit: masked, inactive',
      durationMs: 7,
    });
  });

  test.each([
    ['passes', proof('unit', 'passed', 'loaded, active'), 'unit passed: it saw loaded, active'],
    ['fails for another reason', proof('unit', 'failed', 'not-found'), 'unit failed for another reason'],
    ['cannot be asked', proof('unit', 'refused', 'not asked', 'no way in'), 'was refused: no way in'],
    ['is another one', proof('other', 'failed', 'masked'), 'unit was not asked'],
  ])('survives when its probe %s', (_, seen, detail) => {
    const outcome = judge(masked, [seen], 0);
    expect(outcome.verdict).toBe('survived');
    expect(outcome.detail).toContain(detail);
  });

  test('survives when one of its probes does not fail', () => {
    const both = mutation({ unit: /masked/, ping: /silent/ });
    const proofs = [proof('unit', 'failed', 'masked'), proof('ping', 'passed', 'answered')];
    expect(judge(both, proofs, 0)).toMatchObject({
      verdict: 'survived',
      detail: 'ping passed: it saw answered',
    });
  });

  test('survives when no probe is to catch it', () => {
    expect(judge(mutation({}), [], 0).verdict).toBe('survived');
  });
});

describe('the score', () => {
  const caught = judge(mutation({ unit: /masked/ }), [proof('unit', 'failed', 'masked')], 0);
  const survived = judge(mutation({ unit: /masked/ }), [], 0);
  const failed = notApplied(mutation({}), 'no such file', 0);

  test('is 100 only when every mutation is caught', () => {
    expect(scoreOf([caught, caught])).toMatchObject({ caught: 2, percent: 100 });
    expect(scoreOf([caught, survived]).percent).toBe(50);
  });

  test('counts what could not be applied, and never as caught', () => {
    expect(scoreOf([caught, failed])).toEqual({
      mutants: 2,
      caught: 1,
      survived: 0,
      notApplied: 1,
      percent: 50,
    });
  });

  test('of nothing is nothing', () => {
    expect(scoreOf([]).percent).toBe(0);
  });
});
