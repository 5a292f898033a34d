/** result.json: a run for programs. */
import type { RunResult } from '../runner/result.ts';

/** Keys that come first, in the order in which a reader asks for them; all others follow by name. */
const leading = [
  'schema',
  'tool',
  'host',
  'test',
  'verdict',
  'startedAt',
  'durationMs',
  'id',
  'name',
  'title',
  'probe',
  'expected',
  'seen',
];

function rank(key: string): number {
  const place = leading.indexOf(key);
  return place < 0 ? leading.length : place;
}

/**
 * The text of result.json. Equal results give equal text, whatever order their keys were set in. A command without an exit
 * code has null there.
 */
export function formatJson(result: RunResult): string {
  const text = JSON.stringify(
    result,
    (key, value: unknown) => {
      if (key === 'exitCode' && value === undefined) return null;
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0)),
          )
        : value;
    },
    2,
  );
  return `${text}\n`;
}

/** Reads result.json back. Throws valibot's error, with the path of what is wrong, when it is no result of schema 1. */
export async function parseResult(text: string): Promise<RunResult> {
  // Loaded here: writing a result needs no schema.
  const [{ parse }, { runResultSchema }] = await Promise.all([import('valibot'), import('./schema.ts')]);
  return parse(runResultSchema, JSON.parse(text));
}
