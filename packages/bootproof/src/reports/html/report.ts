/** report.html: one file that opens without a network, a server or scripts. */
import type { RunResult } from '../../runner/result.ts';
import { printable } from '../text.ts';

/** A line of the console with the time at which it came. */
export interface ConsoleLine {
  /** Milliseconds since QEMU was started. */
  readonly atMs: number;
  readonly text: string;
}

export interface ReportInput {
  readonly result: RunResult;
  /** What the serial console showed: as text, or line by line with times. */
  readonly consoleText?: string | readonly ConsoleLine[];
  readonly qemuLog?: string;
  /** A PNG; anything else is left out. */
  readonly screenshot?: Uint8Array;
}

/** Larger pictures stay beside the report. */
const screenshotBytes = 4 * 2 ** 20;

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function dataAddress(picture: Uint8Array | undefined): string | undefined {
  if (!picture || picture.length > screenshotBytes) return undefined;
  if (!pngSignature.every((byte, index) => picture[index] === byte)) return undefined;
  return `data:image/png;base64,${Buffer.from(picture).toString('base64')}`;
}

/**
 * A copy in which every text, keys included, is safe to show. Done once for the whole result, so that no part of the page
 * can forget it; what HTML needs besides is the renderer's.
 */
function shown<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) return value.map(shown) as T;
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [printable(key), shown(child)]),
    ) as T;
  return value;
}

function consoleOf(given: ReportInput['consoleText']): string {
  if (given === undefined || typeof given === 'string') return printable(given ?? '');
  return given
    .map(({ atMs, text }) => `${(atMs / 1000).toFixed(3).padStart(9)}  ${printable(text)}`)
    .join('\n');
}

/** The text of report.html. */
export async function formatHtml(input: ReportInput): Promise<string> {
  const [{ h }, { renderToString }, { Page }] = await Promise.all([
    import('preact'),
    import('preact-render-to-string'),
    import('./page.tsx'),
  ]);
  const page = h(Page, {
    result: shown(input.result),
    consoleText: consoleOf(input.consoleText),
    qemuLog: printable(input.qemuLog ?? ''),
    screenshot: dataAddress(input.screenshot),
  });
  return `<!doctype html>\n${renderToString(page)}\n`;
}
