/** A place in a source file, as a stack names it. */
export interface StackPlace {
  /** Absolute. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

const named = / \((.+):(\d+):\d+\)$/;
const bare = /^at (?:async )?(.+):(\d+):\d+$/;

/** The places of a stack's frames, innermost first; frames of Node itself are left out. */
export function stackPlaces(stack: string | undefined): StackPlace[] {
  return (stack ?? '').split('\n').flatMap((text) => {
    const frame = text.trim();
    if (!frame.startsWith('at ')) return [];
    const [, file, line] = named.exec(frame) ?? bare.exec(frame) ?? [];
    if (file === undefined || !/^(?:file:\/\/|\/|[A-Za-z]:[\\/])/.test(file)) return [];
    return [{ file: filePath(file), line: Number(line) }];
  });
}

/** The path that a `file:` URL means; a path is given back as it is. */
export function filePath(file: string): string {
  return file.startsWith('file://') ? decodeURIComponent(new URL(file).pathname) : file;
}

/** The places that led to `callee`, innermost first, of so many frames; frames of Node itself are left out. */
// biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
export function callSites(callee: Function, frames = 12): StackPlace[] {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = frames;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = stackTraceLimit;
  return stackPlaces(holder.stack);
}

/** The place that called `callee`; an empty file name when the stack does not tell. */
// biome-ignore lint/complexity/noBannedTypes: what captureStackTrace takes
export function callSite(callee: Function): { readonly file: string; readonly line: number | undefined } {
  return callSites(callee, 1)[0] ?? { file: '', line: undefined };
}

/** A file as seen from a folder that it lies in; other files keep their whole path. */
export function relativeTo(root: string | undefined, file: string): string {
  return root !== undefined && file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
}
