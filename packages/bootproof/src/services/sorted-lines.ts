/** Lines as `LC_ALL=C sort` prints them: what a command's output is compared with when its order means nothing. */
export const sortedLines = (lines: readonly string[]): string => [...lines].sort().join('\n');
