import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { escapedPath } from '../../src/services/file-systems/unit-names.ts';
import { fileSystems } from '../../src/services/file-systems.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = fileSystems as unknown as Service;
const folder = '/etc/systemd/system';
const declared = {
  fileSystems: {
    '/': { device: '/dev/disk/by-partlabel/disk-main-root', fsType: 'ext4' },
    '/srv/cache': { fsType: 'tmpfs', options: ['size=64m', 'mode=0750', 'nosuid', 'nofail'] },
    '/export': { device: '/srv', options: ['bind', 'ro'] },
    '/data': { device: '/dev/vdb1', fsType: 'ext4' },
  },
  swapDevices: [{ device: '/var/lib/swapfile', size: 64, priority: 5 }],
};
const made = realisationOf(service, declared);
const probes = probesOf(service, declared);

describe('nothing declared', () => {
  it('has neither files nor probes', () => {
    expect(realisationOf(service, {})).toEqual({ files: [] });
    expect(probesOf(service, {})).toEqual([]);
  });
});

describe('names of units', () => {
  it.each(['/srv/cache', '/', '/a-b/c', '/a b/ü', '/.hidden/x', '//double//slash/', '/a_b:c.d'])(
    'are those of systemd for %s',
    (path) => {
      const own = escapedPath(path);
      expect(own).not.toContain('/');
      expect(own).toBe(oracle[path]);
    },
  );
});

/** What `systemd-escape --path` of systemd 252 prints. */
const oracle: Readonly<Record<string, string>> = {
  '/srv/cache': 'srv-cache',
  '/': '-',
  '/a-b/c': 'a\\x2db-c',
  '/a b/ü': 'a\\x20b-\\xc3\\xbc',
  '/.hidden/x': '\\x2ehidden-x',
  '//double//slash/': 'double-slash',
  '/a_b:c.d': 'a_b:c.d',
};

describe('file systems on the image', () => {
  it('are mount units that local-fs.target wants', () => {
    expect(linesAt(made, `${folder}/srv-cache.mount`)).toEqual([
      '[Mount]',
      'What=tmpfs',
      'Where=/srv/cache',
      'Type=tmpfs',
      'Options=size=64m,mode=0750,nosuid,nofail',
    ]);
    expect(linesAt(made, `${folder}/export.mount`)).toEqual([
      '[Mount]',
      'What=/srv',
      'Where=/export',
      'Type=none',
      'Options=bind,ro',
    ]);
    expect(fileAt(made, `${folder}/local-fs.target.wants/export.mount`)).toMatchObject({ type: 'symlink' });
  });

  it('leave out what is on a disk that is not there, and what disko has', () => {
    expect(fileAt(made, `${folder}/data.mount`)).toBeUndefined();
    expect(fileAt(made, `${folder}/-.mount`)).toBeUndefined();
    expect(idsOf(probes)).not.toContain('fileSystems/data');
  });

  it('that are not mounted at boot are there, and asked for by nothing', () => {
    const later = { fileSystems: { '/later': { fsType: 'tmpfs', options: ['noauto'] } } };
    expect(fileAt(realisationOf(service, later), `${folder}/later.mount`)).toBeDefined();
    expect(
      fileAt(realisationOf(service, later), `${folder}/local-fs.target.wants/later.mount`),
    ).toBeUndefined();
    expect(probesOf(service, later)).toEqual([]);
  });
});

describe('a swap file on the image', () => {
  it('is a swap unit after the service that makes its file', () => {
    expect(linesAt(made, `${folder}/var-lib-swapfile.swap`)).toEqual([
      '[Unit]',
      'Requires=mkswap-var-lib-swapfile.service',
      'After=mkswap-var-lib-swapfile.service',
      '[Swap]',
      'What=/var/lib/swapfile',
      'Priority=5',
    ]);
    expect(fileAt(made, `${folder}/swap.target.wants/var-lib-swapfile.swap`)).toBeDefined();
    expect(linesAt(made, `${folder}/mkswap-var-lib-swapfile.service`)).toContain(
      'ExecStart=/bin/sh "/usr/local/libexec/mkswap-var-lib-swapfile"',
    );
  });

  it('is made in its size, and kept where it is there', () => {
    const root = mkdtempSync(join(tmpdir(), 'swap-'));
    const file = join(root, 'swapfile');
    const small = realisationOf(service, { swapDevices: [{ device: file, size: 1 }] });
    const script = small.files?.find(({ path }) => path.startsWith('/usr/local/libexec/'));
    if (script?.type !== 'file') throw new Error('no script');
    mkdirSync(join(root, 'bin'));
    writeFileSync(join(root, 'bin/mkswap'), `#!/bin/sh\necho made >> ${root}/log\n`, { mode: 0o755 });
    const run = () =>
      execFileSync('/bin/sh', ['-c', script.text], {
        env: { PATH: `${root}/bin:/usr/bin:/bin` },
        stdio: 'pipe',
      });
    run();
    expect(statSync(file).size).toBe(2 ** 20);
    run();
    writeFileSync(file, 'short');
    run();
    expect(statSync(file).size).toBe(2 ** 20);
    expect(execFileSync('cat', [join(root, 'log')], { encoding: 'utf8' })).toBe('made\nmade\n');
    rmSync(root, { recursive: true });
  });

  it('that is there already has no service, and a partition no unit', () => {
    const other = realisationOf(service, { swapDevices: [{ device: '/swap' }, { device: '/dev/vdb' }] });
    expect(other.files?.map(({ path }) => path)).toEqual([
      `${folder}/swap.swap`,
      `${folder}/swap.target.wants/swap.swap`,
    ]);
  });
});

describe('probes', () => {
  it('name what they show', () => {
    expect(probeOf(probes, 'fileSystems/srv/cache')).toMatchObject({
      params: {
        mountpoint: '/srv/cache',
        kind: 'device',
        format: 'tmpfs',
        source: 'tmpfs',
        mountOptions: ['size=64m', 'mode=0750', 'nosuid'],
      },
      proves: ['device', 'fsType', 'options'].map((name) => `fileSystems."/srv/cache".${name}`),
    });
    expect(probeOf(probes, 'fileSystems/export')).toMatchObject({
      params: { kind: 'bind', source: '/srv', mountOptions: ['ro'] },
      proves: ['fileSystems."/export".device', 'fileSystems."/export".options'],
    });
    expect(isInSurface('fileSystems.any.options')).toBe(true);
  });

  it('leave options unproven that the kernel shows in another form', () => {
    const half = { fileSystems: { '/half': { fsType: 'tmpfs', options: ['size=50%'] } } };
    expect(probeOf(probesOf(service, half), 'fileSystems/half').proves).not.toContain(
      'fileSystems."/half".options',
    );
  });

  it.each([
    ['/var/lib/swapfile file 65532 0 5', true],
    ['/var/lib/swapfile file 65532 0 -2', false],
    ['/var/lib/swapfile file 32764 0 5', false],
    ['/var/lib/other file 65532 0 5', false],
  ])('read /proc/swaps: %s is %s', (line, holds) => {
    const { params, proves } = probeOf(probes, 'fileSystems/swap/var/lib/swapfile');
    expect(proves).toEqual(['swapDevices']);
    const { command, output } = params as { readonly command: string; readonly output: string };
    const table = join(mkdtempSync(join(tmpdir(), 'swaps-')), 'swaps');
    writeFileSync(table, `Filename Type Size Used Priority\n${line}\n`);
    const seen = execFileSync('/bin/sh', ['-c', command.replace('/proc/swaps', table)], { encoding: 'utf8' });
    expect(seen.trim() === output).toBe(holds);
  });

  it('claim no swap where some of it is on a disk that is not there', () => {
    const both = { swapDevices: [{ device: '/swap' }, { device: '/dev/vdb' }] };
    expect(probesOf(service, both).map(({ id, proves }) => [id, proves])).toEqual([
      ['fileSystems/swap/swap', []],
    ]);
  });
});

describe('the faults of a swap file', () => {
  const faults = (swap: object) =>
    new Map(
      probesOf(service, { swapDevices: [{ device: '/swap', ...swap }] } as never)[0]?.faults?.map((fault) => [
        fault.id,
        fault,
      ]),
    );

  it('are off, half of its size and another priority', () => {
    const all = faults({ size: 64, priority: 5 });
    expect([...all.values()].map(({ id, seen }) => [id, seen])).toEqual([
      ['swap-off/swap', '^$'],
      ['swap-priority/swap', '^swap 64 MiB priority 0$'],
      ['swap-size/swap', '^swap 32 MiB priority 5$'],
    ]);
    expect(all.get('swap-size/swap')?.commands).toEqual([
      'swapoff /swap',
      'truncate -s 32M /swap',
      'mkswap /swap',
      'swapon -p 5 /swap',
    ]);
  });

  it('are those of what is declared', () => {
    expect([...faults({}).keys()]).toEqual(['swap-off/swap']);
    expect(faults({ priority: 0 }).get('swap-priority/swap')?.seen).toBe('^swap priority 1$');
  });
});
