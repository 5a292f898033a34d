import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EmittedTree } from '../base/emitted-tree.ts';
import { BootproofError, DeclarationError, type Fault, messageOf } from '../base/errors.ts';
import { relativeTo } from '../base/stack.ts';
import { defineFlake, type Flake, isFlake } from '../emit/flake.ts';
import { type EmittedHost, emitTree } from '../emit/tree.ts';
import { findHost, hostNames } from '../host/discover.ts';
import { isClean, planEmission } from '../host/emission.ts';
import type { Expected } from '../host/load.ts';
import type { Configuration } from '../modules/configuration.ts';
import { evaluate } from '../modules/evaluate.ts';
import type { Surface } from '../services/catalogue.ts';
import { expectedOfHost, type OpenHomelab } from './homelab.ts';

/** A host as the emitter takes it, with its whole configuration. */
export interface EvaluatedHost extends EmittedHost {
  readonly configuration: Configuration<Surface>;
}

const flakeExpected: Expected<Flake> = { name: 'a flake', maker: 'defineFlake({ … })', is: isFlake };

/** The folder that the flake is emitted to: `nix`, beside `hosts`. */
export const nixFolder = ({ homelab }: Pick<OpenHomelab, 'homelab'>): string => join(homelab, 'nix');

/**
 * The flake that the homelab's declaration gives. All hosts are in it, so that all are loaded.
 *
 * @throws DeclarationError with the faults of every host
 */
export async function emittedTree(open: OpenHomelab): Promise<EmittedTree> {
  const hosts = await evaluateHosts(open, hostNames(open.homelab));
  return emitTree({
    homelab: open.homelab,
    hosts,
    flake: await loadFlake(open),
    services: open.catalogue.services,
    files: { read: (path) => readText(path, open.root), list: listFiles },
  });
}

/** Evaluates the named hosts, and reports the faults of all of them together. */
export async function evaluateHosts(
  { homelab, root, catalogue, loader }: OpenHomelab,
  names: readonly string[],
): Promise<EvaluatedHost[]> {
  const hosts: EvaluatedHost[] = [];
  const faults: Fault[] = [];
  for (const name of names) {
    const { files } = findHost(homelab, name);
    try {
      const logical = await loader.load(files.configuration, expectedOfHost.configuration);
      const physical = await loader.load(files.default, expectedOfHost.configuration);
      const configuration = evaluate({ options: catalogue.surface, modules: [physical], root });
      hosts.push({ name, logical, physical, configuration });
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new DeclarationError(distinct(faults));
  return hosts;
}

/** A role's fault shows in every host that imports it; one report of it is enough. */
function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}

async function loadFlake({ homelab, loader }: OpenHomelab): Promise<Flake> {
  const file = join(homelab, 'flake.ts');
  return isFile(file) ? loader.load(file, flakeExpected) : defineFlake({});
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** A decoder that would put a character in the place of a wrong byte would change the file without a word. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(path: string, root: string): string | undefined {
  if (!isFile(path)) return undefined;
  try {
    return utf8.decode(readFileSync(path));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new DeclarationError([
      {
        files: [relativeTo(root, path)],
        reason: 'It is not text in UTF-8, and files of text alone are emitted.',
        remedy: 'Have Nix fetch it, or keep it outside of what a module names.',
      },
    ]);
  }
}

function listFiles(folder: string): string[] | undefined {
  if (!(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) return undefined;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .sort();
}

/**
 * What to tell a user whose emitted flake is out of date; undefined when it is not, or when there is none. A fault of a
 * host that was not asked about does not stop the others.
 */
export async function emissionWarning(open: OpenHomelab): Promise<string | undefined> {
  const folder = nixFolder(open);
  if (!existsSync(folder)) return undefined;
  const name = nixFolderName(open);
  try {
    const emission = await planEmission(folder, await emittedTree(open));
    return isClean(emission)
      ? undefined
      : `${name} is not what the declaration gives; \`bootproof emit\` brings it up to date`;
  } catch (error) {
    if (!(error instanceof BootproofError)) throw error;
    return `${name} could not be compared with the declaration: ${messageOf(error).split('\n').join(' ')}`;
  }
}

/** The folder as people and patches name it: `config/nix`. */
export const nixFolderName = (open: OpenHomelab): string =>
  nixFolder(open).slice(dirname(open.homelab).length + 1);
