import { type CpioEntry, cpioArchive } from './cpio.ts';
import { initScript } from './init-script.ts';

/** What depmod(8) wrote about a kernel's modules: the texts of modules.dep, modules.alias and modules.builtin. */
export interface ModuleTables {
  readonly dep: string;
  readonly alias: string;
  readonly builtin: string;
}

export interface ModuleSelection {
  /** Paths below /lib/modules/<version>, sorted. */
  readonly files: readonly string[];
  /** The lines of modules.dep for these files. */
  readonly dep: string;
  /** The lines of modules.alias that lead to these files: by them a device finds its driver. */
  readonly alias: string;
  /** Modules that were asked for and that this kernel has neither as a file nor built in. */
  readonly absent: readonly string[];
}

/** modprobe takes `-` and `_` in a module's name for the same. */
const normalised = (module: string) => module.replaceAll('-', '_');

const moduleName = (file: string) =>
  normalised(file.slice(file.lastIndexOf('/') + 1).replace(/\.ko(\.(xz|zst|gz))?$/, ''));

/** The modules that were asked for, with all that they need. */
export function selectModules(wanted: readonly string[], tables: ModuleTables): ModuleSelection {
  const needs = new Map<string, readonly string[]>();
  for (const line of tables.dep.split('\n')) {
    const [file, dependencies] = line.split(':');
    if (file && dependencies !== undefined) needs.set(file, dependencies.split(' ').filter(Boolean));
  }
  const fileOf = new Map([...needs.keys()].map((file) => [moduleName(file), file]));
  const builtIn = new Set(tables.builtin.split('\n').map(moduleName));

  const files = new Set<string>();
  const absent: string[] = [];
  for (const module of wanted) {
    const file = fileOf.get(normalised(module));
    // modules.dep lists all that a module needs, however deep.
    if (file !== undefined) for (const each of [file, ...(needs.get(file) ?? [])]) files.add(each);
    else if (!builtIn.has(normalised(module))) absent.push(module);
  }
  const sorted = [...files].sort();
  const names = new Set(sorted.map(moduleName));
  const aliases = tables.alias
    .split('\n')
    .filter(
      (line) => line.startsWith('alias ') && names.has(normalised(line.slice(line.lastIndexOf(' ') + 1))),
    );
  return {
    files: sorted,
    dep: sorted.map((file) => `${file}: ${(needs.get(file) ?? []).join(' ')}`.trimEnd()).join('\n'),
    alias: aliases.join('\n'),
    absent,
  };
}

export interface InitrdParts {
  readonly kernelVersion: string;
  /** A statically linked busybox. */
  readonly busybox: Uint8Array;
  readonly modules: ModuleSelection;
  /** The bytes of each of `modules.files`. */
  readonly moduleBytes: ReadonlyMap<string, Uint8Array>;
}

/**
 * The first user space: busybox, the declared modules, and a script that loads those for which there is a device and
 * hands over to the root file system. It is not compressed: unpacking costs more time than reading a few megabytes.
 */
export function buildInitrd({ kernelVersion, busybox, modules, moduleBytes }: InitrdParts): Uint8Array {
  const moduleRoot = `lib/modules/${kernelVersion}`;
  const folders = new Set(['bin', 'dev', 'proc', 'run', 'sys', 'sysroot', ...parents(moduleRoot)]);
  for (const file of modules.files)
    for (const parent of parents(`${moduleRoot}/${file}`, false)) folders.add(parent);
  const text = (path: string, contents: string, mode = 0o644): CpioEntry => ({
    type: 'file',
    path,
    mode,
    bytes: Buffer.from(contents, 'utf8'),
  });
  return cpioArchive([
    ...[...folders].sort().map((path): CpioEntry => ({ type: 'directory', path, mode: 0o755 })),
    { type: 'character device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { type: 'file', path: 'bin/busybox', mode: 0o755, bytes: busybox },
    { type: 'symlink', path: 'bin/sh', target: 'busybox' },
    text('init', initScript, 0o755),
    text(`${moduleRoot}/modules.dep`, `${modules.dep}\n`),
    text(`${moduleRoot}/modules.alias`, `${modules.alias}\n`),
    ...modules.files.map(
      (file): CpioEntry => ({
        type: 'file',
        path: `${moduleRoot}/${file}`,
        mode: 0o644,
        bytes: moduleBytes.get(file) ?? new Uint8Array(),
      }),
    ),
  ]);
}

/** Every folder on the way to a path, outermost first; the path itself as well unless told otherwise. */
function parents(path: string, itself = true): string[] {
  const steps = path.split('/');
  const count = itself ? steps.length : steps.length - 1;
  return Array.from({ length: count }, (_, index) => steps.slice(0, index + 1).join('/'));
}
