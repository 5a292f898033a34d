import { expect, test } from 'vitest';
import { judge, notApplied } from '../../src/mutation/judge.ts';
import { listing, listingJson, mutationJson, outcomeLine, summary } from '../../src/mutation/words.ts';
import { mutation, probe, proof } from './support.ts';

const caught = judge(mutation({ unit: /masked/ }), [proof('unit', 'failed', 'masked')], 1500);
const survived = judge(mutation({ unit: /masked/ }), [proof('unit', 'passed', 'active')], 2500);
const impossible = notApplied(mutation({ unit: /masked/ }), 'the command ended with 1', 500);

test('a caught mutation is one line, another tells what was seen', () => {
  expect(outcomeLine(caught)).toBe('caught        1.5 s  unit-masked/x.service: x.service is masked');
  expect(outcomeLine(survived)).toContain('\n                     unit passed: it saw active');
});

test('the summary has the score, the time, and what would catch a survivor', () => {
  const text = summary({ outcomes: [caught, survived, impossible], bootMs: 40_000 }, [probe('own/thing')]);
  expect(text).toContain('mutation score 33.3 %: 1 of 3 caught, 1 survived, 1 not applied');
  expect(text).toContain('1.5 s a mutant from the snapshot; a boot for each would take 40.0 s more');
  expect(text).toContain('What would catch it: Look at the unit.');
  expect(text).toContain('not applied: x.service is masked');
  expect(text).toContain('own/thing (unit)');
});

test('without a remedy of its own, a survivor names what its probes have to see', () => {
  const { remedy: _, ...bare } = mutation({ unit: /masked/ });
  const outcome = judge(bare, [proof('unit', 'passed', 'active')], 0);
  expect(summary({ outcomes: [outcome], bootMs: undefined }, [])).toContain(
    '/masked/ (unit, of the kind unit)',
  );
});

test('a score just below 100 is not rounded up to it', () => {
  const outcomes = [...Array.from({ length: 2999 }, () => caught), survived];
  expect(summary({ outcomes, bootMs: undefined }, [])).toContain('mutation score 99.9 %');
});

test('the JSON holds every outcome, and survives a round trip', () => {
  const json = mutationJson('pine', { outcomes: [caught, survived], bootMs: 1 }, [probe('own/thing')]);
  expect(JSON.parse(JSON.stringify(json))).toMatchObject({
    host: 'pine',
    score: { mutants: 2, caught: 1, percent: 50 },
    mutations: [{ verdict: 'caught' }, { verdict: 'survived', remedy: 'Look at the unit.' }],
    untried: ['own/thing'],
  });
});

test('the list names each mutation with its probes, and at its end the probes without one', () => {
  const both = mutation({ unit: /masked/, ping: /silent/ });
  expect(listing([both], [probe('own/thing')])).toBe(
    'unit-masked/x.service: x.service is masked\n  unit, ping\n\nNo mutation tries these probes:\n  own/thing (unit)',
  );
  expect(listing([both], [])).not.toContain('No mutation');
});

test('the list for programs has the fields that a run has of its mutations', () => {
  const list = JSON.parse(JSON.stringify(listingJson('pine', [caught.mutation], [probe('own/thing')])));
  expect(list).toEqual({
    schema: 1,
    host: 'pine',
    mutations: [
      {
        id: 'unit-masked/x.service',
        title: 'x.service is masked',
        fault: 'running',
        expects: [{ probe: 'unit', says: 'masked' }],
      },
    ],
    untried: ['own/thing'],
  });
  const run = JSON.parse(JSON.stringify(mutationJson('pine', { outcomes: [caught], bootMs: 1 }, [])));
  expect(run.mutations[0]).toMatchObject(list.mutations[0]);
});
