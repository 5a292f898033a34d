import { filePath, stackPlaces } from '../base/stack.ts';
import type { SourcePlace } from '../options/type.ts';

/** This package's own folder, sources or build. */
const own = filePath(new URL('..', import.meta.url).href);

/** The innermost place of an error's stack that is neither in this package nor in an installed one. */
export function ownersPlace(error: unknown): SourcePlace | undefined {
  if (!(error instanceof Error)) return undefined;
  return stackPlaces(error.stack).find(
    ({ file }) => !file.startsWith(own) && !file.includes('/node_modules/'),
  );
}
