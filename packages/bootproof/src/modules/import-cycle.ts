import type { Fault } from '../base/errors.ts';
import type { SourcePlace } from '../options/type.ts';
import type { FaultList } from './faults.ts';

/**
 * Finds, for a file, a chain of files that import each other and lead back to it; undefined when there is none. Given
 * by whoever can read files, since this room cannot.
 */
export type ImportChains = (file: string) => readonly string[] | undefined;

/** An import that is undefined: almost always a module that was still being loaded, because the files form a circle. */
export function importCycleFault(
  index: number,
  module: SourcePlace,
  faults: FaultList,
  chains: ImportChains | undefined,
): Fault {
  const chain = chains?.(module.file)?.map((file) => faults.place({ file, line: undefined }));
  if (!chain) {
    return {
      files: [faults.place(module)],
      option: `imports[${index}]`,
      reason:
        'It is undefined: the file it comes from imports this one in turn (an import cycle), or exports nothing of that name.',
      remedy: 'Move what both files need into a third module, or correct the name.',
    };
  }
  return {
    files: [...new Set(chain)],
    option: `imports[${index}]`,
    reason: `These files import each other in a circle: ${chain.join(' → ')}.`,
    remedy: 'Move what both need into a third module, and import that.',
  };
}
