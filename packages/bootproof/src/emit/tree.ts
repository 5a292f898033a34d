import type { EmittedFile, EmittedTree } from '../base/emitted-tree.ts';
import { DeclarationError, type Fault } from '../base/errors.ts';
import { relativeTo } from '../base/stack.ts';
import type { OpenedModule } from '../modules/collect.ts';
import type { Configuration } from '../modules/configuration.ts';
import type { Module } from '../modules/module.ts';
import { code, entry } from '../nix/code.ts';
import { printNixFile } from '../nix/print.ts';
import type { Service } from '../services/service.ts';
import { copiedFiles, type SourceFiles } from './copied-files.ts';
import type { Flake } from './flake.ts';
import { flakeFile } from './flake-file.ts';
import { flakeLock } from './flake-lock.ts';
import { makeTestFile } from './make-test-file.ts';
import { type ModuleContext, moduleFile } from './module-file.ts';
import { moduleHomes, relativeNixPath } from './module-homes.ts';
import { moduleKeys } from './module-keys.ts';
import { numberOptions } from './number-options.ts';

/** A host to emit. */
export interface EmittedHost {
  /** The name of its folder. */
  readonly name: string;
  /** What its default.ts exports: the whole machine. */
  readonly physical: Module;
  /** What its configuration.ts exports: the host without its hardware, which the NixOS test is made of. */
  readonly logical: Module;
  /** The physical module, evaluated. */
  readonly configuration: Pick<Configuration<unknown>, 'modules'>;
}

export interface EmissionInput {
  /** The folder that holds `hosts/`, absolute. */
  readonly homelab: string;
  readonly hosts: readonly EmittedHost[];
  readonly flake: Flake;
  readonly services: readonly Service[];
  readonly files: SourceFiles;
}

/**
 * The flake that the declaration gives: a Nix module for each module, a test for each host, and what they need. The
 * same declaration gives the same text.
 *
 * @throws DeclarationError with what cannot be emitted: files that are missing, outside the homelab or in each other's
 *   way, and inputs that the flake does not have
 */
export function emitTree(input: EmissionInput): EmittedTree {
  const faults: Fault[] = [];
  const tree = new Map<string, EmittedFile>();
  const put = (path: string, file: EmittedFile): void => {
    const other = tree.get(path);
    if (other === undefined) tree.set(path, file);
    else faults.push(twoSources(path, [other.from, file.from]));
  };
  putModules(input, put, faults);
  const from = (file: string): string => relativeTo(rootOf(input), `${input.homelab}/${file}`);
  for (const { name } of input.hosts) {
    put(`hosts/${name}/test.nix`, { text: testFile(), from: from(`hosts/${name}/test.ts`) });
  }
  put('tests/make-test.nix', { text: makeTestFile(input.services), from: "bootproof's services" });
  put('flake.nix', { text: flakeFile(input.flake), from: from('flake.ts') });
  put('flake.lock', { text: flakeLock(input.flake), from: from('flake.ts'), keep: true });
  if (faults.length > 0) throw new DeclarationError(faults);
  return tree;
}

/** The folder that files are named from: the one that holds the homelab. */
const rootOf = ({ homelab }: EmissionInput): string => homelab.replace(/\/[^/]+$/, '');

type Put = (path: string, file: EmittedFile) => void;

function putModules(input: EmissionInput, put: Put, faults: Fault[]): void {
  const { homelab, hosts, flake } = input;
  const opened = new Map<Module, OpenedModule>();
  for (const { configuration } of hosts) {
    for (const module of configuration.modules) opened.set(module.module, module);
  }
  faults.push(...hosts.flatMap((host) => unusedLogical(host, input)));
  if (faults.length > 0) return;
  const roots = new Set(hosts.flatMap(({ physical, logical }) => [physical, logical]));
  const homes = moduleHomes([...opened.values()], roots, homelab);
  const place = (module: OpenedModule): string => relativeTo(rootOf(input), module.file);
  const named = new Map<string, OpenedModule>();
  const inputNames = new Map<string, OpenedModule>();
  const context: ModuleContext = {
    homelab,
    homes,
    keys: moduleKeys([...opened.values()], homes, homelab),
    opened,
    place,
    faults,
    onFile: (path, module) => named.set(path, module),
    onInput: (name, module) => inputNames.set(name, module),
    isNumber: numberOptions(input.services.map(({ options }) => options)),
  };
  for (const [module, path] of homes) {
    const body = opened.get(module);
    if (body !== undefined) put(path, { text: moduleFile(body, path, context), from: place(body) });
  }
  for (const { name, physical, logical } of hosts) {
    putRoot(`hosts/${name}/default.nix`, physical, context, put);
    putRoot(`hosts/${name}/configuration.nix`, logical, context, put);
  }
  for (const [name, module] of inputNames) {
    // Every flake is an input of its own outputs.
    if (name !== 'self' && !Object.hasOwn(flake.inputs, name))
      faults.push(unknownInput(name, place(module), flake));
  }
  putCopies(input, named, put, faults);
}

/** Where flake.nix and test.nix look for a host's module, when that stands elsewhere: a file that imports it. */
function putRoot(path: string, module: Module, context: ModuleContext, put: Put): void {
  const home = context.homes.get(module);
  if (home === path) return;
  const body = context.opened.get(module);
  if (body === undefined) return;
  const text =
    home === undefined
      ? moduleFile(body, path, context)
      : printNixFile(
          code.set([entry.binding('imports', code.list([code.path(relativeNixPath(path, home))]))]),
        );
  put(path, { text, from: context.place(body) });
}

function putCopies(
  { homelab, files, ...input }: EmissionInput,
  named: ReadonlyMap<string, OpenedModule>,
  put: Put,
  faults: Fault[],
): void {
  const root = rootOf({ homelab, files, ...input });
  for (const [path, module] of named) {
    if (files.read(path) !== undefined || files.list(path) !== undefined) continue;
    faults.push({
      files: [relativeTo(root, module.file)],
      value: relativeTo(root, path),
      reason: 'There is no such file.',
      remedy: 'A path is looked up from the TypeScript file that names it.',
    });
  }
  for (const { path, text, source } of copiedFiles(named.keys(), homelab, files)) {
    put(path, { text, from: relativeTo(root, source) });
  }
}

/** A host's test.nix. What the test proves follows from the configuration. */
function testFile(): string {
  return `# The NixOS test of this host; ../../tests/make-test.nix says what it proves.
{ pkgs, inputs }:

import ../../tests/make-test.nix {
  inherit inputs pkgs;
  configuration = ./configuration.nix;
}
`;
}

function unusedLogical({ name, logical, configuration }: EmittedHost, input: EmissionInput): Fault[] {
  if (configuration.modules.some(({ module }) => module === logical)) return [];
  const folder = relativeTo(rootOf(input), `${input.homelab}/hosts/${name}`);
  return [
    {
      files: [`${folder}/default.ts`, `${folder}/configuration.ts`],
      reason: 'The host does not import its configuration.ts, of which its NixOS test is made.',
      remedy: 'List it in the imports of default.ts.',
    },
  ];
}

const unknownInput = (name: string, file: string, { inputs }: Flake): Fault => ({
  files: [file],
  value: `inputs.${name}`,
  reason: `The flake has no input ${name}; it has ${Object.keys(inputs).join(', ')}.`,
  remedy: `Add it in flake.ts, beside hosts/: export default defineFlake({ inputs: { '${name}': { url: '…' } } }).`,
});

const twoSources = (path: string, files: readonly string[]): Fault => ({
  files,
  value: path,
  reason: 'Both would be emitted to this path.',
  remedy: 'Rename one of them.',
});
