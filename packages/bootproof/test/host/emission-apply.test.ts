import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmittedTree } from '../../src/base/emitted-tree.ts';
import { writeFileAtomic } from '../../src/host/atomic.ts';
import { isClean, planEmission } from '../../src/host/emission.ts';
import { type ApplyOptions, applyEmission, type EmissionResult } from '../../src/host/emission-apply.ts';
import { recordName, sha256 } from '../../src/host/emission-record.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'bootproof-emission-'));
  folder = join(parent, 'nix');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const treeOf = (texts: Record<string, string>): EmittedTree =>
  new Map(
    Object.entries(texts).map(([path, text]) => [
      path,
      { text, from: `config/${path}`, keep: path === 'flake.lock' },
    ]),
  );

const emit = async (tree: EmittedTree, options?: ApplyOptions): Promise<EmissionResult> =>
  applyEmission(folder, await planEmission(folder, tree), options);

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Every file of the folder but the record, with its text, sorted by path. */
function onDisk(): [string, string][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== recordName)
    .map((entry): [string, string] => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const recorded = (): Record<string, string> =>
  JSON.parse(readFileSync(join(folder, recordName), 'utf8')).files;

const told = ({ done, left, recordWritten }: EmissionResult) => ({
  done: done.map(({ path, state }) => `${state} ${path}`),
  left: left.map(({ path, state }) => `${state} ${path}`),
  recordWritten,
});

describe('applyEmission', () => {
  it('writes what is new, replaces what changed, removes what is stale with its empty folders', async () => {
    expect(
      told(await emit(treeOf({ 'a.nix': '1', 'roles/old/x/y.nix': '2', 'roles/web.nix': '3' }))),
    ).toEqual({
      done: ['new a.nix', 'new roles/old/x/y.nix', 'new roles/web.nix'],
      left: [],
      recordWritten: true,
    });
    expect(told(await emit(treeOf({ 'a.nix': 'one', 'roles/web.nix': '3' })))).toEqual({
      done: ['changed a.nix', 'stale roles/old/x/y.nix'],
      left: [],
      recordWritten: true,
    });
    expect(onDisk()).toEqual([
      ['a.nix', 'one'],
      ['roles/web.nix', '3'],
    ]);
    expect(readdirSync(join(folder, 'roles'))).toEqual(['web.nix']);
    await emit(treeOf({}));
    expect(readdirSync(folder)).toEqual([recordName]);
    expect(recorded()).toEqual({});
  });

  it('touches nothing the second time, and only what changed the third', async () => {
    await emit(treeOf({ 'a.nix': '1', 'b/c.nix': '2', 'flake.lock': '{}' }));
    const past = new Date('2001-01-01');
    const names = ['a.nix', 'b/c.nix', 'flake.lock', recordName];
    for (const name of names) utimesSync(join(folder, name), past, past);
    const look = () =>
      names.map((name) => {
        const { ino, mtimeMs } = statSync(join(folder, name));
        return { name, ino, mtimeMs };
      });
    const before = look();
    const again = await emit(treeOf({ 'a.nix': '1', 'b/c.nix': '2', 'flake.lock': '{"new":1}' }));
    expect(told(again)).toEqual({ done: [], left: [], recordWritten: false });
    expect(look()).toEqual(before);
    await emit(treeOf({ 'a.nix': '1', 'b/c.nix': 'two', 'flake.lock': '{}' }));
    const changed = look().filter((now, index) => now.mtimeMs !== before[index]?.mtimeMs);
    expect(changed.map(({ name }) => name)).toEqual(['b/c.nix', recordName]);
  });

  it('records the hash of each file but the lock, sorted, one a line', async () => {
    await emit(treeOf({ 'b.nix': '2', 'flake.lock': '{}', 'a.nix': '1', '10': 'x', '9': 'y' }));
    const lines = readFileSync(join(folder, recordName), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"files"'));
    expect(lines.slice(at + 1, at + 5)).toEqual([
      `    "10": "${sha256('x')}",`,
      `    "9": "${sha256('y')}",`,
      `    "a.nix": "${sha256('1')}",`,
      `    "b.nix": "${sha256('2')}"`,
    ]);
    expect(lines.slice(at + 5)).toEqual(['  }', '}', '']);
  });

  it('gives new files 0644 at most, and leaves the mode of a file as it was', async () => {
    await emit(treeOf({ 'a.nix': '1', 'b.nix': '1' }));
    expect(statSync(join(folder, 'a.nix')).mode & 0o777 & ~0o644).toBe(0);
    chmodSync(join(folder, 'a.nix'), 0o666);
    chmodSync(join(folder, 'b.nix'), 0o440);
    await emit(treeOf({ 'a.nix': '2', 'b.nix': '2' }));
    expect(statSync(join(folder, 'a.nix')).mode & 0o777).toBe(0o666);
    expect(statSync(join(folder, 'b.nix')).mode & 0o777).toBe(0o440);
  });

  it('writes into a folder that is a link', async () => {
    mkdirSync(join(parent, 'real'));
    symlinkSync(join(parent, 'real'), folder);
    await emit(treeOf({ 'a.nix': '1' }));
    expect(readFileSync(join(parent, 'real', 'a.nix'), 'utf8')).toBe('1');
  });
});

describe('what is in dispute', () => {
  const edited = async () => {
    await emit(treeOf({ 'a.nix': '1', 'old/b.nix': '2', 'c.nix': '3' }));
    put('a.nix', 'mine');
    put('old/b.nix', 'mine too');
    put('d.nix', 'all mine');
    return treeOf({ 'a.nix': 'one', 'c.nix': 'three', 'd.nix': '4' });
  };

  it('stays, and stays in dispute, while the rest is emitted', async () => {
    const tree = await edited();
    const expected = ['edited a.nix', 'foreign d.nix', 'edited stale old/b.nix'];
    expect(told(await emit(tree))).toEqual({ done: ['changed c.nix'], left: expected, recordWritten: true });
    expect(told(await emit(tree))).toEqual({ done: [], left: expected, recordWritten: false });
    expect(onDisk()).toEqual([
      ['a.nix', 'mine'],
      ['c.nix', 'three'],
      ['d.nix', 'all mine'],
      ['old/b.nix', 'mine too'],
    ]);
    expect(Object.keys(recorded())).toEqual(['a.nix', 'c.nix', 'old/b.nix']);
  });

  it('yields to force, and no file beside it does', async () => {
    const tree = await edited();
    put('old/notes.md', 'beside');
    expect(told(await emit(tree, { force: true }))).toEqual({
      done: ['edited a.nix', 'changed c.nix', 'foreign d.nix', 'edited stale old/b.nix'],
      left: [],
      recordWritten: true,
    });
    expect(onDisk()).toEqual([
      ['a.nix', 'one'],
      ['c.nix', 'three'],
      ['d.nix', '4'],
      ['old/notes.md', 'beside'],
    ]);
    expect(isClean(await planEmission(folder, tree))).toBe(true);
  });

  it('is settled by putting the emitted text back, or by taking the line out of the record', async () => {
    const tree = await edited();
    put('a.nix', '1');
    const { 'old/b.nix': _mine, ...files } = recorded();
    put(recordName, JSON.stringify({ version: 1, files }));
    expect(told(await emit(tree))).toEqual({
      done: ['changed a.nix', 'changed c.nix'],
      left: ['foreign d.nix'],
      recordWritten: true,
    });
    expect(readFileSync(join(folder, 'old/b.nix'), 'utf8')).toBe('mine too');
  });

  it('leaves folders and what lies behind links, forced or not; a link itself is replaced', async () => {
    mkdirSync(join(parent, 'outside'));
    put('../outside/x.nix', 'outside');
    put('a.nix/inside', 'x');
    symlinkSync(join(parent, 'outside'), join(folder, 'roles'));
    symlinkSync(join(parent, 'outside', 'x.nix'), join(folder, 'b.nix'));
    const tree = treeOf({ 'a.nix': '1', 'b.nix': '2', 'roles/x.nix': '3' });
    expect(told(await emit(tree)).done).toEqual([]);
    expect(told(await emit(tree, { force: true }))).toMatchObject({
      done: ['foreign b.nix'],
      left: ['foreign a.nix', 'foreign roles/x.nix'],
    });
    expect(readFileSync(join(folder, 'b.nix'), 'utf8')).toBe('2');
    expect(readFileSync(join(parent, 'outside', 'x.nix'), 'utf8')).toBe('outside');
  });

  it('keeps an unreadable record until nothing is in dispute, then replaces it', async () => {
    await emit(treeOf({ 'a.nix': '1', 'b.nix': '2' }));
    put(recordName, '<<<<<<< HEAD\n');
    const tree = treeOf({ 'a.nix': 'one', 'b.nix': '2', 'c.nix': '3' });
    expect(told(await emit(tree))).toEqual({
      done: ['new c.nix'],
      left: ['edited a.nix'],
      recordWritten: false,
    });
    expect(readFileSync(join(folder, recordName), 'utf8')).toBe('<<<<<<< HEAD\n');
    expect(told(await emit(tree, { force: true }))).toEqual({
      done: ['edited a.nix'],
      left: [],
      recordWritten: true,
    });
    expect(isClean(await planEmission(folder, tree))).toBe(true);
    put(recordName, '{');
    expect(told(await emit(tree))).toEqual({ done: [], left: [], recordWritten: true });
  });

  it('keeps an edit that was saved between the plan and the emission', async () => {
    await emit(treeOf({ 'a.nix': '1', 'b.nix': '1' }));
    const rewritten = await planEmission(folder, treeOf({ 'a.nix': '2', 'b.nix': '1' }));
    const removed = await planEmission(folder, treeOf({ 'b.nix': '1' }));
    const added = await planEmission(folder, treeOf({ 'a.nix': '1', 'b.nix': '1', 'c.nix': '1' }));
    put('a.nix', 'just saved');
    put('c.nix', 'just saved');
    for (const plan of [rewritten, removed, added]) {
      await expect(applyEmission(folder, plan, { force: true })).rejects.toThrow(
        /changed while it was being emitted/,
      );
    }
    expect(onDisk()).toEqual([
      ['a.nix', 'just saved'],
      ['b.nix', '1'],
      ['c.nix', 'just saved'],
    ]);
  });
});

describe('an emission that is cut short', () => {
  const before = treeOf({ 'a.nix': '1', 'b.nix': '1', 'old/c.nix': '1', 'd/e.nix': '1' });
  const after = treeOf({ 'a.nix': '2', 'b.nix': '2', 'd/e.nix': '2', 'f/g.nix': '2' });

  it.each([0, 1, 2, 3, 4])('is completed by the next one: %i files written', async (count) => {
    await emit(before);
    let written = 0;
    const write: typeof writeFileAtomic = async (...call) => {
      if (written === count) throw new Error('ENOSPC: no space left on device');
      written += 1;
      await writeFileAtomic(...call);
    };
    await expect(emit(after, { write })).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringMatching(/could not be written: ENOSPC/),
      hint: expect.stringContaining('goes on from here'),
    });
    const rest = await emit(after);
    expect(rest.left).toEqual([]);
    expect(rest.done.filter(({ state }) => state !== 'stale')).toHaveLength(4 - count);
    expect(rest.recordWritten).toBe(true);
    expect(onDisk()).toEqual([...after].map(([path, { text }]) => [path, text]));
    expect(existsSync(join(folder, 'old'))).toBe(false);
    expect(isClean(await planEmission(folder, after))).toBe(true);
  });

  it('is completed when it stopped between a removal and that of the empty folder', async () => {
    await emit(before);
    await emit(treeOf({ 'old/x/y/c.nix': '1' }));
    rmSync(join(folder, 'old/x/y'), { recursive: true });
    await emit(after);
    expect(existsSync(join(folder, 'old'))).toBe(false);
  });

  it('goes on where another emission has written the same meanwhile', async () => {
    await emit(before);
    const plan = await planEmission(folder, after);
    await emit(after);
    expect((await applyEmission(folder, plan)).left).toEqual([]);
    expect(isClean(await planEmission(folder, after))).toBe(true);
  });

  it('stops at what came into the way after the plan, and the next plan names it', async () => {
    await emit(before);
    const plan = await planEmission(folder, after);
    put('f', 'in the way');
    await expect(applyEmission(folder, plan)).rejects.toThrow(/f\/g\.nix changed while it was being emitted/);
    expect(told(await emit(after))).toEqual({ done: [], left: ['foreign f/g.nix'], recordWritten: true });
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('in the way');
  });
});

const names = fc.constantFrom('a', 'b', 'c.nix', 'constructor', '__proto__', '1', 'é x', '$"{}');
const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const texts = fc.oneof(fc.constantFrom('', '\n', 'a', 'a\r\n'), fc.string({ unit: 'binary' }));
/** Any tree, less what would be a file and a folder at once. */
const trees = fc.dictionary(paths, texts, { maxKeys: 8, noNullPrototype: false }).map((given) => {
  const all = Object.keys(given);
  const kept = all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)));
  return new Map(kept.map((path) => [path, { text: given[path] ?? '', from: 'config/x.ts' }]));
});
const textsOf = (tree: EmittedTree): [string, string][] =>
  [...tree]
    .map(([path, { text }]): [string, string] => [path, Buffer.from(text).toString()])
    .sort(([a], [b]) => (a < b ? -1 : 1));

describe('any trees', () => {
  it('end up on disk, nothing else does, and are then clean', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(trees, { minLength: 1, maxLength: 4 }), async (sequence) => {
        rmSync(folder, { recursive: true, force: true });
        for (const tree of sequence) {
          expect((await emit(tree)).left).toEqual([]);
          expect(onDisk()).toEqual(textsOf(tree));
          expect(isClean(await planEmission(folder, tree))).toBe(true);
        }
        const last = sequence.at(-1) ?? new Map();
        expect(told(await emit(last))).toEqual({ done: [], left: [], recordWritten: false });
      }),
      { numRuns: 60 },
    );
  });

  it('never cost a byte that somebody wrote by hand', async () => {
    await fc.assert(
      fc.asyncProperty(trees, trees, trees, fc.boolean(), async (first, mine, second, spoil) => {
        rmSync(folder, { recursive: true, force: true });
        await emit(first);
        const written = new Map<string, string>();
        for (const [path, { text }] of mine) {
          const emitted = first.get(path)?.text;
          const own = `${text}# by hand`;
          try {
            put(path, own);
            if (own !== emitted) written.set(path, own);
          } catch {
            // A file or folder of the first tree is in the way.
          }
        }
        if (spoil) put(recordName, '{');
        await emit(second);
        await emit(second);
        const now = new Map(onDisk());
        for (const [path, text] of written) expect(now.get(path)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 60 },
    );
  });
});

describe('what a killed emission left', () => {
  it('is removed by the next one; files of others and of processes that run stay', async () => {
    const tree = treeOf({ 'hosts/a.nix': '1', 'flake.nix': '2' });
    await emit(tree);
    // No process has this number: it is above the highest that Linux gives (4194304).
    const dead = ['.flake.nix.4194305.0123456789ab.tmp', 'hosts/.a.nix.4194305.0123456789ab.tmp'];
    const kept = [
      `.flake.nix.${process.pid}.0123456789ab.tmp`,
      '.mine.4194305.0123456789ab.tmp',
      'hosts/.flake.nix.4194305.0123456789ab.tmp',
    ];
    for (const path of [...dead, ...kept]) put(path, 'half');
    await emit(tree);
    expect(onDisk().map(([path]) => path)).toEqual([...kept, 'flake.nix', 'hosts/a.nix'].sort());
  });
});
