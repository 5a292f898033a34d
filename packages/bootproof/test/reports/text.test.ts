import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  displayWidth,
  oneLine,
  pad,
  printable,
  shorten,
  shortenStart,
  wrap,
} from '../../src/reports/text.ts';
import { hostileTexts } from './fixtures.ts';

describe('printable', () => {
  test('drops what a terminal would act on', () => {
    expect(printable('\u001b[31mred\u001b[0m')).toBe('red');
    expect(printable('a\u0000b\u0007c\u007fd\u009be')).not.toMatch(/\p{Cc}/u);
    expect(printable('a\u0000b')).toBe('a^@b');
  });

  test('drops marks of direction and half characters', () => {
    expect(printable('a\u202eb\ud800')).toBe('a\ufffdb\ufffd');
  });

  test('keeps line breaks and makes spaces of tabs', () => {
    expect(printable('a\r\nb\tc')).toBe('a\nb    c');
  });

  test('leaves nothing that acts, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostileTexts)), (text) => {
        expect(printable(text).replaceAll('\n', '')).not.toMatch(
          /[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/u,
        );
      }),
    );
  });
});

test('oneLine makes one line of any text', () => {
  expect(oneLine('  a\n\n b\t c ')).toBe('a b c');
});

describe('displayWidth', () => {
  test.each([
    ['', 0],
    ['plain', 5],
    ['日本語', 6],
    ['한글', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👨‍👩‍👧', 2],
    ['⚠️', 2],
    ['✓✗⊘…→━', 6],
    ['\u001b[32mgreen\u001b[39m', 5],
    ['ｱ', 1],
    ['Ａ', 2],
  ])('%s takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

test('pad lines up wide characters', () => {
  expect(displayWidth(pad('日本', 8))).toBe(8);
  expect(pad('7 s', 6, 'left')).toBe('   7 s');
});

describe('shorten', () => {
  test('leaves what fits and cuts what does not', () => {
    expect(shorten('short', 5)).toBe('short');
    expect(shorten('longer', 5)).toBe('long…');
    expect(shorten('日本語', 4)).toBe('日…');
    expect(shorten('longer', 5, '...')).toBe('lo...');
    expect(shortenStart('disko.devices.disk', 8)).toBe('…es.disk');
  });

  test('never exceeds the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(displayWidth(shorten(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(shortenStart(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('wrap', () => {
  test('breaks between words and keeps the indent and the columns of what fits', () => {
    expect(wrap('  LoadState =  masked', 40)).toEqual(['  LoadState =  masked']);
    expect(wrap('    one two three', 12)).toEqual(['    one two', '    three']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  });

  test('keeps every character and exceeds the width only where one character is wider', () => {
    const words = fc
      .array(fc.string({ unit: 'grapheme-ascii', minLength: 1 }))
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 30 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });
});
