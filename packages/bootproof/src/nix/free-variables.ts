import { everyToken, scan } from './scan.ts';
import type { NixEntry, NixSyntax } from './syntax.ts';

/**
 * Which of the given names a syntax uses from around it: what a module's function has to take. Names that a function,
 * a `let` or a `rec` set in between binds do not count. Raw text counts whatever looks like a use, so that a module
 * may take an argument too many, but none too few.
 */
export function freeVariables(syntax: NixSyntax, names: Iterable<string>): Set<string> {
  const wanted = new Set(names);
  const used = collect(syntax, wanted);
  return new Set([...wanted].filter((name) => used.has(name)));
}

type Names = ReadonlySet<string>;

const union = (sets: readonly Names[]): Names => new Set(sets.flatMap((one) => [...one]));
const none: Names = new Set();

function collect(syntax: NixSyntax, wanted: Names): Names {
  if (wanted.size === 0) return none;
  const inside = (...parts: readonly (string | NixSyntax | undefined)[]): Names =>
    union(
      parts.map((part) => (part === undefined || typeof part === 'string' ? none : collect(part, wanted))),
    );
  switch (syntax.kind) {
    case 'variable':
      return wanted.has(syntax.name) ? new Set([syntax.name]) : none;
    case 'string':
      return inside(...syntax.parts);
    case 'raw':
      return union([inside(...syntax.parts), inRaw(syntax.parts, wanted)]);
    case 'list':
      return inside(...syntax.items);
    case 'set':
      return inEntries(syntax.entries, syntax.recursive, undefined, wanted);
    case 'let':
      return inEntries(syntax.entries, true, syntax.body, wanted);
    case 'select':
      return inside(syntax.of, ...syntax.path, syntax.otherwise);
    case 'has':
      return inside(syntax.of, ...syntax.path);
    case 'apply':
      return inside(syntax.function, syntax.argument);
    case 'lambda':
      return inLambda(syntax, wanted);
    case 'unary':
      return inside(syntax.operand);
    case 'binary':
      return inside(syntax.left, syntax.right);
    case 'with':
      return inside(syntax.scope, syntax.body);
    case 'if':
      return inside(syntax.condition, syntax.yes, syntax.no);
    case 'assert':
      return inside(syntax.condition, syntax.body);
    default:
      return none;
  }
}

const without = (names: Names, bound: Iterable<string>): Names => {
  const rest = new Set(names);
  for (const name of bound) rest.delete(name);
  return rest;
};

function inLambda(syntax: NixSyntax & { kind: 'lambda' }, wanted: Names): Names {
  const { parameter, body } = syntax;
  if (typeof parameter === 'string') return collect(body, without(wanted, [parameter]));
  const bound = [
    ...parameter.names.map((one) => one.name),
    ...(parameter.as === undefined ? [] : [parameter.as]),
  ];
  const inner = without(wanted, bound);
  const defaults = parameter.names.flatMap((one) => (one.default === undefined ? [] : [one.default]));
  return union([body, ...defaults].map((part) => collect(part, inner)));
}

function inEntries(
  entries: readonly NixEntry[],
  recursive: boolean,
  body: NixSyntax | undefined,
  wanted: Names,
): Names {
  const bound = entries.flatMap((entry) =>
    entry.kind === 'inherit'
      ? entry.names
      : entry.kind === 'binding' && typeof entry.path[0] === 'string'
        ? [entry.path[0]]
        : [],
  );
  const inner = recursive ? without(wanted, bound) : wanted;
  const found = entries.map((entry) => {
    if (entry.kind === 'binding') {
      return union(
        [entry.value, ...entry.path].map((part) => (typeof part === 'string' ? none : collect(part, inner))),
      );
    }
    if (entry.kind !== 'inherit') return none;
    // `inherit a;` takes the name from around, even where it binds that name itself.
    return entry.from === undefined
      ? new Set(entry.names.filter((name) => wanted.has(name)))
      : collect(entry.from, inner);
  });
  return union([...found, body === undefined ? none : collect(body, inner)]);
}

/** Names in raw text, strings' gaps included; not attributes (after a dot), nor names that are being bound. */
function inRaw(parts: readonly (string | NixSyntax)[], wanted: Names): Names {
  // A gap stands for a value; a literal keeps the text around it whole.
  const text = parts.map((part) => (typeof part === 'string' ? part : ' 0 ')).join('');
  const tokens = [...everyToken(scan(text).tokens)].filter((token) => token.kind !== 'comment');
  const used = tokens.filter(
    (token, at) =>
      token.kind === 'name' &&
      wanted.has(token.text) &&
      tokens[at - 1]?.text !== '.' &&
      tokens[at + 1]?.text !== '=',
  );
  return new Set(used.map((token) => token.text));
}
