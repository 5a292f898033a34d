import { BootproofError } from '../base/errors.ts';
import { code, entry } from './code.ts';
import { wholeRaw } from './flat.ts';
import {
  type ConfigNode,
  isPlainObject,
  type NixNode,
  nodeOf,
  type OperationNode,
  type PathNode,
  type RawNode,
  type TextNode,
} from './node.ts';
import { isNixInteger } from './numbers.ts';
import { rawFault } from './raw.ts';
import { attrPathText, kindOfValue, showValue } from './show.ts';
import { textFault } from './strings.ts';
import type { NixSyntax } from './syntax.ts';

/** Converts a member of a value: the same options, one step further down. */
export type Again = (value: unknown, path: readonly string[]) => NixSyntax;

export interface ConvertOptions {
  /** Where the value stands: the option's path, for messages. */
  readonly path: readonly string[];
  /**
   * Converts what only another room knows (`mkIf` and the like). Asked first, about each value on the way down;
   * undefined leaves the value to this function.
   */
  readonly special?:
    | ((value: unknown, path: readonly string[], again: Again) => NixSyntax | undefined)
    | undefined;
  /** The comment that belongs above an attribute of a set, without marks; undefined for none. */
  readonly commentOf?: ((set: object, name: string) => string | undefined) | undefined;
  /** How a path that is relative to its TypeScript file is written. Default: its own text. */
  readonly filePath?: ((node: PathNode, path: readonly string[]) => NixSyntax) | undefined;
  /**
   * Whether an option has to be made a string before it can stand in one: Nix puts no integer into a string by itself,
   * the `text` template does. Default: none has to be.
   */
  readonly needsToString?: ((reference: ConfigNode) => boolean) | undefined;
}

/**
 * The Nix syntax of a module's value: plain data, and what the `nix` room's functions make. Members that are
 * undefined are left out, as JSON does.
 *
 * @throws BootproofError kind `declaration`, naming the option, for what Nix has no form for: functions, instances of
 * classes, symbols, undefined, holes in lists, cycles, NaN and infinities, integers over 64 bits, NUL in a text
 */
export function nixSyntaxOf(value: unknown, options: ConvertOptions): NixSyntax {
  return new Converter(options).convert(value, options.path);
}

function refusal(path: readonly string[], reason: string, remedy: string): BootproofError {
  const where = path.length === 0 ? 'The value' : attrPathText(path);
  return new BootproofError(`${where} cannot be written in Nix: ${reason}.`, {
    kind: 'declaration',
    hint: remedy,
  });
}

const dots = (root: string, path: readonly string[]): NixSyntax => code.select(code.variable(root), path);

class Converter {
  readonly #options: ConvertOptions;
  /** The lists and sets around what is being converted. */
  readonly #around = new Set<unknown>();

  constructor(options: ConvertOptions) {
    this.#options = options;
  }

  convert(value: unknown, path: readonly string[]): NixSyntax {
    const again: Again = (member, below) => this.convert(member, below);
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      return this.#options.special?.(value, path, again) ?? this.#scalar(value, path);
    }
    if (this.#around.has(value)) {
      throw refusal(path, `${kindOfValue(value)} contains itself`, 'Break the circle: Nix values are trees.');
    }
    this.#around.add(value);
    try {
      return this.#options.special?.(value, path, again) ?? this.#compound(value, path);
    } finally {
      this.#around.delete(value);
    }
  }

  #scalar(value: unknown, path: readonly string[]): NixSyntax {
    switch (typeof value) {
      case 'string':
        return code.string(this.#text(value, path));
      case 'boolean':
        return code.boolean(value);
      case 'number':
        if (Number.isFinite(value)) return code.number(value);
        throw refusal(path, `${value} is no number that Nix has`, 'Give a finite number.');
      case 'bigint':
        if (isNixInteger(value)) return code.number(value);
        throw refusal(
          path,
          `${value} does not fit the 64 bits of Nix's integers`,
          'Give a smaller number, or a string.',
        );
      case 'object':
        return code.null();
      case 'undefined':
        throw refusal(path, 'it is undefined', 'Give a value, or null if the option takes it.');
      default:
        throw refusal(path, `it is ${kindOfValue(value)}`, plainData);
    }
  }

  #compound(value: object, path: readonly string[]): NixSyntax {
    const node = nodeOf(value);
    if (node !== undefined) return this.#node(node, path);
    if (Array.isArray(value)) return this.#list(value, path);
    if (isPlainObject(value)) return this.#set(value, path);
    const remedy =
      typeof value === 'function' ? `${plainData} For a Nix function use the nix template.` : plainData;
    throw refusal(path, `it is ${showValue(value)}`, remedy);
  }

  #list(list: readonly unknown[], path: readonly string[]): NixSyntax {
    const items = Array.from({ length: list.length }, (_, index) => {
      if (index in list) return this.convert(list[index], [...path, String(index)]);
      throw refusal(
        path,
        `item ${index} of the list is missing`,
        'Fill the hole, or use a list without holes.',
      );
    });
    return code.list(items);
  }

  #set(set: Readonly<Record<string, unknown>>, path: readonly string[]): NixSyntax {
    const members = Object.entries(set).filter(([, member]) => member !== undefined);
    return code.set(
      members.map(([name, member]) => {
        const below = [...path, name];
        const comment = this.#options.commentOf?.(set, name)?.split('\n');
        return entry.binding(this.#text(name, below), this.convert(member, below), comment);
      }),
    );
  }

  #text(text: string, path: readonly string[]): string {
    const fault = textFault(text);
    if (fault === undefined) return text;
    throw refusal(path, `${showValue(text)} holds ${fault}`, 'Take that character out.');
  }

  #node(node: NixNode, path: readonly string[]): NixSyntax {
    switch (node.kind) {
      case 'package':
        return dots('pkgs', this.#names(node.attrPath, path));
      case 'input':
        return dots('inputs', this.#names(node.attrPath, path));
      case 'config':
        return dots('config', this.#names(node.path, path));
      case 'path':
        return this.#path(node, path);
      case 'raw':
        return this.#raw(node, path);
      case 'text':
        return this.#template(node, path);
      case 'operation':
        return this.#operation(node, path);
      case 'unknown':
        throw refusal(
          path,
          `its value is not known here, since ${node.reason}`,
          'Emit what was declared, not what was evaluated.',
        );
    }
  }

  #names(names: readonly string[], path: readonly string[]): readonly string[] {
    return names.map((name) => this.#text(name, path));
  }

  #path(node: PathNode, path: readonly string[]): NixSyntax {
    const text = this.#text(node.path, path);
    if (node.base === 'absolute') return code.string(text);
    if (node.base === 'file') return this.#options.filePath?.(node, path) ?? code.path(text);
    const modulesPath = code.variable('modulesPath');
    return text === '' ? modulesPath : code.binary(modulesPath, '+', code.string(`/${text}`));
  }

  #raw(node: RawNode, path: readonly string[]): NixSyntax {
    const parts = node.strings.flatMap((part, index) => [
      this.#text(part, path),
      ...(index < node.values.length ? [this.convert(node.values[index], path)] : []),
    ]);
    const raw = code.raw(...parts);
    const fault = rawFault(wholeRaw(raw));
    if (fault === undefined) return raw;
    throw refusal(
      path,
      `its raw Nix expression ${fault}`,
      'Write one whole Nix expression in the nix template.',
    );
  }

  /** Strings and numbers are part of the text; the rest are gaps, as Nix's own strings have them. */
  #template(node: TextNode, path: readonly string[]): NixSyntax {
    const gap = (value: unknown): readonly (string | NixSyntax)[] => {
      if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
      const syntax = this.convert(value, path);
      if (syntax.kind === 'string') return syntax.parts;
      const reference = nodeOf(value);
      const bare = reference?.kind !== 'config' || this.#options.needsToString?.(reference) !== true;
      return [bare ? syntax : code.apply(code.variable('toString'), syntax)];
    };
    return code.string(
      ...node.strings.flatMap((part, index) => [
        this.#text(part, path),
        ...(index < node.values.length ? gap(node.values[index]) : []),
      ]),
    );
  }

  #operation(node: OperationNode, path: readonly string[]): NixSyntax {
    const operands = node.operands.map((operand) => this.convert(operand, path));
    const [first, second] = operands;
    switch (node.operator) {
      case 'and':
        return operands.length === 0
          ? code.boolean(true)
          : operands.reduce((left, right) => code.binary(left, '&&', right));
      case 'or':
        return operands.length === 0
          ? code.boolean(false)
          : operands.reduce((left, right) => code.binary(left, '||', right));
      case 'not':
        if (first !== undefined) return negation(first);
        break;
      case 'equals':
        if (first !== undefined && second !== undefined) return code.binary(first, '==', second);
    }
    throw refusal(path, `its condition ${node.operator} lacks an operand`, 'Give it what it compares.');
  }
}

const negation = (operand: NixSyntax): NixSyntax =>
  operand.kind === 'binary' && operand.operator === '=='
    ? code.binary(operand.left, '!=', operand.right)
    : code.unary('!', operand);

const plainData = 'Give plain data: strings, numbers, booleans, null, lists, sets.';
