import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatHtml } from '../../src/reports/html/report.ts';
import { formatJunit } from '../../src/reports/junit.ts';
import { type Browser, startBrowser } from './browser.ts';
import * as runs from './fixtures.ts';
import { contrastFaults, openAll, overflowFaults, structureFaults } from './page-checks.ts';

const { proven, failing, refused, panicked, interrupted, hostile } = runs;
const everyRun = { proven, failing, refused, panicked, interrupted, hostile };
const slow = 60_000;

let browser: Browser | undefined;
let folder = '';

beforeAll(async () => {
  browser = await startBrowser();
  folder = await mkdtemp(join(tmpdir(), 'report-'));
}, slow);

afterAll(async () => {
  await browser?.close();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
}, slow);

interface Opened {
  readonly page: Page;
  /** Messages of the console, errors of the page, and dialogs. */
  readonly said: string[];
  /** Addresses that were asked for, besides the report itself. */
  readonly asked: string[];
}

async function open(name: keyof typeof everyRun, width = 1280, height = 900): Promise<Opened> {
  if (!browser) throw new Error('the browser was not started');
  const path = join(folder, `${name}.html`);
  const html = await formatHtml({
    result: everyRun[name],
    consoleText: `${runs.consoleText}\n${runs.hostileTexts.join('\n')}`,
    qemuLog: runs.hostileTexts.join('\n'),
    screenshot: runs.screenshotPng,
  });
  await writeFile(path, html);
  const page = await browser.context.newPage();
  const said: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('dialog', async (dialog) => {
    said.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.setViewportSize({ width, height });
  await page.goto(pathToFileURL(path).href);
  const own = page.url();
  return {
    page,
    said,
    get asked() {
      return asked.filter((url) => url !== own && !url.startsWith('data:'));
    },
  };
}

describe.each(Object.keys(everyRun) as (keyof typeof everyRun)[])('the report of the %s run', (name) => {
  let opened: Opened | undefined;
  beforeAll(async () => {
    opened = await open(name, 390, 844);
  }, slow);
  afterAll(() => opened?.page.close());

  const current = (): Opened => {
    if (!opened) throw new Error('the report was not opened');
    return opened;
  };

  test.each([
    [390, 844],
    [1280, 900],
  ])('shows its verdict first, at %i by %i', { timeout: slow }, async (width, height) => {
    const { page } = current();
    await page.setViewportSize({ width, height });
    const heading = page.getByRole('heading', { level: 1 });
    const words = {
      proven: 'hl02 is proven',
      'not proven': 'hl02 is not proven',
      interrupted: 'was interrupted',
    };
    expect(await heading.textContent()).toContain(words[everyRun[name].verdict]);
    const box = await heading.boundingBox();
    expect(box && box.y + box.height).toBeLessThan(height / 2);
  });

  test('is never wider than the screen, folded or not', { timeout: slow }, async () => {
    const { page } = current();
    for (const width of [360, 390]) {
      await page.setViewportSize({ width, height: 740 });
      expect(await page.evaluate(overflowFaults), `folded, at ${width}`).toEqual([]);
    }
    await page.evaluate(openAll);
    for (const width of [360, 390, 705, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      expect(await page.evaluate(overflowFaults), `open, at ${width}`).toEqual([]);
    }
  });

  test('can be read by assistive technology, in both schemes', { timeout: slow }, async () => {
    const { page } = current();
    await page.evaluate(openAll);
    expect(await page.evaluate(structureFaults)).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate(contrastFaults), colorScheme).toEqual([]);
    }
  });

  test('has made no error, dialog or request in all of this', async () => {
    const { page, said, asked } = current();
    expect(said).toEqual([]);
    expect(asked).toEqual([]);
    expect(await page.locator('script').count()).toBe(0);
  });
});

test('failures come before all else, with what was expected and seen', { timeout: slow }, async () => {
  const { page } = await open('failing');
  expect((await page.getByRole('heading', { level: 2 }).allInnerTexts()).slice(0, 3)).toEqual([
    '2 probes failed',
    '3 probes refused',
    'All probes',
  ]);
  const failure = page.locator('#failures article', { hasText: 'sshd.service is active' });
  expect(await failure.textContent()).toMatch(
    /services\.openssh\.enable\s*Expected\s*loaded, active\s*Seen\s*masked, inactive/,
  );
  await page.close();
});

test('a verdict is told in words too, not by colour alone', { timeout: slow }, async () => {
  const { page } = await open('failing');
  const names = await page.locator('.probe summary').evaluateAll((all) => all.map((one) => one.textContent));
  expect(names).toHaveLength(failing.proofs.length);
  for (const name of names) expect(name).toMatch(/^(passed|failed|refused): /);
  await page.close();
});

test('evidence opens with the keyboard', { timeout: slow }, async () => {
  const { page } = await open('proven');
  const probe = page.locator('.probe', { hasText: 'hostid prints 92bbb1e6' });
  expect(await probe.getByText('Evidence').isVisible()).toBe(false);
  await probe.locator('summary').focus();
  await page.keyboard.press('Enter');
  expect(await probe.getByText('Evidence').isVisible()).toBe(true);
  await page.close();
});

test('the list of options can be narrowed to one verdict, with the keyboard too', {
  timeout: slow,
}, async () => {
  const { page } = await open('proven');
  const shown = () => page.locator('#coverage tbody tr:visible th > code').allInnerTexts();
  const all = proven.coverage.map(({ option }) => option).sort();
  expect((await shown()).sort()).toEqual(all);
  for (const [label, verdict] of [
    ['unproven (1)', 'unproven'],
    ['on NixOS only (1)', 'nixos only'],
  ] as const) {
    await page.getByLabel(label, { exact: true }).check();
    const wanted = proven.coverage.filter((each) => each.verdict === verdict);
    expect(await shown()).toEqual(wanted.map(({ option }) => option));
  }
  await page.getByLabel('all (5)').focus();
  await page.keyboard.press('Space');
  expect((await shown()).sort()).toEqual(all);
  await page.close();
});

test('paper is white, whatever the scheme', { timeout: slow }, async () => {
  const { page } = await open('failing');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
    'rgb(255, 255, 255)',
  );
  await page.close();
});

test('junit.xml is well-formed XML for a parser, whatever a machine printed', { timeout: slow }, async () => {
  if (!browser) throw new Error('the browser was not started');
  const page = await browser.context.newPage();
  for (const result of Object.values(everyRun)) {
    const counted = await page.evaluate(
      (xml) => {
        const parsed = new DOMParser().parseFromString(xml, 'application/xml');
        const fault = parsed.querySelector('parsererror')?.textContent;
        return fault ?? String(parsed.querySelectorAll('testsuite > testcase').length);
      },
      await formatJunit(result),
    );
    expect(counted).toBe(String(result.proofs.length + 1));
  }
  await page.close();
});
