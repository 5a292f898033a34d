import { describe, expect, it } from 'vitest';
import { stackPlaces } from '../../src/base/stack.ts';

describe('stackPlaces', () => {
  it('reads every form of a frame, and leaves out what is no file', () => {
    const stack = [
      'Error: at /not/a/frame.ts:1:2',
      '    at defineModule (file:///home/a%20b/x.ts:19:76)',
      '    at /home/a b/(lab)/x.ts:9:29',
      '    at async Function.import (/home/(lab)/y.ts:1:187718)',
      '    at async file:///home/z.ts:22:11',
      '    at new Thing (/home/w.ts:3:1)',
      '    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)',
      '    at <anonymous>',
    ].join('\n');
    expect(stackPlaces(stack)).toEqual([
      { file: '/home/a b/x.ts', line: 19 },
      { file: '/home/a b/(lab)/x.ts', line: 9 },
      { file: '/home/(lab)/y.ts', line: 1 },
      { file: '/home/z.ts', line: 22 },
      { file: '/home/w.ts', line: 3 },
    ]);
    expect(stackPlaces(undefined)).toEqual([]);
  });
});
