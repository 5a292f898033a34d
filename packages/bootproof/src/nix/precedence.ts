import { numberText } from './numbers.ts';
import type { BinaryOperator, NixSyntax } from './syntax.ts';

/**
 * How tightly each kind of syntax binds: the table of operators in Nix's manual, and around it what is no operator.
 * Higher binds tighter.
 */
export const tightness = {
  loose: 0,
  not: 8,
  has: 12,
  negate: 13,
  apply: 14,
  select: 15,
  atom: 16,
} as const;

interface Binding {
  readonly tightness: number;
  /** The side on which the same operator may stand without parentheses; on both when it does not matter. */
  readonly same: 'left' | 'right' | 'both' | 'neither';
}

const operators: Readonly<Record<BinaryOperator, Binding>> = {
  '++': { tightness: 11, same: 'both' },
  '*': { tightness: 10, same: 'left' },
  '/': { tightness: 10, same: 'left' },
  '+': { tightness: 9, same: 'left' },
  '-': { tightness: 9, same: 'left' },
  '//': { tightness: 7, same: 'both' },
  '<': { tightness: 6, same: 'neither' },
  '<=': { tightness: 6, same: 'neither' },
  '>': { tightness: 6, same: 'neither' },
  '>=': { tightness: 6, same: 'neither' },
  '==': { tightness: 5, same: 'neither' },
  '!=': { tightness: 5, same: 'neither' },
  '&&': { tightness: 4, same: 'both' },
  '||': { tightness: 3, same: 'both' },
  '->': { tightness: 2, same: 'right' },
};

/** The operands of a chain of one operator, as they stand beside each other without parentheses. */
export function operands(syntax: NixSyntax & { kind: 'binary' }): NixSyntax[] {
  const { same } = operators[syntax.operator];
  const side = (operand: NixSyntax, open: boolean): NixSyntax[] =>
    open && operand.kind === 'binary' && operand.operator === syntax.operator ? operands(operand) : [operand];
  return [
    ...side(syntax.left, same === 'left' || same === 'both'),
    ...side(syntax.right, same === 'right' || same === 'both'),
  ];
}

/** How tightly an operand at this place of a chain has to bind, to stand without parentheses. */
export function operandTightness(operator: BinaryOperator, place: 'first' | 'later'): number {
  const { tightness: own, same } = operators[operator];
  // `a - b + c` is `(a - b) + c`: another operator of the same tightness may stand where the same one may.
  return place === 'first' && same === 'left' ? own : own + 1;
}

const ofNumber = {
  atom: tightness.atom,
  negative: tightness.negate,
  difference: 9,
  call: tightness.apply,
} as const;

/** How tightly syntax binds. Raw text has to be looked at by the caller. */
export function tightnessOf(syntax: Exclude<NixSyntax, { kind: 'raw' }>): number {
  switch (syntax.kind) {
    case 'number':
      return ofNumber[numberText(syntax.value).form];
    case 'select':
      return syntax.otherwise === undefined && syntax.path.length > 0 ? tightness.atom : tightness.select;
    case 'has':
      return tightness.has;
    case 'apply':
      return tightness.apply;
    case 'unary':
      return syntax.operator === '!' ? tightness.not : tightness.negate;
    case 'binary':
      return operators[syntax.operator].tightness;
    case 'lambda':
    case 'let':
    case 'with':
    case 'if':
    case 'assert':
      return tightness.loose;
    default:
      return tightness.atom;
  }
}
