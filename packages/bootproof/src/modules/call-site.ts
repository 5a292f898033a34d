import { filePath, stackPlaces } from '../base/stack.ts';
import type { SourcePlace } from '../options/type.ts';

/** The place that called `callee`; an empty file name when the stack does not tell. */
// biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
export function callSite(callee: Function): SourcePlace {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = stackTraceLimit;
  return stackPlaces(holder.stack)[0] ?? { file: '', line: undefined };
}

/** This package's own folder, sources or build. */
const own = filePath(new URL('..', import.meta.url).href);

/** The innermost place of an error's stack that is neither in this package nor in an installed one. */
export function ownersPlace(error: unknown): SourcePlace | undefined {
  if (!(error instanceof Error)) return undefined;
  return stackPlaces(error.stack).find(
    ({ file }) => !file.startsWith(own) && !file.includes('/node_modules/'),
  );
}
