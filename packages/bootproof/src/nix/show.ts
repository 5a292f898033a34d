import { isPlainObject, type NixNode, nodeOf } from './node.ts';

const identifier = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;

/** One attribute name as it stands in a path: quoted when it is no identifier. */
export const attrNameText = (name: string): string => (identifier.test(name) ? name : JSON.stringify(name));

/** An attribute path as a person writes it: `fileSystems."/boot".fsType`. */
export const attrPathText = (path: readonly string[]): string => path.map(attrNameText).join('.');

const operatorText = { and: 'and', or: 'or', not: 'not', equals: 'equals' } as const;

function templateText(tag: string, strings: readonly string[], values: readonly unknown[]): string {
  const gaps = strings.map((part, index) =>
    index < values.length ? `${part}\${${showValue(values[index])}}` : part,
  );
  return `${tag}\`${gaps.join('')}\``;
}

/** A node as the user would write it. */
export function showNode(node: NixNode): string {
  switch (node.kind) {
    case 'package':
      return attrPathText(['pkgs', ...node.attrPath]);
    case 'input':
      return attrPathText(['inputs', ...node.attrPath]);
    case 'config':
      return attrPathText(['config', ...node.path]);
    case 'path':
      return node.base === 'modulesPath' ? `modulesPath.file('${node.path}')` : `path('${node.path}')`;
    case 'raw':
      return templateText('nix', node.strings, node.values);
    case 'text':
      return templateText('text', node.strings, node.values);
    case 'operation':
      return `${operatorText[node.operator]}(${node.operands.map((operand) => showValue(operand)).join(', ')})`;
    case 'unknown':
      return `(known to Nix only: ${node.reason})`;
  }
}

const longest = 120;

function clip(shown: string): string {
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown;
}

/** A value as the user would write it in a module, clipped where it is long: for error messages. */
export function showValue(value: unknown, depth = 0): string {
  const node = nodeOf(value);
  if (node) return clip(showNode(node));
  if (typeof value === 'string') return clip(JSON.stringify(value));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}`.trim();
  if (Array.isArray(value)) {
    return depth > 3 ? '[…]' : clip(`[${value.map((item) => showValue(item, depth + 1)).join(', ')}]`);
  }
  if (isPlainObject(value)) {
    if (depth > 3) return '{…}';
    const members = Object.entries(value).map(
      ([name, member]) => `${attrNameText(name)}: ${showValue(member, depth + 1)}`,
    );
    return clip(members.length === 0 ? '{}' : `{ ${members.join(', ')} }`);
  }
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'nameless'} object`;
  return String(value);
}

/** What sort of value this is, in words: `a string`, `a list`. */
export function kindOfValue(value: unknown): string {
  const node = nodeOf(value);
  if (node?.kind === 'package') return 'a package';
  if (node?.kind === 'path') return 'a path';
  if (node?.kind === 'input') return 'a flake input';
  if (node) return 'an expression';
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'a number that Nix does not have';
    return Number.isInteger(value) ? 'an integer' : 'a floating point number';
  }
  if (typeof value === 'boolean') return 'a boolean';
  if (typeof value === 'object') return isPlainObject(value) ? 'an attribute set' : 'an object of a class';
  return `a ${typeof value}`;
}

/** The parts of a dotted path as `attrPathText` writes it; names with dots or slashes stand in double quotes. */
export function parseAttrPath(path: string): string[] {
  const parts = path.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? (JSON.parse(part) as string) : part));
}
