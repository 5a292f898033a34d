import {
  containsNixOnly,
  isNixOnly,
  isPlainObject,
  type NixNode,
  nixValue,
  nodeOf,
  type PathNode,
} from '../nix/node.ts';
import { packageValue } from '../nix/reference.ts';
import { attrPathText, kindOfValue, parseAttrPath, showValue } from '../nix/show.ts';
import { sameValue } from '../options/merging.ts';
import type { ConfigReader, OptionTree } from '../options/option.ts';
import { propertyOf } from '../options/property.ts';
import type { Site, SourcePlace } from '../options/type.ts';
import { type FaultList, NixOnlyRead, Poisoned } from './faults.ts';

/** A site that can say where it was defined, for the chain of a cycle. */
export interface TracedSite extends Site {
  readonly origin: SourcePlace | undefined;
}

/** A value computed once, on demand. */
export interface Lazy<Value> {
  state: 'new' | 'active' | 'done' | 'failed';
  value?: Value;
}

export const lazy = <Value>(): Lazy<Value> => ({ state: 'new' });

const unknown = (reason: string) => nixValue({ kind: 'unknown', reason });

const tooDeep = 60;

/** The path that a file means when it names one relative to itself. */
function absolutePath(path: string, file: string): PathNode {
  const parts = file.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return { kind: 'path', base: 'absolute', path: parts.join('/') };
}

/** A path as a person writes it; list items stand as `[0]`. */
export function pathText(path: readonly string[]): string {
  return path.reduce((text, name) => {
    if (/^\[\d+\]$/.test(name)) return `${text}${name}`;
    return text === '' ? attrPathText([name]) : `${text}.${attrPathText([name])}`;
  }, '');
}

/** What all sites of one evaluation share: faults, the stack that finds cycles, and the way from references to values. */
export class Engine {
  readonly faults: FaultList;
  /** Set once the root exists; references are resolved only after that. */
  root: Site | undefined;
  /** Paths set through `freeform`, about which only Nix knows. */
  readonly freeformPaths: (readonly string[])[] = [];
  readonly #stack: TracedSite[] = [];

  /** All options, for suggestions. */
  readonly tree: OptionTree;

  constructor(faults: FaultList, tree: OptionTree) {
    this.faults = faults;
    this.tree = tree;
  }

  /** Computes a value once. A value that is asked for while it is being computed is a cycle. */
  run<Value>(site: TracedSite, memo: Lazy<Value>, compute: () => Value): Value {
    if (memo.state === 'done') return memo.value as Value;
    if (memo.state === 'failed') throw new Poisoned();
    if (memo.state === 'active') this.#cycle(site);
    memo.state = 'active';
    this.#stack.push(site);
    try {
      memo.value = compute();
      memo.state = 'done';
      return memo.value;
    } catch (error) {
      memo.state = 'failed';
      throw error;
    } finally {
      this.#stack.pop();
    }
  }

  #cycle(site: TracedSite): never {
    const chain = [...this.#stack.slice(this.#stack.lastIndexOf(site)), site];
    const distinct = chain.filter((step, index) => index === 0 || step !== chain[index - 1]);
    const text = distinct.map((step) => pathText(step.path));
    const steps = distinct.flatMap(({ origin }) => (origin ? [origin] : []));
    this.faults.add({
      files: this.faults.places(steps),
      option: text[0] ?? '',
      reason: `These options refer to each other in a circle: ${text.length === 1 ? `${text[0]} → ${text[0]}` : text.join(' → ')}.`,
      remedy: 'Give one of them a value that does not depend on the others.',
    });
    throw new Poisoned();
  }

  fault(place: SourcePlace, path: readonly string[], reason: string, remedy: string, value?: string): void {
    const option = pathText(path);
    this.faults.add({
      files: this.faults.places([place]),
      ...(option === '' ? {} : { option }),
      ...(value === undefined ? {} : { value }),
      reason,
      remedy,
    });
  }

  /** A reader of options for computed defaults. */
  reader(from: () => Site, place: SourcePlace, path: readonly string[]): ConfigReader {
    return {
      get: <Value>(name: string): Value => {
        const value = this.#descend(from(), parseAttrPath(name), place, path);
        if (containsNixOnly(value)) throw new NixOnlyRead(name);
        return value as Value;
      },
    };
  }

  /** A value with its head resolved: a reference gives what it refers to, a condition its truth. */
  resolveHead(value: unknown, place: SourcePlace, path: readonly string[]): unknown {
    const node = nodeOf(value);
    if (!node) return value;
    return this.#resolveNode(node, value, place, path);
  }

  #resolveNode(node: NixNode, value: unknown, place: SourcePlace, path: readonly string[]): unknown {
    switch (node.kind) {
      case 'config':
        if (!this.root) throw new Error('A reference was resolved before evaluation began.');
        return this.#descend(this.root, node.path, place, path);
      case 'package':
        return packageValue(node);
      case 'input':
        return nixValue(node);
      case 'path':
        return nixValue(node.base === 'file' ? absolutePath(node.path, place.file) : node);
      case 'operation':
        return this.#operation(node.operator, node.operands, place, path);
      case 'text':
        return this.#text(node.strings, node.values, place, path);
      case 'raw':
      case 'unknown':
        return value;
    }
  }

  #operation(
    operator: 'not' | 'and' | 'or' | 'equals',
    operands: readonly unknown[],
    place: SourcePlace,
    path: readonly string[],
  ): unknown {
    if (operator === 'equals') {
      const [left, right] = operands.map((operand) => this.resolve(operand, place, path));
      if (containsNixOnly(left) || containsNixOnly(right))
        return unknown('it compares with a raw expression');
      return sameValue(left, right);
    }
    // `and` is decided by a false, `or` by a true, whatever the others are.
    const decisive = operator === 'or';
    let open = false;
    for (const operand of operands) {
      const truth = this.decide(operand, place, path);
      if (truth === undefined) open = true;
      else if (operator === 'not') return !truth;
      else if (truth === decisive) return decisive;
    }
    return open ? unknown('it depends on a raw expression') : !decisive;
  }

  /** Whether a condition holds; undefined when only Nix knows. */
  decide(condition: unknown, place: SourcePlace, path: readonly string[]): boolean | undefined {
    const truth = this.resolveHead(condition, place, path);
    if (typeof truth === 'boolean') return truth;
    if (isNixOnly(truth)) return undefined;
    this.fault(
      place,
      path,
      `The condition ${showValue(condition)} is ${kindOfValue(truth)}, not a boolean.`,
      'Compare it with equals(…), or refer to an option that is true or false.',
    );
    throw new Poisoned();
  }

  #text(
    strings: readonly string[],
    values: readonly unknown[],
    place: SourcePlace,
    path: readonly string[],
  ): unknown {
    const parts = values.map((value) => this.resolveHead(value, place, path));
    const odd = parts.findIndex(
      (part) => typeof part !== 'string' && !Number.isInteger(part) && nodeOf(part) === undefined,
    );
    if (odd >= 0) {
      this.fault(
        place,
        path,
        `${showValue(values[odd])} is ${kindOfValue(parts[odd])} and cannot stand in a string.`,
        'Put a string, an integer, a path or a package there.',
      );
      throw new Poisoned();
    }
    // A path or a package in it is resolved by Nix only; the parts are kept for whoever can do with them.
    if (parts.some((part) => nodeOf(part) !== undefined)) {
      return nixValue({ kind: 'text', strings, values: Object.freeze(parts) });
    }
    return strings
      .map((part, index) => `${part}${index < parts.length ? String(parts[index]) : ''}`)
      .join('');
  }

  /** Follows a path from a site to a value, merging on the way only what is passed. */
  #descend(from: Site, names: readonly string[], place: SourcePlace, path: readonly string[]): unknown {
    let here = from;
    for (const [index, name] of names.entries()) {
      const merged = here.merged();
      if (merged.kind === 'value') return this.#descendValue(merged.value, names.slice(index), place, path);
      const next = merged.kind === 'set' ? merged.members.get(name) : undefined;
      if (!next) return this.#missing(here, names.slice(index), place, path);
      here = next;
    }
    return here.value();
  }

  #descendValue(
    value: unknown,
    names: readonly string[],
    place: SourcePlace,
    path: readonly string[],
  ): unknown {
    let here = value;
    for (const name of names) {
      if (isNixOnly(here)) return unknown('it depends on a raw expression');
      if (!isPlainObject(here) || !Object.hasOwn(here, name)) {
        return this.#noSuch(names.join('.'), place, path, 'It refers to an attribute that is not there');
      }
      here = here[name];
    }
    return here;
  }

  #missing(here: Site, names: readonly string[], place: SourcePlace, path: readonly string[]): unknown {
    const full = [...here.path, ...names];
    const beyond = full.slice(0, here.path.length + 1);
    if (this.freeformPaths.some((set) => beyond.every((name, index) => name === set[index])))
      return unknown('it refers to an option that only Nix sees');
    return this.#noSuch(
      `config.${pathText(full)}`,
      place,
      path,
      'It refers to an option that does not exist',
    );
  }

  #noSuch(name: string, place: SourcePlace, path: readonly string[], reason: string): never {
    this.fault(
      place,
      path,
      `${reason}: ${name}.`,
      'Correct the name; for an option that only NixOS knows, write the reference in the nix template.',
    );
    throw new Poisoned();
  }

  /** A copy of a value with everything in it resolved; refuses what Nix cannot hold. */
  resolve(value: unknown, place: SourcePlace, path: readonly string[], depth = 0): unknown {
    const head = this.resolveHead(value, place, path);
    if (nodeOf(head) !== undefined || head === null) return head;
    if (depth > tooDeep) return this.#refuse(place, path, 'It is nested too deeply, or holds itself');
    if (Array.isArray(head)) {
      return Object.freeze(Array.from(head, (item) => this.resolve(item, place, path, depth + 1)));
    }
    if (isPlainObject(head)) {
      if (propertyOf(head)) {
        return this.#refuse(
          place,
          path,
          'A property (mkIf, mkForce or the like) stands where NixOS does not resolve it',
        );
      }
      const members = Object.entries(head).map(
        ([name, member]) => [name, this.resolve(member, place, path, depth + 1)] as const,
      );
      return Object.freeze(Object.fromEntries(members));
    }
    if (typeof head === 'string' || typeof head === 'boolean') return head;
    if (typeof head === 'number' && Number.isFinite(head)) return head;
    return this.#refuse(place, path, `It holds ${kindOfValue(head)}, which Nix does not have`);
  }

  #refuse(place: SourcePlace, path: readonly string[], reason: string): never {
    this.fault(place, path, `${reason}.`, 'Use text, numbers, booleans, null, lists and plain objects.');
    throw new Poisoned();
  }
}
