/**
 * A Babel plugin for the homelab's own files. It does two things that JavaScript cannot do at run time: it puts a check
 * around every condition, since a proxy cannot see its truth being asked; and it notes the line of every attribute of
 * an object literal, and the comment above it, so that a definition is traced to where it stands and its comment is
 * emitted with it. Lines do not move.
 */

/** Bumped whenever the output changes, since the loader keeps transformed files. */
export const pluginVersion = 2;

/** The name under which transformed files import the functions that they call. */
export const instrumentModule = 'bootproof:instrument';

/** What transformed files call. */
export interface Instrument {
  /** Returns a value that is about to be tested or compared, or throws. `use` is a clause after "it was". */
  readonly condition: <Value>(value: Value, use: string) => Value;
  /** Returns an object literal that was just made, after noting where its attributes stand and what is said of them. */
  readonly literal: <Literal extends object>(
    literal: Literal,
    file: string,
    lines: Readonly<Record<string, number>>,
    comments?: Readonly<Record<string, string>>,
  ) => Literal;
}

/** The few parts of Babel's syntax tree that are used here. Babel itself comes inside jiti, without types. */
interface Node {
  type: string;
  loc?: Location | null;
  leadingComments?: readonly Comment[] | null;
  [field: string]: unknown;
}

interface Location {
  start: { line: number };
  end: { line: number };
}

interface Comment {
  type: 'CommentLine' | 'CommentBlock';
  value: string;
  loc?: Location | null;
}

interface NodePath {
  node: Node;
  replaceWith(node: Node): void;
  skip(): void;
  traverse(visitor: Visitor): void;
  unshiftContainer(field: string, node: Node): void;
  scope: { generateUid(name: string): string };
}

type Visit = (path: NodePath) => void;
type Visitor = Readonly<Record<string, Visit | { readonly exit: Visit }>>;

interface Types {
  identifier(name: string): Node;
  stringLiteral(text: string): Node;
  numericLiteral(value: number): Node;
  memberExpression(object: Node, property: Node): Node;
  callExpression(callee: Node, parameters: readonly Node[]): Node;
  objectExpression(properties: readonly Node[]): Node;
  objectProperty(key: Node, value: Node): Node;
  importDeclaration(specifiers: readonly Node[], source: Node): Node;
  importNamespaceSpecifier(local: Node): Node;
}

/** Which field of which statement is a condition, and how an error names that. */
const conditions: Readonly<Record<string, readonly [field: string, use: string]>> = {
  IfStatement: ['test', 'used as the condition of an if'],
  ConditionalExpression: ['test', 'used as the condition of a ? :'],
  WhileStatement: ['test', 'used as the condition of a while'],
  DoWhileStatement: ['test', 'used as the condition of a do … while'],
  ForStatement: ['test', 'used as the condition of a for'],
  SwitchStatement: ['discriminant', 'switched on'],
};

const comparisons = new Set(['==', '!=', '===', '!==']);

/** The plugin. Babel calls it with its own toolbox. */
export function instrumentPlugin({ types: t }: { readonly types: Types }): object {
  return {
    name: 'bootproof-instrument',
    visitor: {
      Program(program: NodePath): void {
        const helper = program.scope.generateUid('bootproof');
        program.traverse(instrumentVisitor(t, helper));
        program.unshiftContainer(
          'body',
          t.importDeclaration(
            [t.importNamespaceSpecifier(t.identifier(helper))],
            t.stringLiteral(instrumentModule),
          ),
        );
      },
    },
  };
}

function instrumentVisitor(t: Types, helper: string): Visitor {
  const made = new WeakSet<Node>();
  const call = (name: keyof Instrument, ...parameters: readonly Node[]): Node =>
    t.callExpression(t.memberExpression(t.identifier(helper), t.identifier(name)), parameters);
  const guard = (path: NodePath, field: string, use: string): void => {
    const operand = path.node[field] as Node | null;
    if (operand) path.node[field] = call('condition', operand, t.stringLiteral(use));
  };
  const markLiteral = (path: NodePath): void => {
    if (made.has(path.node)) return;
    made.add(path.node);
    const record = (properties: readonly Node[]): Node => {
      const literal = t.objectExpression(properties);
      made.add(literal);
      return literal;
    };
    const lines = record(attributeLines(t, path.node));
    const comments = attributeComments(t, path.node);
    const noted = comments.length > 0 ? [lines, record(comments)] : [lines];
    path.replaceWith(call('literal', path.node, t.identifier('__filename'), ...noted));
    path.skip();
  };
  return {
    ...Object.fromEntries(
      Object.entries(conditions).map(([type, [field, use]]) => [type, (path) => guard(path, field, use)]),
    ),
    LogicalExpression: (path) => guard(path, 'left', `used as a condition by ${path.node['operator']}`),
    UnaryExpression: (path) => {
      if (path.node['operator'] === '!') guard(path, 'argument', 'negated by !');
    },
    BinaryExpression: (path) => {
      const operator = path.node['operator'] as string;
      if (!comparisons.has(operator)) return;
      guard(path, 'left', `compared by ${operator}`);
      guard(path, 'right', `compared by ${operator}`);
    },
    CallExpression: (path) => {
      const callee = path.node['callee'] as Node;
      const [first, ...rest] = path.node['arguments'] as readonly Node[];
      if (callee['name'] !== 'Boolean' || !first) return;
      path.node['arguments'] = [call('condition', first, t.stringLiteral('made a boolean')), ...rest];
    },
    ObjectExpression: { exit: markLiteral },
  };
}

/** For each attribute with a plain name, a property that holds its line. */
function attributeLines(t: Types, literal: Node): Node[] {
  return namedAttributes(literal).flatMap(([name, property]) => {
    const line = property.loc?.start.line;
    return line === undefined ? [] : [t.objectProperty(t.stringLiteral(name), t.numericLiteral(line))];
  });
}

/** For each attribute with a comment above it, a property that holds the comment. */
function attributeComments(t: Types, literal: Node): Node[] {
  let above = literal.loc?.start.line ?? 0;
  return namedAttributes(literal).flatMap(([name, property]) => {
    // Babel also counts a comment at the end of the line before, which is about the attribute there.
    const own = (property.leadingComments ?? []).filter(({ loc }) => (loc?.start.line ?? 0) > above);
    above = property.loc?.end.line ?? above;
    const comment = own.flatMap(commentLines).join('\n').trim();
    return comment === '' ? [] : [t.objectProperty(t.stringLiteral(name), t.stringLiteral(comment))];
  });
}

function namedAttributes(literal: Node): (readonly [name: string, property: Node])[] {
  return (literal['properties'] as readonly Node[]).flatMap((property) => {
    const key = property['key'] as Node | undefined;
    if (!key || property['computed'] === true) return [];
    const name = key['name'] ?? key['value'];
    return typeof name === 'string' || typeof name === 'number' ? [[String(name), property] as const] : [];
  });
}

/** What is for the linter or the compiler says nothing to a reader of the emitted file. */
const toolComment = /^\s*(biome-|eslint-|prettier-|@ts-)/;

/** The lines of a comment without what marks them as one. */
function commentLines({ type, value }: Comment): string[] {
  if (toolComment.test(value)) return [];
  if (type === 'CommentLine') return [value.replace(/^ /, '').trimEnd()];
  return value.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
}
