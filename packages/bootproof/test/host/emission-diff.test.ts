import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyPatch, parsePatch } from 'diff';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmittedTree } from '../../src/base/emitted-tree.ts';
import { planEmission } from '../../src/host/emission.ts';
import { applyEmission } from '../../src/host/emission-apply.ts';
import { diffOf } from '../../src/host/emission-diff.ts';
import { unifiedDiff } from '../../src/host/text-diff.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootproof-diff-'));
  folder = join(root, 'config', 'nix');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const treeOf = (texts: Record<string, string>): EmittedTree =>
  new Map(
    Object.entries(texts).map(([path, text]) => [
      path,
      { text, from: `config/${path}`, keep: path === 'flake.lock' },
    ]),
  );

async function emit(tree: EmittedTree): Promise<void> {
  await applyEmission(folder, await planEmission(folder, tree));
}

function put(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const diff = async (tree: EmittedTree): Promise<string> => diffOf(await planEmission(folder, tree));

describe('diffOf', () => {
  it('shows new, changed, removed and edited files, by path, and no others', async () => {
    await emit(
      treeOf({
        'same.nix': '{ }\n',
        'b.nix': '1\n2\n',
        'c.nix': 'gone\n',
        'd.nix': '4\n',
        'flake.lock': '1',
      }),
    );
    put('d.nix', 'mine\n');
    put('flake.lock', 'of Nix');
    const wanted = treeOf({
      'same.nix': '{ }\n',
      'b.nix': '1\ntwo\n',
      'd.nix': '4\n',
      'a/e.nix': 'x\n',
      'flake.lock': '2',
    });
    expect(await diff(wanted)).toBe(`diff --git a/config/nix/a/e.nix b/config/nix/a/e.nix
new file mode 100644
--- /dev/null
+++ b/config/nix/a/e.nix
@@ -0,0 +1,1 @@
+x
diff --git a/config/nix/b.nix b/config/nix/b.nix
--- a/config/nix/b.nix
+++ b/config/nix/b.nix
@@ -1,2 +1,2 @@
 1
-2
+two
diff --git a/config/nix/c.nix b/config/nix/c.nix
deleted file mode 100644
--- a/config/nix/c.nix
+++ /dev/null
@@ -1,1 +0,0 @@
-gone
diff --git a/config/nix/d.nix b/config/nix/d.nix
--- a/config/nix/d.nix
+++ b/config/nix/d.nix
@@ -1,1 +1,1 @@
-mine
+4
`);
  });

  it('is empty when nothing differs, be the record behind or not', async () => {
    const tree = treeOf({ 'a.nix': '1' });
    await emit(tree);
    expect(await diff(tree)).toBe('');
    rmSync(join(folder, '.bootproof.json'));
    expect(await diff(tree)).toBe('');
  });

  it('names the folder as it is told to', async () => {
    const emission = await planEmission(folder, treeOf({ 'a.nix': '1\n' }));
    expect(diffOf(emission, { prefix: 'lab/nix' })).toContain('+++ b/lab/nix/a.nix\n');
  });

  it('only names what has no text', async () => {
    put('a.nix', Buffer.from([0, 1, 2]));
    put('b.nix', Buffer.from([0xff, 0xfe]));
    put('c.nix/inside', '');
    symlinkSync('nowhere', join(folder, 'd.nix'));
    put('e.nix', 'x\n'.repeat(300_000));
    const wanted = treeOf({ 'a.nix': '1', 'b.nix': '1', 'c.nix': '1', 'd.nix': '1', 'e.nix': '1' });
    expect((await diff(wanted)).split('\n')).toEqual([
      'Binary files a/config/nix/a.nix and b/config/nix/a.nix differ',
      'Binary files a/config/nix/b.nix and b/config/nix/b.nix differ',
      'Files a/config/nix/c.nix and b/config/nix/c.nix differ: a folder is in the way',
      'Files a/config/nix/d.nix and b/config/nix/d.nix differ: a link is in the way',
      'Files a/config/nix/e.nix and b/config/nix/e.nix differ: too long to show',
      '',
    ]);
  });
});

describe('a patch', () => {
  const awkward: Record<string, readonly [string, string]> = {
    'ends gained.nix': ['a\nb', 'a\nb\n'],
    'ends lost.nix': ['a\nb\n', 'a\nb'],
    'ends never.nix': ['a\nb', 'a\nc'],
    'ends last kept.nix': ['a\nb\nc', 'x\nb\nc'],
    'grown from nothing.nix': ['', 'a\n'],
    'shrunk to nothing.nix': ['a', ''],
    'Größe "x".nix': ['a\r\nb\r\n', 'a\nb\n'],
    'far/apart.nix': [
      Array.from({ length: 40 }, (_none, line) => `${line}\n`).join(''),
      Array.from({ length: 40 }, (_none, line) => `${line % 30 === 2 ? 'new' : line}\n`).join(''),
    ],
    'all different.nix': ['a\n'.repeat(900), 'b\n'.repeat(900)],
    'markers.nix': ['-- a\n++ b\n@@ -1 +1 @@\n', '++ b\n-- a\n\\ No newline at end of file\n'],
  };

  it('is taken by git apply, with every awkward end, name and size', async () => {
    const before = Object.entries(awkward).map(([path, [text]]) => [path, text]);
    const after = Object.entries(awkward).map(([path, [, text]]) => [path, text]);
    await emit(treeOf({ ...Object.fromEntries(before), 'removed.nix': 'a\nb', 'removed empty.nix': '' }));
    const tree = treeOf({ ...Object.fromEntries(after), 'new/x.nix': 'a\nb', 'new/empty.nix': '' });
    execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
      cwd: root,
      input: await diff(tree),
      env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root), GIT_CONFIG_NOSYSTEM: '1', HOME: root },
    });
    const { files, gone } = await planEmission(folder, tree);
    expect(files.filter(({ state }) => state !== 'same')).toEqual([]);
    expect(files).toHaveLength(Object.keys(awkward).length + 2);
    expect(gone).toEqual(['removed empty.nix', 'removed.nix']);
    expect(readFileSync(join(folder, 'ends lost.nix'), 'utf8')).toBe('a\nb');
  });

  it('replaces all in one hunk where two texts have little in common', () => {
    const [before, after] = awkward['all different.nix'] ?? ['', ''];
    const patch = unifiedDiff({
      name: 'x',
      before: { bytes: Buffer.from(before), mode: 0o644 },
      after: Buffer.from(after),
    });
    expect(patch.match(/^@@.*$/gm)).toEqual(['@@ -1,900 +1,900 @@']);
    expect(patch).toMatch(/^(?:-a\n){900}(?:\+b\n){900}$/m);
  });

  it('says what mode a removed file had', () => {
    const patch = unifiedDiff({
      name: 'x',
      before: { bytes: Buffer.from('a\n'), mode: 0o755 },
      after: undefined,
    });
    expect(patch).toContain('\ndeleted file mode 100755\n--- a/x\n+++ /dev/null\n');
  });

  it('turns any text into any other', () => {
    const line = fc.constantFrom('a\n', 'b\n', '\n', 'c', ' d\n', '-e\n', 'f\r\n', '\\ g\n', 'ü\u2028h\n');
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const patch = unifiedDiff({
          name: 'x',
          before: { bytes: Buffer.from(before), mode: 0o644 },
          after: Buffer.from(after),
        });
        const [parsed] = parsePatch(patch);
        expect(parsed && applyPatch(before, parsed)).toBe(after);
      }),
      { numRuns: 300 },
    );
  });
});
