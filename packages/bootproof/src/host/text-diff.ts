import { formatPatch, type StructuredPatch, type StructuredPatchHunk, structuredPatch } from 'diff';

/** A file before and after; undefined where there is none. */
export interface FileChange {
  /** Its path as the patch names it, without `a/` or `b/`. */
  readonly name: string;
  readonly before: { readonly bytes: Buffer; readonly mode: number } | undefined;
  readonly after: Buffer | undefined;
}

/** Nobody reads a longer diff of one file, and making it takes seconds. In bytes, both sides together. */
const longest = 512 * 1024;
/** With more added and removed lines than this the two have little in common, and searching for it takes seconds. */
const mostEdits = 1000;

/**
 * A change as a patch in Git's format, which `git apply` and `patch -p1` take. A file that is not text in UTF-8, or is
 * longer than 512 KiB, is only named.
 */
export function unifiedDiff({ name, before, after }: FileChange): string {
  const names = `a/${name} and b/${name}`;
  const texts = [before?.bytes, after].map((bytes) => (bytes === undefined ? '' : textOf(bytes)));
  const [oldText, newText] = texts;
  if (oldText === undefined || newText === undefined) return `Binary files ${names} differ\n`;
  if (oldText.length + newText.length > longest) return `Files ${names} differ: too long to show\n`;
  return formatPatch({
    oldFileName: before === undefined ? '/dev/null' : `a/${name}`,
    newFileName: after === undefined ? '/dev/null' : `b/${name}`,
    oldHeader: undefined,
    newHeader: undefined,
    hunks: hunksOf(oldText, newText),
    isGit: true,
    isCreate: before === undefined,
    isDelete: after === undefined,
    ...(before !== undefined && after === undefined ? { oldMode: gitMode(before.mode) } : {}),
  });
}

function hunksOf(before: string, after: string): StructuredPatchHunk[] {
  const compare = (a: string, b: string, maxEditLength: number): StructuredPatch | undefined =>
    structuredPatch('', '', a, b, undefined, undefined, { context: 3, maxEditLength });
  const patch = compare(before, after, mostEdits);
  if (patch !== undefined) return patch.hunks;
  return replaceAll(compare(before, '', Infinity)?.hunks[0], compare('', after, Infinity)?.hunks[0]);
}

/** One hunk that takes all old lines out and puts all new ones in. */
function replaceAll(
  out: StructuredPatchHunk | undefined,
  into: StructuredPatchHunk | undefined,
): StructuredPatchHunk[] {
  if (out === undefined || into === undefined) return [out ?? into].filter((hunk) => hunk !== undefined);
  return [{ ...out, newLines: into.newLines, lines: [...out.lines, ...into.lines] }];
}

/** The text of a file; undefined when it is none. As Git does, a NUL makes it binary. */
function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

/** Git knows two modes of a file. */
const gitMode = (mode: number): string => ((mode & 0o100) === 0 ? '100644' : '100755');
