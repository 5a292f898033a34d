import { commentLines } from './flat.ts';
import { layout, layoutModuleSet, layoutWide, letHead, parameterText } from './layout.ts';
import type { NixSyntax } from './syntax.ts';

export interface PrintOptions {
  /** How many levels of two spaces the line is indented that the text begins on. Default: 0. */
  readonly indent?: number;
}

/**
 * Nix text in the official format (RFC 166, https://github.com/NixOS/rfcs/blob/master/rfcs/0166-nix-formatting.md), without a
 * newline at its end. Lists of simple elements stay on one line while they fit; there nixfmt takes a line for each.
 *
 * @throws BootproofError when a text in it holds what Nix cannot: a NUL, half of a surrogate pair
 */
export function printNix(syntax: NixSyntax, options: PrintOptions = {}): string {
  const indent = (options.indent ?? 0) * 2;
  return layoutWide(syntax, { indent, column: indent, tail: 0 });
}

export interface FileOptions {
  /** What stands above, as lines of comment; a line that is empty gives `#`. */
  readonly header?: string;
}

/** A whole file: its header, the code, and a newline at its end. A module's bindings of several lines stand apart. */
export function printNixFile(syntax: NixSyntax, options: FileOptions = {}): string {
  const header = options.header === undefined ? [] : commentLines([options.header.trimEnd()]);
  return `${[...header, fileBody(syntax)].join('\n')}\n`;
}

const start = { indent: 0, column: 0, tail: 0 } as const;

/** A module's function takes a line for its parameter, and its set begins on the next. */
function fileBody(syntax: NixSyntax): string {
  switch (syntax.kind) {
    case 'lambda': {
      const parameter = parameterText(syntax.parameter, 0);
      const body = fileBody(syntax.body);
      const beside =
        typeof syntax.parameter === 'string' && !['let', 'with', 'assert'].includes(syntax.body.kind);
      return `${parameter}${beside ? ' ' : '\n'}${body}`;
    }
    case 'set':
      return layoutModuleSet(syntax, start);
    case 'let':
      return `${letHead(syntax.entries, 0)}\n${fileBody(syntax.body)}`;
    case 'with':
      return `with ${layout(syntax.scope, { ...start, column: 5, tail: 1 })};\n${fileBody(syntax.body)}`;
    case 'assert':
      return `assert ${layout(syntax.condition, { ...start, column: 7, tail: 1 })};\n${fileBody(syntax.body)}`;
    default:
      return layoutWide(syntax, start);
  }
}
