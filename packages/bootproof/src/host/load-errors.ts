import { readFileSync } from 'node:fs';
import { BootproofError } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';
import { type StackPlace, stackPlaces } from '../base/stack.ts';

/** Words the ways in which a file of the homelab can fail to load. */

interface FailedLoad {
  readonly error: unknown;
  /** The file that was asked for. */
  readonly file: string;
  readonly homelab: string;
  /** A folder that files are shown relative to. */
  readonly root: string;
  /** What the modules given by the caller export, by module name. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** jiti words a syntax error as `ParseError: … \n file:line:column`, with the column counted from 0. */
const syntaxError = /^\w+: ([\s\S]*?)\s*\n (.+):(\d+):(\d+)$/;
const notFound = /Cannot find (?:module|package) '([^']+)'/;
const unknownEnding = /Unknown file extension "([^"]+)" for (\S+)/;
const notAFunction = /\(0 ?, ?_(\w+)\.(\w+)\) is not a function/;

const declaration = (message: string, hint: string, cause: unknown): BootproofError =>
  new BootproofError(message, { kind: 'declaration', hint, cause });

/** The error to show for a file that did not load. */
export function loadError(failure: FailedLoad): BootproofError {
  const { error, file, homelab, root } = failure;
  const thrown = error instanceof Error ? error : new Error(String(error));
  const syntax = syntaxError.exec(thrown.message);
  if (syntax?.[1] && syntax[2]) {
    return wordSyntaxError(syntax[1], syntax[2], Number(syntax[3]), Number(syntax[4]) + 1, root, error);
  }
  const place = stackPlace(thrown, homelab);
  const where = place ? `${shown(place.file, root)}:${place.line}` : shown(file, root);
  if (error instanceof BootproofError) {
    return new BootproofError(`${where}\n  ${error.message}`, {
      kind: error.kind,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
  const foreign = unknownEnding.exec(thrown.message);
  if (foreign?.[1]) return wordForeign(foreign[1], foreign[2] ?? '', failure);
  const missing = notFound.exec(thrown.message)?.[1];
  if (missing !== undefined) return wordNotFound(missing, failure, thrown);
  const call = notAFunction.exec(thrown.message);
  if (call?.[2]) return wordNoExport(call[2], where, failure);
  const frame = place ? codeFrame(place.file, place.line, undefined) : '';
  return declaration(
    `${where}\n  ${thrown.name}: ${thrown.message}${frame}`,
    place ? 'Correct the line.' : 'Run again with --debug to see where it was thrown.',
    error,
  );
}

function wordSyntaxError(
  reason: string,
  file: string,
  line: number,
  column: number,
  root: string,
  cause: unknown,
): BootproofError {
  return declaration(
    `${shown(file, root)}:${line}:${column}\n  This is no valid TypeScript: ${reason.trim()}${codeFrame(file, line, column)}`,
    'Correct the line that is marked, or the one before it.',
    cause,
  );
}

function wordNotFound(missing: string, { file, root }: FailedLoad, thrown: Error): BootproofError {
  const importer = /Require stack:\n- (.+)/.exec(thrown.message)?.[1] ?? file;
  const place = findImport(importer, missing);
  const where = `${shown(importer, root)}${place === undefined ? '' : `:${place}`}`;
  return declaration(
    `${where}\n  It imports '${missing}', which does not exist.`,
    /^\.{0,2}\//.test(missing)
      ? 'Correct the path; it is relative to the file, with its ending: ./disko.ts.'
      : `Correct the name, or install the package: npm install ${missing}.`,
    thrown,
  );
}

function wordForeign(ending: string, imported: string, { file, root, error }: FailedLoad): BootproofError {
  const name = imported.split('/').at(-1) ?? imported;
  return declaration(
    `${shown(file, root)}\n  It, or a file that it imports, imports ${name}, which is no TypeScript.`,
    ending === '.nix'
      ? `Name a Nix module as it is, without importing it: imports: [nixFile('./${name}')].`
      : 'Import TypeScript, JavaScript or JSON.',
    error,
  );
}

/** The line of a file that imports a module; undefined when the file cannot be read or does not name it. */
function findImport(file: string, name: string): number | undefined {
  const index = sourceLines(file).findIndex(
    (line) => line.includes(`'${name}'`) || line.includes(`"${name}"`),
  );
  return index < 0 ? undefined : index + 1;
}

function wordNoExport(name: string, where: string, { given, error }: FailedLoad): BootproofError {
  const exports = Object.values(given).flatMap((module) =>
    typeof module === 'object' && module !== null ? Object.keys(module) : [],
  );
  const near = nearestNames(name, exports);
  return declaration(
    `${where}\n  ${name} was imported, but its module exports nothing of that name.`,
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Correct the name of the import.',
    error,
  );
}

function sourceLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** The lines around a place, the one meant marked; empty when the file cannot be read. */
function codeFrame(file: string, line: number, column: number | undefined): string {
  const source = sourceLines(file);
  if (source.length < line) return '';
  const first = Math.max(1, line - 2);
  const last = Math.min(source.length, line + 1);
  const width = String(last).length;
  const rows: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const mark = number === line ? '>' : ' ';
    rows.push(`  ${mark} ${String(number).padStart(width)} | ${source[number - 1] ?? ''}`.trimEnd());
    if (number === line && column !== undefined) {
      rows.push(`    ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
    }
  }
  return `\n\n${rows.join('\n')}`;
}

/** The innermost place of a stack inside the homelab. */
const stackPlace = (error: Error, homelab: string): StackPlace | undefined =>
  stackPlaces(error.stack).find(
    ({ file }) => file.startsWith(`${homelab}/`) && !file.includes('/node_modules/'),
  );

/** A file as errors show it: relative to the given folder when it is in it. */
export function shown(file: string, root: string): string {
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
}
