import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EmittedTree } from '../../src/base/emitted-tree.ts';
import { DeclarationError, type Fault } from '../../src/base/errors.ts';
import { emittedTree } from '../../src/cli/emission.ts';
import { openHomelab } from '../../src/cli/homelab.ts';
import { homelabWith } from '../cli/command.ts';
import { nixFolder } from '../nix-fixture/nix.ts';

/** Files below `config`, by path; null removes one. */
export type Files = Readonly<Record<string, string | null>>;

const everything =
  'and, defineFlake, defineModule, equals, lib, mkAfter, mkBefore, mkDefault, mkForce, mkIf, mkMerge, mkOrder, mkOverride, mkVMOverride, nix, nixFile, not, or, path, text';

/** The text of a module's file: its imports, `name: './file.ts'`, and what `defineModule` is given. */
export function moduleText(body: string, imports: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(imports).map(([name, from]) => `import ${name} from '${from}';`);
  return `import { ${everything} } from 'bootproof';\n${lines.join('\n')}\nexport default defineModule(${body});\n`;
}

/** A homelab of its own: one host `a` with the given files in place of its empty ones, and none of this repository's. */
export const oneHost = (files: Files = {}): Files => ({
  'hosts/hl02': null,
  roles: null,
  'hosts/a/configuration.ts': moduleText("{ system: { stateVersion: '25.11' } }"),
  'hosts/a/hardware.ts': moduleText('{}'),
  'hosts/a/vm.ts': "import { defineVm } from 'bootproof';\nexport default defineVm({ name: 'a' });\n",
  'hosts/a/default.ts': moduleText('{ imports: [configuration, hardware] }', {
    configuration: './configuration.ts',
    hardware: './hardware.ts',
  }),
  ...files,
});

/** What is emitted for a copy of this repository's homelab with some files replaced, added or removed. */
export async function emittedFrom(files: Files): Promise<EmittedTree> {
  await using homelab = await homelabWith(files);
  return await emittedTree(await openHomelab({ config: join(homelab.folder, 'config') }));
}

/** The text of one emitted file. */
export function textOf(tree: EmittedTree, path: string): string {
  const file = tree.get(path);
  if (file === undefined) throw new Error(`${path} is not among ${[...tree.keys()].join(', ')}`);
  return file.text;
}

/** What the body of a module alone becomes: the text of its file without the header. */
export async function rendered(body: string, files: Files = {}): Promise<string> {
  const tree = await emittedFrom(oneHost({ 'hosts/a/hardware.ts': moduleText(body), ...files }));
  return textOf(tree, 'hosts/a/hardware.nix').replace(/^(#.*\n)+/, '');
}

/** The faults of a homelab that cannot be emitted. */
export async function faultsOf(files: Files): Promise<readonly Fault[]> {
  try {
    const tree = await emittedFrom(files);
    throw new Error(`No fault, but ${[...tree.keys()].join(', ')}`);
  } catch (error) {
    if (error instanceof DeclarationError) return error.faults;
    throw error;
  }
}

/** Writes a tree to a folder of its own below that of the test file's Nix, and returns the folder. */
export async function written(tree: EmittedTree): Promise<string> {
  const folder = await mkdtemp(join(nixFolder(), 'tmp/flake-'));
  for (const [path, { text }] of tree) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
