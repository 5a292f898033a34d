import { describe, expect, test } from 'vitest';
import { formatJunit } from '../../src/reports/junit.ts';
import { failing, hostile, interrupted, panicked, proven } from './fixtures.ts';

const number = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

describe('counts', () => {
  test.each([
    ['a proven run', proven, 0, 0],
    ['a failing run', failing, 2, 3],
    // The run itself counts as one more.
    ['a kernel panic', panicked, 0, 25],
    ['an interrupted run', interrupted, 0, 1],
  ])('of %s', async (_, result, failures, errors) => {
    const text = await formatJunit(result);
    expect(number(text, /<failure /g)).toBe(failures);
    expect(number(text, /<error /g)).toBe(errors);
    expect(number(text, /<testcase /g)).toBe(result.proofs.length + 1);
    expect(text).toContain(
      `tests="${result.proofs.length + 1}" failures="${failures}" errors="${errors}" skipped="0"`,
    );
  });

  test('a run that is not proven never looks passed', async () => {
    const text = await formatJunit({
      ...proven,
      verdict: 'not proven',
      notes: ['The image could not be built.'],
    });
    expect(number(text, /<error /g)).toBe(1);
    expect(text).toContain('The image could not be built.');
  });
});

test('times are seconds, and the time stamp has no zone', async () => {
  const text = await formatJunit(proven);
  expect(text).toContain('timestamp="2025-11-23T14:02:07" time="32.91"');
  expect(text).toMatch(/<testcase classname="hl02.openssh" name="sshd.service is active" time="0.\d+"\/>/);
});

test('a failure says what was expected and seen, and what to look at', async () => {
  const text = await formatJunit(failing);
  expect(text).toContain(
    '<failure message="expected loaded, active, seen masked, inactive (dead)" type="failed">',
  );
  expect(text).toMatch(
    /<failure [^>]*message="not seen within 10 s"[\s\S]*?look at: In the machine: systemctl --failed/,
  );
});

test('what XML cannot hold or would act on is replaced', async () => {
  const text = await formatJunit(hostile);
  expect(text).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  const sections = [...text.matchAll(/<!\[CDATA\[[\s\S]*?\]\]>/g)];
  // Each section is the only content of its element: nothing of a machine ends it early.
  expect(sections).toHaveLength(number(text, /<(failure|error) /g));
  const outside = text.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  expect(outside).not.toMatch(/<(script|img|svg)/);
  expect(outside.match(/&(?!(?:amp|lt|gt|quot|apos|#x[0-9A-F]+);)/g)).toBeNull();
});
