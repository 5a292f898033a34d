import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseResult } from '../../src/reports/json.ts';
import { writeReports } from '../../src/reports/write.ts';
import { consoleText, failing, proven, screenshotPng } from './fixtures.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reports-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const toDisk = (path: string, data: string) => writeFile(path, data);

test('writes the three reports, each into its file', async () => {
  const screenshotPath = join(folder, 'screenshot.png');
  await writeFile(screenshotPath, screenshotPng);
  await writeReports(failing, folder, { consoleText, screenshotPath, qemuLog: 'said', writeFile: toDisk });
  expect((await readdir(folder)).sort()).toEqual([
    'junit.xml',
    'report.html',
    'result.json',
    'screenshot.png',
  ]);
  const text = (name: string) => readFile(join(folder, name), 'utf8');
  expect(await parseResult(await text('result.json'))).toEqual(failing);
  expect(await text('junit.xml')).toContain('failures="2"');
  expect(await text('report.html')).toContain(screenshotPng.toString('base64'));
  expect(await text('report.html')).toContain('Reached target multi-user.target');
});

test('a screenshot that is not there is left out', async () => {
  await writeReports(proven, folder, { screenshotPath: join(folder, 'none.png'), writeFile: toDisk });
  expect(await readFile(join(folder, 'report.html'), 'utf8')).not.toContain('<img');
});

test('a report that cannot be written does not take the others with it', async () => {
  const written: string[] = [];
  const failed = writeReports(proven, folder, {
    writeFile: async (path) => {
      if (path.endsWith('result.json')) throw new Error('no space left');
      written.push(path);
    },
  });
  await expect(failed).rejects.toThrow('no space left');
  expect(written).toEqual([join(folder, 'junit.xml'), join(folder, 'report.html')]);
});

test('several errors are told together', async () => {
  const failed = writeReports(proven, folder, {
    writeFile: () => Promise.reject(new Error('no space left')),
  });
  await expect(failed).rejects.toMatchObject({
    errors: [expect.any(Error), expect.any(Error), expect.any(Error)],
  });
});
