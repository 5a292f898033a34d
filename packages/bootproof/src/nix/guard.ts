import { nodeOf } from './node.ts';
import { referenceMisuse } from './reference.ts';

/** Kinds whose value is not known while a module runs. A package or an input may well be asked whether it is there. */
const undecided: ReadonlySet<string> = new Set(['config', 'operation', 'raw', 'text', 'unknown']);

/**
 * Returns a value that JavaScript is about to test or compare; throws when it stands for one that is not known yet.
 * A proxy cannot see its own truth being asked, so the loader puts this call around every condition of the homelab's
 * modules.
 *
 * @param use what was done with it, as a clause after "it was": `used as the condition of an if`
 */
export function guardCondition<Value>(value: Value, use: string): Value {
  const node = nodeOf(value);
  if (node !== undefined && undecided.has(node.kind)) throw referenceMisuse(node, use);
  return value;
}
