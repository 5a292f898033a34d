import { existsSync, readdirSync, statSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { bootproof, type Homelab, homelabWith, repository, startBootproof } from './command.ts';

const record = '.bootproof.json';
const domain = "networking: { hostName: 'hl02', domain: 'lan',";
const changed = (text: string): string => text.replace("networking: {\n    hostName: 'hl02',", domain);

const emit = (homelab: Homelab, ...options: readonly string[]) =>
  bootproof(['emit', ...options], { cwd: homelab.folder });

const inNix = (homelab: Homelab, path = ''): string => join(homelab.folder, 'config/nix', path);
const readNix = (homelab: Homelab, path: string): Promise<string> => readFile(inNix(homelab, path), 'utf8');

/** Every file below config/nix, sorted; with what tells whether it was written again. */
function filesOf(homelab: Homelab): Map<string, string> {
  const folder = inNix(homelab);
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each): [string, string] => {
      const path = join(each.parentPath, each.name);
      const { ino, mtimeNs } = statSync(path, { bigint: true });
      return [path.slice(folder.length + 1), `${ino} ${mtimeNs}`];
    });
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function editTypeScript(homelab: Homelab): Promise<void> {
  const file = join(homelab.folder, 'config/hosts/hl02/configuration.ts');
  const before = await readFile(file, 'utf8');
  expect(changed(before)).not.toBe(before);
  await writeFile(file, changed(before));
}

/** A homelab whose flake was emitted. */
async function emitted(files: Readonly<Record<string, string | null>> = {}): Promise<Homelab> {
  const homelab = await homelabWith(files);
  expect(await emit(homelab)).toMatchObject({ status: 0 });
  return homelab;
}

const tree = [
  record,
  'flake.lock',
  'flake.nix',
  'hosts/hl02/configuration.nix',
  'hosts/hl02/default.nix',
  'hosts/hl02/disko.nix',
  'hosts/hl02/hardware.nix',
  'hosts/hl02/test.nix',
  'roles/common/default.nix',
  'roles/proxmox-vm/default.nix',
  'tests/make-test.nix',
];

describe('emit', () => {
  test('writes everything the first time and nothing the second', async () => {
    await using homelab = await homelabWith();
    const first = await emit(homelab);
    const files = filesOf(homelab);
    const second = await emit(homelab);

    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain('written               config/nix/hosts/hl02/disko.nix\n');
    expect(first.stdout).toMatch(/10 files brought up to date in config\/nix\.$/);
    expect([...files.keys()]).toEqual(tree);
    expect(second).toMatchObject({ status: 0, stderr: '' });
    expect(second.stdout).toContain('config/nix is what the declaration gives; nothing to do.');
    expect(filesOf(homelab)).toEqual(files);
  });

  test('writes again only what a change of the declaration changes', async () => {
    await using homelab = await emitted();
    const before = filesOf(homelab);
    await editTypeScript(homelab);
    const { status, stdout } = await emit(homelab);
    const after = filesOf(homelab);

    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'changed               config/nix/hosts/hl02/configuration.nix',
      expect.stringContaining('1 file brought up to date in config/nix.'),
    ]);
    expect([...after].filter(([path, state]) => before.get(path) !== state).map(([path]) => path)).toEqual([
      record,
      'hosts/hl02/configuration.nix',
    ]);
    expect(await readNix(homelab, 'hosts/hl02/configuration.nix')).toContain('domain = "lan";');
  });

  test('removes the files of a host that is gone, and leaves those of others', async () => {
    const config = join(repository, 'config/hosts/hl02');
    const names = ['configuration', 'default', 'disko', 'hardware', 'test', 'vm'];
    const copies = names.map(async (name): Promise<[string, string]> => {
      const text = await readFile(join(config, `${name}.ts`), 'utf8');
      return [`hosts/old/${name}.ts`, text.replaceAll('hl02', 'old')];
    });
    await using homelab = await emitted(Object.fromEntries(await Promise.all(copies)));
    await mkdir(inNix(homelab, 'hosts/mine'));
    await writeFile(inNix(homelab, 'hosts/mine/notes.md'), 'mine\n');
    await rm(join(homelab.folder, 'config/hosts/old'), { recursive: true });
    const { status, stdout } = await emit(homelab);

    expect(status).toBe(0);
    expect(stdout).toContain('removed               config/nix/hosts/old/configuration.nix');
    expect([...filesOf(homelab).keys()].sort()).toEqual([...tree, 'hosts/mine/notes.md'].sort());
    expect(existsSync(inNix(homelab, 'hosts/old'))).toBe(false);
  });

  test('names a file that was edited by hand and keeps it, unless forced', async () => {
    await using homelab = await emitted();
    const path = 'hosts/hl02/disko.nix';
    await appendFile(inNix(homelab, path), '# by hand\n');
    await editTypeScript(homelab);

    const kept = await emit(homelab);
    expect(kept.status).toBe(1);
    expect(kept.stdout).toContain(`config/nix/${path} was edited by hand since it was emitted.`);
    expect(kept.stdout).toContain('config/hosts/hl02/disko.ts');
    expect(kept.stdout).toContain('--force');
    expect(await readNix(homelab, path)).toContain('# by hand');
    // The others were brought up to date all the same.
    expect(await readNix(homelab, 'hosts/hl02/configuration.nix')).toContain('domain = "lan";');

    const dry = await emit(homelab, '--dry-run', '--force');
    expect(dry.stdout).toContain(`would be overwritten  config/nix/${path}`);
    expect(await readNix(homelab, path)).toContain('# by hand');

    const forced = await emit(homelab, '--force');
    expect(forced.status).toBe(0);
    expect(forced.stdout).toContain(`overwritten           config/nix/${path}`);
    expect(await readNix(homelab, path)).not.toContain('# by hand');
    expect(await emit(homelab, '--check')).toMatchObject({ status: 0 });
  });

  test('leaves a flake.lock that is there, and never writes over a file that it did not write', async () => {
    await using homelab = await homelabWith({
      'nix/flake.lock': '{ "version": 7 }\n',
      'nix/flake.nix': '{ outputs = _: { }; }\n',
    });
    const { status, stdout } = await emit(homelab);

    expect(status).toBe(1);
    expect(stdout).toContain('config/nix/flake.nix is a file that was never emitted.');
    expect(await readNix(homelab, 'flake.nix')).toBe('{ outputs = _: { }; }\n');
    expect(await readNix(homelab, 'flake.lock')).toBe('{ "version": 7 }\n');
    expect(existsSync(inNix(homelab, 'hosts/hl02/disko.nix'))).toBe(true);
  });

  test('that is killed leaves whole files, and the next one completes it', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `roles/many/${index}.nix`,
        `# ${'x'.repeat(10_000)}\n{ }\n`,
      ]),
    );
    await using homelab = await homelabWith({
      ...many,
      'hosts/hl02/hardware.ts':
        "import { defineModule, nixFile } from 'bootproof';\nexport default defineModule({ imports: [nixFile('../../roles/many')] });\n",
    });
    const running = startBootproof(['emit'], { cwd: homelab.folder });
    const ended = running.then(({ signal, exitCode }) => signal ?? exitCode);
    const deadline = Date.now() + 15_000;
    while (!existsSync(inNix(homelab, 'roles/many')) && Date.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    running.kill('SIGKILL');

    expect(await ended).toBe('SIGKILL');
    expect(existsSync(inNix(homelab, record))).toBe(false);
    const whole = [...filesOf(homelab).keys()].filter((path) => /^roles\/many\/\d+\.nix$/.test(path));
    for (const path of whole) {
      expect(await readNix(homelab, path), path).toBe(many[path]);
    }
    expect(whole.length).toBeLessThan(400);

    expect(await emit(homelab)).toMatchObject({ status: 0 });
    expect(await emit(homelab, '--check')).toMatchObject({ status: 0 });
    expect(filesOf(homelab).has('roles/many/399.nix')).toBe(true);
  }, 60_000);

  test('of a declaration with faults writes nothing, and says all of them', async () => {
    await using homelab = await homelabWith({
      'hosts/hl02/hardware.ts':
        "import { defineModule, nixFile } from 'bootproof';\nexport default defineModule(({ inputs }) => ({ imports: [nixFile('./no.nix'), inputs.none.nixosModules.x] }));\n",
    });
    for (const options of [[], ['--check'], ['--diff'], ['--dry-run'], ['--force']]) {
      const { status, stdout, stderr } = await emit(homelab, ...options);
      expect({ status, stdout }, options.join()).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain('There is no such file.');
      expect(stderr).toContain('The flake has no input none');
    }
    expect(existsSync(inNix(homelab))).toBe(false);
  });
});

describe('emit that writes nothing', () => {
  test('--dry-run says what would happen', async () => {
    await using homelab = await homelabWith();
    const { status, stdout } = await emit(homelab, '--dry-run');

    expect(status).toBe(0);
    expect(stdout).toContain('would be written      config/nix/flake.nix\n');
    expect(stdout).toMatch(/10 files would be brought up to date in config\/nix\.$/);
    expect(existsSync(inNix(homelab))).toBe(false);
  });

  test('--diff gives a patch of what would change', async () => {
    await using homelab = await emitted();
    const before = filesOf(homelab);
    await editTypeScript(homelab);
    const { status, stdout } = await emit(homelab, '--diff');

    expect(status).toBe(0);
    expect(stdout).toContain('--- a/config/nix/hosts/hl02/configuration.nix\n');
    expect(stdout).toContain('\n+    domain = "lan";\n');
    expect(filesOf(homelab)).toEqual(before);
  });

  test('--check of a clean tree exits 0 and touches nothing', async () => {
    await using homelab = await emitted();
    const before = filesOf(homelab);
    const { status, stdout } = await emit(homelab, '--check');

    expect(status).toBe(0);
    expect(stdout).toContain('config/nix is what the declaration gives.');
    expect(filesOf(homelab)).toEqual(before);
  });

  test('--check of another exits 1 with a patch that git applies, whatever differs', async () => {
    await using homelab = await emitted();
    const before = new Map<string, string>();
    for (const path of filesOf(homelab).keys()) before.set(path, await readNix(homelab, path));
    // Changed, missing, edited by hand, and no longer given.
    await editTypeScript(homelab);
    await rm(inNix(homelab, 'hosts/hl02/disko.nix'));
    await appendFile(inNix(homelab, 'roles/common/default.nix'), '# by hand, no newline');
    await rm(join(homelab.folder, 'config/hosts/hl02/hardware.ts'));
    const physical = join(homelab.folder, 'config/hosts/hl02/default.ts');
    const text = await readFile(physical, 'utf8');
    await writeFile(physical, text.replace(/.*\.\/hardware.*\n/, '').replace('hardware, ', ''));
    const states = filesOf(homelab);
    const { status, stdout, stderr } = await emit(homelab, '--check');

    expect(status).toBe(1);
    expect(stderr).toContain('config/nix/roles/common/default.nix was edited by hand');
    expect(stderr).toContain('Run `bootproof emit` and commit what it writes.');
    expect(stdout).toMatch(/^(diff|---)/);
    expect(filesOf(homelab)).toEqual(states);

    const git = (...args: readonly string[]) =>
      execa('git', args, { cwd: homelab.folder, input: `${stdout}\n` });
    await git('init', '--quiet');
    await git('apply', '--verbose', '-');
    expect(existsSync(inNix(homelab, 'hosts/hl02/hardware.nix'))).toBe(false);
    expect(await readNix(homelab, 'roles/common/default.nix')).toBe(before.get('roles/common/default.nix'));
    expect(await readNix(homelab, 'hosts/hl02/disko.nix')).toBe(before.get('hosts/hl02/disko.nix'));
    expect(await emit(homelab)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('its record was brought up to date'),
    });
  });

  test('--check of a flake that was never emitted exits 1', async () => {
    await using homelab = await homelabWith();
    const { status, stdout } = await emit(homelab, '--check');

    expect(status).toBe(1);
    expect(stdout).toContain('+++ b/config/nix/flake.nix\n');
    expect(existsSync(inNix(homelab))).toBe(false);
  });
});

test('emit takes --config, and works from anywhere', async () => {
  await using homelab = await homelabWith();
  const { status, stdout } = await bootproof(['emit', '--config', join(homelab.folder, 'config')], {
    cwd: dirname(homelab.folder),
  });

  expect(status).toBe(0);
  expect(stdout).toContain('config/nix/flake.nix');
  expect([...filesOf(homelab).keys()]).toEqual(tree);
});

test('help of emit names what it takes', async () => {
  const { status, stdout } = await bootproof(['emit', '--help']);

  expect(status).toBe(0);
  for (const option of ['--check', '--dry-run', '--diff', '--force']) expect(stdout).toContain(option);
});

test('what is committed in this repository is what its declaration gives', async () => {
  const { status, stdout, stderr } = await bootproof(['emit', '--check']);
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
});
