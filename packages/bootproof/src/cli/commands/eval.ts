import { BootproofError, exitStatus } from '../../base/errors.ts';
import { type Answers, type Comparison, compare } from '../../emit/agreement.ts';
import { type Question, questionFunction, questionsOf } from '../../emit/question.ts';
import { findNix, runNix, thisFlake } from '../../host/nix.ts';
import { nixErrorText } from '../../host/nix-error.ts';
import { ProcessError } from '../../host/process-error.ts';
import { styleFor } from '../../reports/display.ts';
import type { TextStyle } from '../../reports/style.ts';
import { count } from '../../reports/words.ts';
import type { CommandContext } from '../context.ts';
import { evaluateHosts, nixFolder } from '../emission.ts';
import { openHomelab } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';

interface EvalOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** What the two evaluations of a host come to. */
interface Agreement {
  readonly host: string;
  readonly comparisons: readonly Comparison[];
  /** Declared options whose values only Nix knows. */
  readonly nixOnly: readonly string[];
  /** The messages of NixOS's assertions that do not hold. */
  readonly refusals: readonly string[];
}

/** Compares this tool's evaluation of a host with Nix's. Exit status 1 when they differ, or when NixOS refuses the host. */
export async function evalHost(
  name: string,
  options: EvalOptions,
  { signal }: CommandContext,
): Promise<number> {
  const open = await openHomelab(options);
  const [host] = await evaluateHosts(open, [name]);
  if (host === undefined) return exitStatus.declaration;
  const { asked, nixOnly } = questionsOf(host.configuration, open.catalogue.surface);
  await requireNix(signal);
  const answers = await ask(nixFolder(open), name, asked, signal);
  const comparisons = compare(asked, answers);
  const agreement: Agreement = { host: name, comparisons, nixOnly, refusals: answers.refusals };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(agreement, null, 2)}\n`
      : agreementText(agreement, options.all ?? false, styleFor(process.stdout, process.env)),
  );
  const agree = answers.refusals.length === 0 && comparisons.every(({ verdict }) => verdict !== 'different');
  return agree ? 0 : exitStatus.unproven;
}

async function requireNix(signal: AbortSignal): Promise<void> {
  const nix = await findNix({ signal });
  if (nix.state === 'usable') return;
  throw new BootproofError(`The two evaluations cannot be compared: ${nix.reason}.`, {
    kind: 'missing',
    hint: nix.remedy,
  });
}

/** How many options one call of Nix is asked about: a command line's single argument may hold 128 KiB. */
const atOnce = 200;

async function ask(
  folder: string,
  host: string,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<Answers> {
  const member = `${thisFlake}#nixosConfigurations.${JSON.stringify(host)}`;
  const all: Answers[] = [];
  for (let start = 0; start < questions.length; start += atOnce) {
    const apply = questionFunction(questions.slice(start, start + atOnce));
    const args = ['eval', '--json', '--no-update-lock-file', member, '--apply', apply];
    const { stdout } = await runNix(args, { cwd: folder, signal }).catch((error: unknown) => {
      throw evaluationError(error, folder);
    });
    all.push(JSON.parse(stdout) as Answers);
  }
  return {
    answers: all.flatMap(({ answers }) => answers),
    refusals: all[0]?.refusals ?? [],
  };
}

function evaluationError(error: unknown, folder: string): unknown {
  if (!(error instanceof ProcessError) || error.canceled) return error;
  return new BootproofError(
    `Nix could not evaluate the flake in ${folder}:\n${nixErrorText(error.stderrTail)}`,
    {
      kind: 'declaration',
      hint: 'Run `bootproof emit` if it is out of date. Inputs are fetched from the network the first time.',
      cause: error,
    },
  );
}

/** Whole values are in the JSON. */
const clip = (value: string): string => (value.length > 300 ? `${value.slice(0, 299)}…` : value);

function agreementText(
  { host, comparisons, nixOnly, refusals }: Agreement,
  all: boolean,
  style: TextStyle,
): string {
  const of = (verdict: Comparison['verdict']) => comparisons.filter((each) => each.verdict === verdict);
  const [same, added, different] = [of('same'), of('added'), of('different')];
  const agree = different.length === 0 && refusals.length === 0;
  const mark = agree ? style.green(style.glyphs.passed) : style.red(style.glyphs.failed);
  const parts = [
    `${same.length} the same`,
    ...(added.length > 0 ? [`${added.length} to which NixOS adds`] : []),
    ...(different.length > 0 ? [`${different.length} different`] : []),
    ...(nixOnly.length > 0 ? [`${nixOnly.length} known to Nix only`] : []),
  ];
  const both = ({ path, declared, ours, theirs }: Comparison): string[] => [
    `  ${style.cyan(path)}${declared ? '' : style.dim(' (default)')}`,
    `    here  ${clip(ours)}`,
    `    Nix   ${clip(theirs)}`,
  ];
  const lines = [
    ...refusals.map((message) => `${style.red('NixOS refuses')} ${host}: ${message.trim()}`),
    ...different.flatMap(both),
    ...(all ? added.flatMap(both) : []),
    ...(all ? same.map(({ path, ours }) => `  ${style.cyan(path)} = ${ours}`) : []),
    ...(all ? nixOnly.map((path) => `  ${style.cyan(path)}: known to Nix only`) : []),
    `${mark} ${host}: ${count(comparisons.length, 'option')} compared: ${parts.join(', ')}`,
  ];
  return `${lines.join('\n')}\n`;
}
