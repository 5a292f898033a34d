import { exitStatus } from '../../base/errors.ts';
import { type Emission, type EmissionFile, isClean, isDue, planEmission } from '../../host/emission.ts';
import { applyEmission } from '../../host/emission-apply.ts';
import { styleFor } from '../../reports/display.ts';
import type { TextStyle } from '../../reports/style.ts';
import { pad } from '../../reports/text.ts';
import { count } from '../../reports/words.ts';
import { emittedTree, nixFolder, nixFolderName } from '../emission.ts';
import { openHomelab } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';

interface EmitOptions extends GlobalOptions {
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly diff?: boolean;
  readonly force?: boolean;
}

/**
 * Writes the NixOS flake that the declaration gives. With `--check` it only compares: exit status 1 and a diff when the
 * files are not what the declaration gives. Without, exit status 1 when a file was left as it is.
 */
export async function emit(options: EmitOptions): Promise<number> {
  const open = await openHomelab(options);
  const folder = nixFolder(open);
  const name = nixFolderName(open);
  const emission = await planEmission(folder, await emittedTree(open));
  const style = styleFor(process.stdout, process.env);
  if (options.check) return checkEmission(emission, name, style);
  if (options.diff || options.dryRun) {
    const due = emission.files.filter((file) => isDue(file, options.force ?? false));
    if (options.diff) await printDiff({ ...emission, files: due }, name);
    else process.stdout.write(summary(due, leftBy(emission, due), name, style, 'would be'));
    return 0;
  }
  const { done, left, recordWritten } = await applyEmission(folder, emission, {
    force: options.force ?? false,
  });
  process.stdout.write(summary(done, left, name, style, recordWritten && done.length === 0 ? 'now' : ''));
  return left.length === 0 ? 0 : exitStatus.unproven;
}

async function checkEmission(emission: Emission, name: string, style: TextStyle): Promise<number> {
  if (isClean(emission)) {
    process.stdout.write(`${style.green(style.glyphs.passed)} ${name} is what the declaration gives.\n`);
    return 0;
  }
  const shown = await printDiff(emission, name);
  const { record } = emission;
  const reason =
    record.kind === 'unreadable'
      ? `its record cannot be read: ${record.reason}`
      : shown
        ? 'it is not what the declaration gives'
        : 'only its record .bootproof.json is behind';
  const problems = emission.files.filter(({ problem }) => problem !== undefined);
  process.stderr.write(
    `${problems.map((file) => problemText(file, name)).join('')}${name}: ${reason}. Run \`bootproof emit\` and commit what it writes.\n`,
  );
  return exitStatus.unproven;
}

/** Prints the diff; false when no file differs. The library behind it is loaded only now. */
async function printDiff(emission: Emission, name: string): Promise<boolean> {
  const { diffOf } = await import('../../host/emission-diff.ts');
  const text = diffOf(emission, { prefix: name });
  process.stdout.write(text);
  return text !== '';
}

const leftBy = ({ files }: Emission, due: readonly EmissionFile[]): EmissionFile[] =>
  files.filter((file) => file.problem !== undefined && !due.includes(file));

/** What was done to a file, or would be, by its state. */
const words: Readonly<Record<EmissionFile['state'], string>> = {
  new: 'written',
  changed: 'changed',
  same: 'unchanged',
  stale: 'removed',
  edited: 'overwritten',
  'edited stale': 'removed',
  foreign: 'overwritten',
  kept: 'kept',
};

function summary(
  done: readonly EmissionFile[],
  left: readonly EmissionFile[],
  name: string,
  style: TextStyle,
  mood: 'would be' | 'now' | '',
): string {
  const prefix = mood === 'would be' ? 'would be ' : '';
  const lines = done.map(({ path, state }) => `${pad(`${prefix}${words[state]}`, 21)} ${name}/${path}`);
  const problems = left.map((file) => problemText(file, name));
  const end =
    done.length > 0
      ? `${style.green(style.glyphs.passed)} ${count(done.length, 'file')} ${prefix}brought up to date in ${name}.`
      : left.length > 0
        ? ''
        : mood === 'now'
          ? `${style.green(style.glyphs.passed)} ${name} is what the declaration gives; its record was brought up to date.`
          : `${style.green(style.glyphs.passed)} ${name} is what the declaration gives; nothing to do.`;
  return [...lines, ...problems.map((text) => text.trimEnd()), ...(end === '' ? [] : [end]), ''].join('\n');
}

function problemText({ problem }: EmissionFile, name: string): string {
  // The reason begins with the path.
  return problem === undefined ? '' : `${name}/${problem.reason}\n  ${problem.remedy}\n`;
}
