/**
 * Where the attributes of an object literal stand, and the comments above them. The loader of the homelab's modules marks every literal as it is
 * made, so that a definition is traced to the very line that set it, also when a helper in another file made it.
 */

interface Positions {
  readonly file: string;
  /** The line of each attribute, by name. */
  readonly lines: Readonly<Record<string, number>>;
  /** The comment above each attribute that has one, by name. */
  readonly comments: Readonly<Record<string, string>>;
}

const known = new WeakMap<object, Positions>();

/** Remembers where an object's attributes stand, and returns the object. */
export function markPositions<Literal extends object>(
  literal: Literal,
  file: string,
  lines: Readonly<Record<string, number>>,
  comments: Readonly<Record<string, string>> = {},
): Literal {
  known.set(literal, { file, lines, comments });
  return literal;
}

/** The file and line of one attribute; undefined when the object was not marked or took the attribute from elsewhere. */
export function positionOf(
  literal: object,
  name: string,
): { readonly file: string; readonly line: number } | undefined {
  const positions = known.get(literal);
  if (!positions || !Object.hasOwn(positions.lines, name)) return undefined;
  const line = positions.lines[name];
  return line === undefined ? undefined : { file: positions.file, line };
}

/** The comment that stands above an attribute, without the marks of a comment; undefined when there is none. */
export function commentOf(literal: object, name: string): string | undefined {
  const comments = known.get(literal)?.comments;
  return comments !== undefined && Object.hasOwn(comments, name) ? comments[name] : undefined;
}

/** Gives a copy of an object the positions of the original, and returns the copy. */
export function copyPositions<Copy extends object>(original: object, copy: Copy): Copy {
  const positions = known.get(original);
  if (positions) known.set(copy, positions);
  return copy;
}
