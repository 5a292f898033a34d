import { describe, expect, test } from 'vitest';
import { chooseDisplay, styleFor } from '../../src/reports/display.ts';
import { speaksUtf8, textStyle, wantsColour } from '../../src/reports/style.ts';

const terminal = { isTTY: true, columns: 72, rows: 24, write: () => true };
const pipe = { write: () => true };

describe('colours', () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    // An empty NO_COLOR is as good as none: https://no-color.org
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('%j on a terminal: %s gives %s', (env, isTerminal, colour) => {
    expect(wantsColour(env, isTerminal)).toBe(colour);
  });

  test('a style without colours writes no terminal sequence', () => {
    const style = textStyle({ colour: false, unicode: true });
    expect(style.green(style.bold('text'))).toBe('text');
    expect(textStyle({ colour: true, unicode: true }).green('text')).toBe('\u001b[32mtext\u001b[39m');
  });
});

describe('characters', () => {
  test.each([
    [{}, true],
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'de_DE.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'en_GB.ISO-8859-1' }, false],
    [{ LANG: 'C.UTF-8', LC_ALL: 'POSIX' }, false],
    [{ LANG: 'C.UTF-8', TERM: 'linux' }, false],
  ])('%j speaks UTF-8: %s', (env, unicode) => {
    expect(speaksUtf8(env)).toBe(unicode);
  });

  test('another encoding gets ASCII alone', () => {
    const style = textStyle({ colour: false, unicode: false });
    expect([style.show('läuft …'), ...Object.values(style.glyphs).flat()].join('')).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe('which display', () => {
  test.each([
    [terminal, {}, 'live'],
    [pipe, {}, 'plain'],
    [terminal, { TERM: 'dumb' }, 'plain'],
    [terminal, { CI: 'true' }, 'plain'],
    [terminal, { CI: 'false' }, 'live'],
    [pipe, { GITHUB_ACTIONS: 'true', CI: 'true' }, 'github'],
  ])('%# is %s', (stream, env, kind) => {
    expect(chooseDisplay(stream, env)).toBe(kind);
  });

  test('a terminal gives its width, a pipe has room', () => {
    expect(styleFor(terminal, {}).columns).toBe(72);
    expect(styleFor(pipe, {}).columns).toBeGreaterThan(100);
  });
});
