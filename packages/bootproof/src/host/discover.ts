import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BootproofError } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';

/** The files that a host's folder may hold, by what they are. */
export interface HostFiles {
  /** What the host is, without its hardware. */
  readonly configuration: string;
  /** The whole host: configuration, hardware, disk. */
  readonly default: string;
  /** Its virtual hardware. */
  readonly vm: string;
  /** Its test; undefined when the folder has none. */
  readonly test: string | undefined;
  /** Its tests by hand, sorted: every `*.test.ts` whose name starts with neither a dot nor an underscore. */
  readonly tests: readonly string[];
}

/** A folder under `hosts/`. All paths are absolute. */
export interface HostFolder {
  readonly name: string;
  readonly folder: string;
  readonly files: HostFiles;
}

const required = {
  configuration: 'what the host is: export default defineModule({ … })',
  default:
    'the whole host, with its imports: export default defineModule({ imports: [configuration, hardware, disko] })',
  vm: 'its virtual hardware: export default defineVm({ … })',
} as const;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * The homelab's folder, absolute and free of links: the given one, or else the nearest folder `config` with `hosts/` in it, looked for in
 * the working directory and upward.
 *
 * @throws BootproofError when there is none
 */
export function findHomelab({ given, cwd }: { readonly given?: string; readonly cwd: string }): string {
  if (given !== undefined) {
    const folder = resolve(cwd, given);
    if (isFolder(join(folder, 'hosts'))) return realpathSync(folder);
    throw new BootproofError(
      isFolder(folder) ? `${folder} has no folder hosts/.` : `There is no folder ${folder}.`,
      { kind: 'declaration', hint: 'Give --config the folder that holds hosts/.' },
    );
  }
  for (let here = resolve(cwd); ; here = dirname(here)) {
    const folder = join(here, 'config');
    if (isFolder(join(folder, 'hosts'))) return realpathSync(folder);
    if (here === dirname(here)) break;
  }
  throw new BootproofError(`No homelab was found in ${cwd} or above it.`, {
    kind: 'declaration',
    hint: 'Run this inside a repository that has config/hosts/, or name the folder that holds hosts/ with --config.',
  });
}

/** The names of all hosts, sorted: every folder under `hosts/` whose name starts with neither a dot nor an underscore. */
export function hostNames(homelab: string): string[] {
  const hosts = join(homelab, 'hosts');
  return readdirSync(hosts)
    .filter((name) => !/^[._]/.test(name) && isFolder(join(hosts, name)))
    .sort();
}

/**
 * The files of the services that are the homelab's own, absolute and sorted: those of TypeScript in `services/` whose names
 * start with neither a dot nor an underscore. What such a file is made of may stand in folders beside it.
 */
export function serviceFiles(homelab: string): string[] {
  const services = join(homelab, 'services');
  if (!isFolder(services)) return [];
  return readdirSync(services)
    .filter((name) => /^[^._].*\.ts$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(services, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)
    .sort();
}

/**
 * The folder of a host, with the files it must have.
 *
 * @throws BootproofError when there is no such host, or a file is missing
 */
export function findHost(homelab: string, name: string): HostFolder {
  const known = hostNames(homelab);
  if (!known.includes(name)) {
    const near = nearestNames(name, known);
    const all =
      known.length === 0 ? `${join(homelab, 'hosts')} is empty.` : `Hosts are: ${known.join(', ')}.`;
    throw new BootproofError(`There is no host ${name} in ${homelab}.`, {
      kind: 'declaration',
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}? ${all}` : all,
    });
  }
  const folder = join(homelab, 'hosts', name);
  const file = (stem: string): string => join(folder, `${stem}.ts`);
  const missing = Object.entries(required).filter(([stem]) => !existsSync(file(stem)));
  if (missing.length > 0) {
    const names = missing.map(([stem]) => `${stem}.ts`).join(' and ');
    throw new BootproofError(`The host ${name} has no ${names} in ${folder}.`, {
      kind: 'declaration',
      hint: missing.map(([stem, meaning]) => `${stem}.ts says ${meaning}.`).join(' '),
    });
  }
  return {
    name,
    folder,
    files: {
      configuration: file('configuration'),
      default: file('default'),
      vm: file('vm'),
      test: existsSync(file('test')) ? file('test') : undefined,
      tests: readdirSync(folder)
        .filter((entry) => /^[^._].*\.test\.ts$/.test(entry))
        .sort()
        .map((entry) => join(folder, entry)),
    },
  };
}
