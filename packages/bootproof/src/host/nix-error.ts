/** What Nix says when something fails, cut to what a person needs. */

/** One error of Nix: its first line and the lines that belong to it. */
const beginning = /^\s*error:\s*/;

/** The longest part of an error that is shown. Lines. */
const shownLines = 14;

/**
 * The error in what Nix wrote to standard error, without its trace.
 *
 * Nix prints the trace first and the cause last, and after a failed build one more error for each derivation that needed
 * it. So the last error that has a text of its own is the cause. The text is the last lines of it all when nothing looks
 * like an error.
 */
export function nixErrorText(stderr: string): string {
  const errors: string[][] = [];
  let current: string[] | undefined;
  for (const line of stderr.trimEnd().split('\n')) {
    if (beginning.test(line)) {
      current = [line.replace(beginning, '')];
      // The word alone stands above a trace.
      if (current[0] !== '') errors.push(current);
    } else if (/^warning: |^\(use '--show-trace'/.test(line)) current = undefined;
    else current?.push(line);
  }
  const causes = errors.filter(([first]) => !/dependenc(y|ies) of derivation .* failed/.test(first ?? ''));
  const cause = causes.at(-1) ?? errors.at(-1) ?? stderr.trim().split('\n').slice(-3);
  return withoutSource(cause).slice(0, shownLines).join('\n').trimEnd();
}

/** Without the lines of source that Nix quotes (`  12|   foo = bar;` and the caret below). */
function withoutSource(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !/^\s*\d*\|/.test(line) && !/^\s*\^\s*$/.test(line))
    .filter((line, index) => line.trim() !== '' || index === 0)
    .map((line) => line.trimEnd());
}

/** Whether an error of Nix tells of a network that cannot be reached. The words are those of Nix and of libcurl. */
export function isNetworkError(text: string): boolean {
  return /unable to download|could(n't| not) resolve|failed to connect|could not connect|connection (timed out|refused|reset)|network is unreachable|timeout was reached|timed out after|TLS connect error/i.test(
    text,
  );
}
