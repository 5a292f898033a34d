/** The files of a run that are made from its result. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../runner/result.ts';
import { type ConsoleLine, formatHtml } from './html/report.ts';
import { formatJson } from './json.ts';
import { formatJunit } from './junit.ts';

export interface ReportFiles {
  /** What the serial console showed. Absent: the report has no console section. */
  readonly consoleText?: string | readonly ConsoleLine[];
  /** A PNG. One that is missing or cannot be read is left out of the report. */
  readonly screenshotPath?: string;
  readonly qemuLog?: string;
  /** Writes a file whole or not at all. */
  readonly writeFile: (path: string, data: string) => Promise<void>;
}

/**
 * Writes result.json, junit.xml and report.html into a run's folder. Each of them is tried, result.json first; when one
 * could not be made or written, the others are still there, and the error (an AggregateError for several) is thrown at
 * the end.
 */
export async function writeReports(result: RunResult, folder: string, options: ReportFiles): Promise<void> {
  const { consoleText, screenshotPath, qemuLog, writeFile } = options;
  const screenshot =
    screenshotPath === undefined ? undefined : await readFile(screenshotPath).catch(() => undefined);
  const makers: readonly (readonly [string, () => string | Promise<string>])[] = [
    [result.files.result, () => formatJson(result)],
    [result.files.junit, () => formatJunit(result)],
    [
      result.files.report,
      () =>
        formatHtml({
          result,
          ...(consoleText === undefined ? {} : { consoleText }),
          ...(qemuLog === undefined ? {} : { qemuLog }),
          ...(screenshot === undefined ? {} : { screenshot }),
        }),
    ],
  ];
  const errors: unknown[] = [];
  for (const [file, make] of makers) {
    try {
      await writeFile(join(folder, file), await make());
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, `Some reports could not be written to ${folder}.`);
  if (errors.length === 1) throw errors[0];
}
