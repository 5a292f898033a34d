import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commandLines } from '../../src/reports/html/machine.tsx';
import { boundLog } from '../../src/reports/html/parts.tsx';
import { formatHtml } from '../../src/reports/html/report.ts';
import {
  consoleText,
  failing,
  hostile,
  hostileTexts,
  onNixos,
  panicked,
  proven,
  screenshotPng,
} from './fixtures.ts';

/** The document without its own style sheet. */
const bodyOf = (html: string) => html.replace(/<style>[\s\S]*?<\/style>/, '');

describe('a run that holds something hostile everywhere', async () => {
  const html = bodyOf(
    await formatHtml({
      result: hostile,
      consoleText: hostileTexts.join('\n'),
      qemuLog: hostileTexts.join('\n'),
    }),
  );

  test('adds no element', () => {
    const names = new Set([...html.matchAll(/<([a-z][a-z0-9]*)[\s/>]/g)].map(([, name]) => name));
    for (const name of ['script', 'img', 'iframe', 'object', 'form', 'base'])
      expect(names).not.toContain(name);
  });

  test('adds no attribute', () => {
    const tags = html.match(/<[a-z][^>]*>/g) ?? [];
    expect(tags.length).toBeGreaterThan(500);
    for (const tag of tags) expect(tag.replace(/"[^"]*"/g, '""')).not.toMatch(/\son[a-z]+=|javascript:/);
  });

  test('leaves no control character and no mark of direction', () => {
    expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/u);
  });

  test('is still shown, as text', () => {
    expect(html).toContain('&lt;/script>&lt;script>alert(1)&lt;/script>');
  });
});

test('names nothing outside of its folder', async () => {
  const html = await formatHtml({ result: proven, consoleText, screenshot: screenshotPng });
  const addresses = [...html.matchAll(/(?:href|src|xlink:href)="([^"]*)"/g)].map(
    ([, address]) => address ?? '',
  );
  expect(addresses.length).toBeGreaterThan(8);
  for (const address of addresses) expect(address).toMatch(/^(#[a-z]+|data:.*|[a-z]+\.(json|xml|log|png))$/);
  expect(html).not.toMatch(/url\(|@import/);
});

test('tells what was proven, what not, and what was said', async () => {
  const html = bodyOf(await formatHtml({ result: panicked, consoleText }));
  for (const part of [
    'The machine broke down',
    '[    5.105512] Kernel panic - not syncing',
    'nix.<wbr/>settings.<wbr/>experimental-features',
    'config/<wbr/>roles/<wbr/>common/<wbr/>default.<wbr/>ts',
    'Started sshd.service - OpenBSD Secure Shell server.',
    '1:9.2p1-2+deb12u7',
    '/dev/kvm opens, but executed nothing within 2 s',
  ])
    expect(html).toContain(part);
});

test('console lines show their times where they are given', async () => {
  const html = await formatHtml({
    result: proven,
    consoleText: [{ atMs: 12_345, text: 'Linux version\u001b[0m' }],
  });
  expect(html).toContain('   12.345  Linux version</pre>');
});

test('a picture that is no PNG is left out', async () => {
  expect(
    await formatHtml({ result: proven, screenshot: Buffer.from('<svg onload=alert(1)>') }),
  ).not.toContain('<img');
  expect(await formatHtml({ result: proven, screenshot: screenshotPng })).toContain(
    '<img src="data:image/png;base64,',
  );
});

test('the same run gives the same text', async () => {
  expect(await formatHtml({ result: failing, consoleText })).toBe(
    await formatHtml({ result: failing, consoleText }),
  );
});

describe('a log', () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
  const text = lines.join('\n');

  test('is whole up to its bound', () => {
    expect(boundLog(text, text.length)).toEqual({ text, leftOut: 0 });
  });

  test('beyond it keeps its start and its end, and counts what is left out', () => {
    const bounded = boundLog(text, 2_000);
    expect(bounded.text.length).toBeLessThan(2_100);
    const kept = bounded.text.split('\n').filter((line) => line.startsWith('line '));
    expect(kept[0]).toBe('line 0');
    expect(kept.at(-1)).toBe('line 999');
    expect(kept.every((line) => lines.includes(line))).toBe(true);
    expect(kept.length + bounded.leftOut).toBe(1_000);
  });

  test('of one endless line is cut too', () => {
    expect(boundLog('x'.repeat(10_000), 2_000).text.length).toBeLessThan(2_100);
  });
});

test('the QEMU line can be pasted into a shell, an option on each line', () => {
  const nasty = [
    'qemu',
    '-name',
    "it's $HOME `id` \\",
    '-device',
    '{"a":"b c"}',
    '-nodefaults',
    '-append',
    '',
  ];
  for (const command of [proven.machine.command, nasty]) {
    const pasted = commandLines(command);
    const words = execFileSync('sh', ['-c', `printf '%s\\0' ${pasted}`], { encoding: 'utf8' });
    expect(words.split('\0').slice(0, -1)).toEqual(command);
  }
  expect(commandLines(nasty).split('\n')).toHaveLength(5);
});

test('a run on NixOS tells which image it was and why, and leaves nothing open', async () => {
  const html = bodyOf(await formatHtml({ result: onNixos, consoleText: '' }));
  expect(html).toContain('NixOS image, from the Nix store: nix 2.31.2 and KVM can be used here');
  expect(html).toContain('/nix/store/hzypgc7m00lsss5dhf39dz13j4g9lsgn-hl02-disko-images');
  expect(html).not.toMatch(/stand-in|What this run leaves open|packages? in the image/);
  const standIn = bodyOf(
    await formatHtml({
      result: { ...proven, image: { ...proven.image, kindReason: 'nix is not installed' } },
      consoleText: '',
    }),
  );
  expect(standIn).toContain('Debian stand-in, from the cache: nix is not installed');
  expect(standIn).toContain('What this run leaves open');
});

test('the boot after a reboot has its own times, beside those of the first', async () => {
  const html = await formatHtml({
    result: {
      ...proven,
      laterBoots: [
        { after: 'reboot', startedMs: 61_000, spans: [{ name: 'loader', startMs: 61_000, endMs: 63_500 }] },
      ],
    },
  });
  const timeline = html.slice(html.indexOf('id="timeline"'));
  expect(timeline).toMatch(/Boot after a reboot.*loader.*1 min 01 s.*2\.5 s/s);
  expect(await formatHtml({ result: proven })).not.toContain('Boot after a');
});
