import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHomelab, findHost, hostNames, serviceFiles } from '../../src/host/discover.ts';

let repository: string;
let homelab: string;

beforeEach(() => {
  repository = realpathSync(mkdtempSync(join(tmpdir(), 'bootproof-discover-')));
  homelab = join(repository, 'config');
  mkdirSync(join(homelab, 'hosts'), { recursive: true });
});

afterEach(() => rmSync(repository, { recursive: true, force: true }));

function host(name: string, files = ['configuration', 'default', 'vm', 'test']): void {
  const folder = join(homelab, 'hosts', name);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, `${file}.ts`), '');
}

describe('findHomelab', () => {
  it('finds config/ in the working directory and from deep inside a host', () => {
    host('hl02');
    expect(findHomelab({ cwd: repository })).toBe(homelab);
    expect(findHomelab({ cwd: homelab })).toBe(homelab);
    expect(findHomelab({ cwd: join(homelab, 'hosts', 'hl02') })).toBe(homelab);
  });

  it('takes the folder that is given, relative to the working directory', () => {
    const other = join(repository, 'lab');
    mkdirSync(join(other, 'hosts'), { recursive: true });
    expect(findHomelab({ given: 'lab', cwd: repository })).toBe(other);
  });

  it('says so when there is none, when the given one is absent, and when it has no hosts', () => {
    const bare = join(repository, 'bare');
    mkdirSync(bare);
    rmSync(join(homelab, 'hosts'), { recursive: true });
    expect(() => findHomelab({ cwd: bare })).toThrow(/No homelab was found in .*bare or above it/);
    expect(() => findHomelab({ given: 'nowhere', cwd: repository })).toThrow(/There is no folder .*nowhere/);
    expect(() => findHomelab({ given: 'bare', cwd: repository })).toThrow(/bare has no folder hosts/);
  });
});

describe('hostNames', () => {
  it('lists folders, sorted, and links to folders; not files, nor what is hidden or set aside', () => {
    host('web');
    host('db');
    host('.git');
    host('_template');
    writeFileSync(join(homelab, 'hosts', 'README.md'), '');
    symlinkSync(join(homelab, 'hosts', 'db'), join(homelab, 'hosts', 'mirror'));
    expect(hostNames(homelab)).toEqual(['db', 'mirror', 'web']);
  });
});

describe('findHost', () => {
  it('gives the files, and no test where there is none', () => {
    host('hl02');
    host('hl03', ['configuration', 'default', 'vm']);
    expect(findHost(homelab, 'hl02').files.test).toBe(join(homelab, 'hosts', 'hl02', 'test.ts'));
    expect(findHost(homelab, 'hl03').files.test).toBeUndefined();
    expect(findHost(homelab, 'hl03').files.vm).toBe(join(homelab, 'hosts', 'hl03', 'vm.ts'));
  });

  it('gives the tests by hand, sorted, and nothing that is named otherwise', () => {
    host('hl02', [
      'configuration',
      'default',
      'vm',
      'test',
      'web.test',
      'db.test',
      '_old.test',
      'helper',
      'x.tests',
    ]);
    const names = findHost(homelab, 'hl02').files.tests.map((file) => file.slice(homelab.length));
    expect(names).toEqual(['/hosts/hl02/db.test.ts', '/hosts/hl02/web.test.ts']);
  });

  it('names the nearest hosts for an unknown one, and lists all', () => {
    host('hl02');
    host('web');
    expect(() => findHost(homelab, 'hl20')).toThrow(
      expect.objectContaining({
        kind: 'declaration',
        message: expect.stringContaining('There is no host hl20'),
        hint: 'Did you mean hl02? Hosts are: hl02, web.',
      }),
    );
    expect(() => findHost(homelab, '../roles')).toThrow(/There is no host \.\.\/roles/);
  });

  it('says that there are no hosts at all', () => {
    expect(() => findHost(homelab, 'hl02')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('is empty') }),
    );
  });

  it('names every missing file and what belongs in it', () => {
    host('hl04', ['default']);
    expect(() => findHost(homelab, 'hl04')).toThrow(
      expect.objectContaining({
        kind: 'declaration',
        message: expect.stringMatching(/hl04 has no configuration\.ts and vm\.ts/),
        hint: expect.stringContaining('defineVm'),
      }),
    );
  });
});

describe('serviceFiles', () => {
  it('lists the TypeScript of services/, sorted, and none where there is no such folder', () => {
    expect(serviceFiles(homelab)).toEqual([]);
    const services = join(homelab, 'services');
    mkdirSync(join(services, 'parts.ts'), { recursive: true });
    for (const name of ['b.ts', 'a.ts', '_shared.ts', '.hidden.ts', 'a.d.ts', 'a.nix', 'README.md']) {
      writeFileSync(join(services, name), '');
    }
    expect(serviceFiles(homelab)).toEqual([join(services, 'a.ts'), join(services, 'b.ts')]);
  });
});
