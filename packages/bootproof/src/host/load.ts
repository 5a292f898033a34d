import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { createJiti, Jiti, JitiOptions } from 'jiti';
import { BootproofError, DeclarationError, together } from '../base/errors.ts';
import type { HostFolder } from './discover.ts';
import { loadError, shown } from './load-errors.ts';
import { type Instrument, instrumentModule, instrumentPlugin, pluginVersion } from './load-plugin.ts';
import { cacheFolder } from './xdg.ts';

export type { Instrument } from './load-plugin.ts';

const require = createRequire(import.meta.url);

export interface LoaderSettings {
  /** The homelab's folder, absolute. */
  readonly homelab: string;
  /** What the homelab's files import without it being installed beside them: `{ bootproof: … }`. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Called by every condition and object literal of the homelab's files. */
  readonly instrument: Instrument;
  /** A folder that files in errors are shown relative to; the homelab's unless told. */
  readonly root?: string;
  /** Where transformed files are kept; false keeps none. `modules/` in the cache folder unless told. */
  readonly cache?: string | false;
}

/** What a file must export by default, and how to say so. */
export interface Expected<Value> {
  /** `a module` */
  readonly name: string;
  /** `defineModule({ … })` */
  readonly maker: string;
  is(value: unknown): value is Value;
}

export interface HostExports<Module, Vm, Test> {
  readonly configuration: Expected<Module>;
  readonly vm: Expected<Vm>;
  readonly test: Expected<Test>;
}

export interface LoadedHost<Module, Vm, Test> {
  /** The default export of default.ts. */
  readonly module: Module;
  /** The default export of configuration.ts. */
  readonly configuration: Module;
  readonly vm: Vm;
  /** Undefined when the host has no test.ts. */
  readonly test: Test | undefined;
}

/** Loads TypeScript files of a homelab, each once, as they are at that time. */
export interface Loader {
  /** The default export of a file. */
  load<Value>(file: string, expected: Expected<Value>): Promise<Value>;
  /** Runs a file for what it does while it is loaded, whatever it exports. */
  run(file: string): Promise<void>;
}

/** One load at a time: a file still being loaded gives its unfinished exports to whoever asks for it meanwhile. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<Value>(task: () => Promise<Value>): Promise<Value> {
  const turn = queue.then(task, task);
  queue = turn.catch(() => undefined);
  return turn;
}

/** Makes a loader. Files that an earlier loader has loaded are read anew. */
export function createLoader(settings: LoaderSettings): Loader {
  const homelab = realPath(settings.homelab);
  const root = realPath(settings.root ?? homelab);
  // A folder of its own: jiti names a kept file by its source alone, not by the plugin that shaped it.
  let cache = settings.cache ?? join(cacheFolder(), 'modules', `v${pluginVersion}`);
  let jiti: Jiti | undefined;
  const importFile = async (file: string): Promise<unknown> => {
    jiti ??= startJiti({ ...settings, homelab, cache });
    try {
      return await jiti.import(file);
    } catch (error) {
      if (cache === false || !isCacheFault(error, cache)) throw error;
      // A cache that cannot be written costs time, not the run.
      cache = false;
      jiti = startJiti({ ...settings, homelab, cache });
      return jiti.import(file);
    }
  };
  const importNamed = (file: string): Promise<unknown> =>
    importFile(file).catch((error: unknown) => {
      if (error instanceof DeclarationError) throw error;
      throw loadError({ error, file, homelab, root, given: settings.given });
    });
  return {
    load: (given, expected) =>
      inTurn(async () => {
        const file = realPath(given);
        return defaultExport(await importNamed(file), shown(file, root), expected);
      }),
    run: (given) =>
      inTurn(async () => {
        await importNamed(realPath(given));
      }),
  };
}

/** A path free of links, so that one file has one name, and with it one module. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

/** Loads the files of a host: configuration.ts, default.ts, vm.ts and, when there is one, test.ts. */
export async function loadHost<Module, Vm, Test>(
  loader: Loader,
  host: HostFolder,
  expected: HostExports<Module, Vm, Test>,
): Promise<LoadedHost<Module, Vm, Test>> {
  const { files } = host;
  const configuration = await loader.load(files.configuration, expected.configuration);
  const module = await loader.load(files.default, expected.configuration);
  const vm = await loader.load(files.vm, expected.vm);
  const test = files.test === undefined ? undefined : await loader.load(files.test, expected.test);
  return { module, configuration, vm, test };
}

/** Loads each of several files; every one is tried before what is wrong with them is told, all of it at once. */
export async function loadEach<Value>(
  loader: Loader,
  files: readonly string[],
  expected: Expected<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  const errors: BootproofError[] = [];
  for (const file of files) {
    try {
      values.push(await loader.load(file, expected));
    } catch (error) {
      if (!(error instanceof BootproofError)) throw error;
      errors.push(error);
    }
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw together([first, ...others]);
  return values;
}

/** Whether a file could not be kept: the disk is full, or the cache's folder went away or cannot be written. */
function isCacheFault(error: unknown, folder: string): boolean {
  const { code = '', path, syscall = '' } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof path === 'string') return path.startsWith(`${folder}/`);
  return ['ENOSPC', 'EDQUOT', 'EIO'].includes(code) && ['write', 'close', 'ftruncate'].includes(syscall);
}

/**
 * Starts jiti, which is loaded here and not before: a command that loads no homelab does not pay for it. Required, not
 * imported: to import it, Node would first search its 190 kB for names that it might export, which takes 70 ms.
 */
function startJiti({
  homelab,
  given,
  instrument,
  cache,
}: LoaderSettings & { readonly cache: string | false }): Jiti {
  const { createJiti: create }: { readonly createJiti: typeof createJiti } = require('jiti');
  const options: JitiOptions = {
    fsCache: cache,
    rebuildFsCache: false,
    moduleCache: true,
    sourceMaps: false,
    // The homelab is ESM; a missing default export must be seen as missing.
    interopDefault: false,
    tryNative: false,
    alias: {},
    nativeModules: [],
    transformModules: [],
    jsx: false,
    tsconfigPaths: false,
    transformOptions: { babel: { plugins: [instrumentPlugin] } } as never,
    virtualModules: { ...given, [instrumentModule]: instrument },
  };
  forget(homelab);
  return create(join(homelab, 'package.json'), options);
}

/** Drops what an earlier loader left in Node's own module cache, where jiti keeps the modules that it has loaded. */
function forget(homelab: string): void {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(`${homelab}/`) && !file.includes('/node_modules/')) delete require.cache[file];
  }
}

function defaultExport<Value>(exports: unknown, where: string, expected: Expected<Value>): Value {
  const value = (exports as { readonly default?: unknown } | null)?.default;
  if (expected.is(value)) return value;
  const found = value === undefined ? 'has no default export' : `exports ${nounFor(value)} by default`;
  throw new BootproofError(`${where}\n  It ${found}, where ${expected.name} is wanted.`, {
    kind: 'declaration',
    hint: `Write: export default ${expected.maker}`,
  });
}

function nounFor(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const importStatement = /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*['"](\.[^'"]+)['"]/g;

/**
 * The chain of files that import each other and lead from a file back to it, the file first and last; undefined when
 * there is none. Reads the files' import statements; only called to explain an error.
 */
export function importChain(file: string): readonly string[] | undefined {
  const seen = new Set<string>();
  const follow = (from: string, trail: readonly string[]): readonly string[] | undefined => {
    for (const next of importedFiles(from)) {
      if (next === file) return [...trail, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const chain = follow(next, [...trail, next]);
      if (chain) return chain;
    }
    return undefined;
  };
  return follow(file, [file]);
}

function importedFiles(file: string): string[] {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return [...source.matchAll(importStatement)].flatMap((match) =>
    match[1] === undefined || /^\n?\s*import\s+type\s/.test(match[0])
      ? []
      : [resolve(dirname(file), match[1])],
  );
}
