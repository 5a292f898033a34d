/**
 * A service's part of the NixOS test: what `tests/make-test.nix` of the emitted flake says about it. A host's
 * configuration is known there to Nix alone, so that a part is written in references, not in values.
 */

import { type Condition, type NixExpression, type NixText, nix } from '../nix/expression.ts';
import { nodeOf } from '../nix/node.ts';
import type { Reference } from '../nix/reference.ts';

/** Lines of Python, one for each item of a list that Nix knows. */
export interface EachLine {
  /** The name of the item in Nix, as `line` uses it. */
  readonly item: string;
  readonly of: Reference<readonly unknown[]> | NixExpression;
  readonly line: NixText;
}

/**
 * A line of Python, without its newline. Deeper lines start with their own spaces. Names of variables have two words:
 * the driver names a variable after each machine, and a host may well be called `agent`.
 */
export type Line = string | NixText | EachLine;

/** A part of the script under a heading of its own, which the test's log shows. */
export interface NixosTestStep {
  /** What is proven, as a statement. */
  readonly title: string;
  /** Whether it is part of this host's script; always unless told. */
  readonly when?: Condition;
  /** Modules of Python's standard library that the lines use. */
  readonly imports?: readonly string[];
  readonly lines: readonly Line[];
}

/** What a service adds to the NixOS test of every host. */
export interface NixosTestPart {
  /** Names for what several lines use: with `let: { running: nix`…` }` they write nix`running`. */
  readonly let?: Readonly<Record<string, NixExpression>>;
  readonly steps: readonly NixosTestStep[];
  /** Definitions for the test's node, such as `virtualisation.qemu.options`, which no host has. */
  readonly node?: Readonly<Record<string, unknown>>;
}

/** Why a service has no part in it, as a clause. */
export interface NotTested {
  readonly notTested: string;
}

/**
 * The names that tests/make-test.nix uses itself, where each service's part is bound to the service's name: no service may
 * have one of them.
 */
export const generatorNames: ReadonlySet<string> = new Set(
  'pkgs inputs configuration extraModules extraTestScript lib config parts steps subtest imports map builtins toString true false null'.split(
    ' ',
  ),
);

/** A line for each item of a list: `each('port', openssh.ports, (port) => text`machine.wait_for_open_port(${port})`)`. */
export function each(item: string, of: EachLine['of'], line: (item: NixExpression) => NixText): EachLine {
  return { item, of, line: line(raw(`toString ${item}`)) };
}

/** As `each`, with the item as a string of Python. */
export function eachString(
  item: string,
  of: EachLine['of'],
  line: (item: NixExpression) => NixText,
): EachLine {
  return { item, of, line: line(raw(`builtins.toJSON ${item}`)) };
}

/** A value of the configuration as a string of Python: those of JSON are strings of Python too. */
export const pythonString = (value: Reference<string | null>): NixExpression => nix`builtins.toJSON ${value}`;

/** Whether a line stands for several. */
export const isEachLine = (line: Line): line is EachLine =>
  typeof line === 'object' && nodeOf(line) === undefined;

const raw = (expression: string): NixExpression => nix(Object.assign([expression], { raw: [expression] }));
