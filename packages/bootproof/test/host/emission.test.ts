import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmittedTree } from '../../src/base/emitted-tree.ts';
import { type EmissionFile, isClean, planEmission } from '../../src/host/emission.ts';
import { applyEmission } from '../../src/host/emission-apply.ts';
import { recordName } from '../../src/host/emission-record.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'bootproof-emission-'));
  folder = join(parent, 'nix');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A tree of texts; what comes from where follows from the path. */
const treeOf = (texts: Record<string, string>): EmittedTree =>
  new Map(
    Object.entries(texts).map(([path, text]) => [
      path,
      { text, from: `config/${path.replace(/nix$/, 'ts')}`, keep: path === 'flake.lock' },
    ]),
  );

const disko = 'hosts/hl02/disko.nix';
const common = 'roles/common/default.nix';
const first = treeOf({ 'flake.nix': '{ }\n', [disko]: '{ size = 1; }\n', [common]: '{ }\n' });
const second = treeOf({ 'flake.nix': '{ }\n', [disko]: '{ size = 2; }\n' });

async function emit(tree: EmittedTree): Promise<void> {
  await applyEmission(folder, await planEmission(folder, tree));
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

async function stateOf(path: string, tree: EmittedTree): Promise<EmissionFile | undefined> {
  const { files } = await planEmission(folder, tree);
  return files.find((file) => file.path === path);
}

async function states(tree: EmittedTree): Promise<Record<string, string>> {
  const { files } = await planEmission(folder, tree);
  return Object.fromEntries(files.map(({ path, state }) => [path, state]));
}

describe('the state of a file', () => {
  it('is new where there is no folder yet, and planning makes none', async () => {
    const emission = await planEmission(folder, first);
    expect(emission.files.map(({ path, state }) => `${path} ${state}`)).toEqual([
      'flake.nix new',
      `${disko} new`,
      `${common} new`,
    ]);
    expect(isClean(emission)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('is same, changed or stale where nobody has edited', async () => {
    await emit(first);
    expect(isClean(await planEmission(folder, first))).toBe(true);
    expect(await states(second)).toEqual({ 'flake.nix': 'same', [disko]: 'changed', [common]: 'stale' });
    expect(isClean(await planEmission(folder, second))).toBe(false);
  });

  it('is new again for an emitted file that was deleted by hand', async () => {
    await emit(first);
    rmSync(join(folder, 'hosts'), { recursive: true });
    expect(await states(first)).toEqual({ 'flake.nix': 'same', [disko]: 'new', [common]: 'same' });
  });

  it('is edited where disk, record and declaration all differ, and says where the change belongs', async () => {
    await emit(first);
    put(disko, '{ size = 9; }\n');
    for (const tree of [first, second]) {
      const file = await stateOf(disko, tree);
      expect(file?.state).toBe('edited');
      expect(file?.problem?.reason).toBe(`${disko} was edited by hand since it was emitted.`);
      expect(file?.problem?.remedy).toContain('config/hosts/hl02/disko.ts');
      expect(isClean(await planEmission(folder, tree))).toBe(false);
    }
  });

  it('is same for an edit that the declaration has caught up with; the record alone is then behind', async () => {
    await emit(first);
    put(disko, '{ size = 2; }\n');
    put(common, '{ mine = true; }\n');
    rmSync(join(folder, common));
    const emission = await planEmission(folder, second);
    expect(emission.files.map(({ state }) => state)).toEqual(['same', 'same']);
    expect(emission.gone).toEqual([common]);
    expect(isClean(emission)).toBe(false);
  });

  it('is edited stale for an edited file that the declaration no longer gives', async () => {
    await emit(first);
    put(common, '{ mine = true; }\n');
    const file = await stateOf(common, second);
    expect(file?.state).toBe('edited stale');
    expect(file?.problem?.remedy).toContain(recordName);
    expect(isClean(await planEmission(folder, second))).toBe(false);
  });

  it('is foreign for a file that was never emitted, and same when that holds the very text', async () => {
    put('flake.nix', '{ outputs = _: { }; }\n');
    put(common, '{ }\n');
    expect(await states(first)).toEqual({ 'flake.nix': 'foreign', [disko]: 'new', [common]: 'same' });
    const file = await stateOf('flake.nix', first);
    expect(file?.problem).toEqual({
      reason: 'flake.nix is a file that was never emitted.',
      remedy: expect.stringContaining('Move it away'),
    });
  });

  it('does not see files elsewhere in the folder', async () => {
    await emit(first);
    put('hosts/hl02/notes.md', 'mine');
    expect(isClean(await planEmission(folder, first))).toBe(true);
  });

  it('is kept for a lock file that is there, whatever Nix made of it', async () => {
    const tree = treeOf({ 'flake.lock': '{}\n', 'flake.nix': '{ }\n' });
    expect(await states(tree)).toEqual({ 'flake.lock': 'new', 'flake.nix': 'new' });
    await emit(tree);
    put('flake.lock', '{ "nodes": {} }\n');
    expect(await states(tree)).toEqual({ 'flake.lock': 'kept', 'flake.nix': 'same' });
    expect(isClean(await planEmission(folder, tree))).toBe(true);
    const without = await planEmission(folder, treeOf({ 'flake.nix': '{ }\n' }));
    expect(without.files.map(({ path }) => path)).toEqual(['flake.nix']);
    expect(isClean(without)).toBe(true);
  });

  it('is edited for other line ends, and says that they are all', async () => {
    await emit(first);
    put('flake.nix', '{ }\r\n');
    put(disko, '{ size = 1; }\r\n');
    expect((await stateOf('flake.nix', second))?.problem?.reason).toMatch(/other line ends/);
    const changed = await stateOf(disko, second);
    expect(changed?.state).toBe('edited');
    expect(changed?.problem?.remedy).toContain('.gitattributes');
    put(disko, '{ size = 2; }\r\n');
    expect((await stateOf(disko, second))?.problem?.reason).toMatch(/other line ends/);
    put(disko, '{ size = 9; }\r\n');
    expect((await stateOf(disko, second))?.problem?.reason).toMatch(/edited by hand/);
  });
});

describe('what is no file', () => {
  it('is foreign: a folder at the path, and a file where a folder is needed', async () => {
    put('flake.nix/inside', 'x');
    put('roles', 'x');
    expect((await stateOf('flake.nix', first))?.problem?.reason).toBe(
      'flake.nix is a folder, and was never emitted.',
    );
    const file = await stateOf(common, first);
    expect(file?.state).toBe('foreign');
    expect(file?.problem?.reason).toBe(
      `${common} cannot be written: roles is a file, and was never emitted.`,
    );
  });

  it('is foreign: an empty folder too', async () => {
    mkdirSync(join(folder, 'flake.nix'), { recursive: true });
    expect(await states(first)).toMatchObject({ 'flake.nix': 'foreign' });
  });

  it('is foreign: a link, even to the very text, and edited when the link replaced an emitted file', async () => {
    await emit(first);
    renameSync(join(folder, 'flake.nix'), join(parent, 'elsewhere.nix'));
    symlinkSync(join(parent, 'elsewhere.nix'), join(folder, 'flake.nix'));
    expect(await stateOf('flake.nix', first)).toMatchObject({
      state: 'edited',
      problem: { reason: 'flake.nix was emitted as a file, and is a link now.' },
    });
    rmSync(join(folder, recordName));
    expect(await stateOf('flake.nix', first)).toMatchObject({ state: 'foreign', found: { kind: 'link' } });
  });

  it('is an obstacle: a link on the way, which may lead out of the folder', async () => {
    await emit(first);
    renameSync(join(folder, 'roles'), join(parent, 'outside'));
    symlinkSync(join(parent, 'outside'), join(folder, 'roles'));
    expect((await stateOf(common, first))?.problem?.reason).toContain('roles is a link');
    // What lies behind the link is the emitted text, and is still nobody's to remove.
    expect(await states(second)).toEqual({ 'flake.nix': 'same', [disko]: 'changed' });
    expect((await planEmission(folder, second)).gone).toEqual([]);
  });

  it('keeps a lock file behind a link, and not a link to nothing', async () => {
    const tree = treeOf({ 'flake.lock': '{}\n' });
    mkdirSync(folder);
    writeFileSync(join(parent, 'lock'), '{ }');
    symlinkSync(join(parent, 'lock'), join(folder, 'flake.lock'));
    expect(await states(tree)).toEqual({ 'flake.lock': 'kept' });
    rmSync(join(parent, 'lock'));
    expect(await states(tree)).toEqual({ 'flake.lock': 'foreign' });
  });

  it('gives way when it is stale: a file becomes a folder, and a folder a file', async () => {
    const file = treeOf({ 'roles/web': 'a', 'roles/mail/x/y': 'b' });
    const turned = treeOf({ 'roles/web/default.nix': 'a', 'roles/mail': 'b' });
    await emit(file);
    await emit(turned);
    expect(isClean(await planEmission(folder, turned))).toBe(true);
    put('roles/web/mine', 'x');
    expect(await states(file)).toMatchObject({ 'roles/web': 'foreign', 'roles/mail/x/y': 'new' });
  });
});

describe('a record that cannot be read', () => {
  const spoilt: readonly (readonly [string, (record: string) => string, RegExp])[] = [
    ['no JSON', (record) => record.slice(0, -9), /it is no JSON/],
    [
      'a merge conflict',
      (record) => record.replace('"files"', '<<<<<<< HEAD\n=======\n>>>>>>> branch\n"files"'),
      /marks of a merge conflict/,
    ],
    ['a later version', (record) => record.replace('"version": 1', '"version": 2'), /its version is 2/],
    ['a hash that is none', (record) => record.replace(/"[0-9a-f]{64}"/, '"abc"'), /is no SHA-256/],
    ['a list', () => '[]', /it is not a record/],
    ['no files', () => '{"version":1}', /no list of files/],
    ['a way out', (record) => record.replace('"flake.nix"', '"../flake.nix"'), /outside the folder/],
  ];

  it.each(spoilt)('makes all that differs edited, and nothing stale: %s', async (_name, spoil, reason) => {
    await emit(first);
    put(recordName, spoil(readFileSync(join(folder, recordName), 'utf8')));
    const emission = await planEmission(folder, second);
    expect(emission.record).toMatchObject({ kind: 'unreadable', reason: expect.stringMatching(reason) });
    expect(emission.files.map(({ path, state }) => [path, state])).toEqual([
      ['flake.nix', 'same'],
      [disko, 'edited'],
    ]);
    expect(emission.files[1]?.problem?.reason).toMatch(reason);
    expect(isClean(emission)).toBe(false);
    expect(isClean(await planEmission(folder, first))).toBe(false);
  });

  it('is never clean, not even where it has nothing to say', async () => {
    const tree = treeOf({ 'flake.lock': '{}' });
    await emit(tree);
    expect(isClean(await planEmission(folder, tree))).toBe(true);
    put(recordName, '{');
    expect(isClean(await planEmission(folder, tree))).toBe(false);
  });

  it('is an error when it is no file', async () => {
    mkdirSync(join(folder, recordName), { recursive: true });
    await expect(planEmission(folder, first)).rejects.toMatchObject({
      kind: 'declaration',
      message: expect.stringContaining(`${recordName} is not a file`),
      hint: expect.stringContaining('Move it away'),
    });
  });

  it('reads the same whatever its layout and order', async () => {
    await emit(first);
    const record = JSON.parse(readFileSync(join(folder, recordName), 'utf8'));
    const files = Object.fromEntries(Object.entries(record.files).reverse());
    put(recordName, JSON.stringify({ files, version: 1 }).replaceAll(',', ',\r\n'));
    expect(isClean(await planEmission(folder, first))).toBe(true);
  });
});

describe('a tree or a folder that cannot be', () => {
  it.each(['../flake.nix', '/etc/passwd', 'hosts/../../x', './x', 'a//b', 'a/', '', 'a\\b', 'a\nb', '.'])(
    'refuses the path %j',
    async (path) => {
      await expect(
        planEmission(folder, new Map([[path, { text: '', from: 'config/x.ts' }]])),
      ).rejects.toMatchObject({ kind: 'declaration', message: expect.stringContaining('config/x.ts') });
    },
  );

  it('refuses the record as an emitted file, and a file that is also a folder', async () => {
    await expect(planEmission(folder, treeOf({ [recordName]: '' }))).rejects.toThrow(/name of the record/);
    await expect(planEmission(folder, treeOf({ 'a/b/c': '', a: '' }))).rejects.toThrow(
      /^a, emitted for config\/a, would also be the folder of a\/b\/c/,
    );
  });

  it('says so when the folder is a file, or below one', async () => {
    writeFileSync(folder, '');
    await expect(planEmission(folder, first)).rejects.toThrow(/nix is not a folder/);
    await expect(planEmission(join(folder, 'deep'), first)).rejects.toMatchObject({
      kind: 'missing',
      hint: expect.stringContaining('your user can read'),
    });
  });

  it('says which file the disk refuses to show', async () => {
    mkdirSync(folder);
    const long = 'x'.repeat(300);
    await expect(planEmission(folder, treeOf({ [long]: '' }))).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringMatching(/x could not be read: ENAMETOOLONG/),
    });
  });
});
