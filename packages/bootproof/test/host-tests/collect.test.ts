import { describe, expect, test as it } from 'vitest';
import { test } from '../../src/test.ts';
import { collected, lineHere } from './support.ts';

const body = () => {};

describe('a file of tests', () => {
  it('gives its tests with their lines and details, and runs none of them', async () => {
    let line = 0;
    let ran = false;
    const { tests, faults } = await collected(() => {
      line = lineHere() + 1;
      test('one', () => {
        ran = true;
      });
      test('two', { proves: ['services.nginx.enable'], deadlineSeconds: 90 }, body);
    });
    expect(faults).toEqual([]);
    expect(tests.map(({ title, details }) => [title, details])).toEqual([
      ['one', {}],
      ['two', { proves: ['services.nginx.enable'], deadlineSeconds: 90 }],
    ]);
    expect(tests[0]?.line).toBe(line);
    expect(ran).toBe(false);
  });

  it.each<[string, () => void, string]>([
    ['an empty one', () => {}, 'declares no test'],
    ['an asynchronous title', () => test(Promise.resolve('x') as never, body), 'title is a promise'],
    ['an empty title', () => test(' ', body), 'title is empty'],
    ['no body', () => test('x', undefined as never), 'body is undefined'],
    ['a body that is a promise', () => test('x', Promise.resolve() as never), 'body is a promise'],
    ['details that are none', () => test('x', 'y' as never, body), 'details are "y"'],
    ['a misspelt detail', () => test('x', { prove: [] } as never, body), 'no such detail'],
    ['no time at all', () => test('x', { deadlineSeconds: 0 }, body), 'It is 0'],
    ['a text for a number', () => test('x', { deadlineSeconds: '5' as never }, body), 'It is "5"'],
    ['what is no list', () => test('x', { proves: 'a' as never }, body), 'It is "a"'],
  ])('is refused with its place: %s', async (_name, load, says) => {
    const { tests, faults } = await collected(load);
    expect(tests).toEqual([]);
    expect(faults.map(({ reason }) => reason).join()).toContain(says);
    for (const { files, remedy } of faults) {
      expect(files[0]).toMatch(/^it\.test\.ts/);
      expect(remedy).not.toBe('');
    }
  });

  it('is told all that is wrong at once, each with its line', async () => {
    const { faults } = await collected(() => {
      test('twice', body);
      test('twice', body);
      test('', { deadlineSeconds: -1 }, body);
    });
    expect(faults.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^The test in line \d+ has the same title\.$/),
      'The title is empty, where a text is wanted.',
      'It is -1.',
    ]);
    expect(new Set(faults.map(({ files }) => files[0])).size).toBe(2);
  });

  it('throws on in what it throws, and takes tests no more afterwards', async () => {
    let later: (() => void) | undefined;
    const loading = collected(() => {
      later = () => test('later', body);
      throw new Error('top level');
    });
    await expect(loading).rejects.toThrow('top level');
    expect(later).toThrow('test() was called while no file of tests was being loaded');
  });
});
