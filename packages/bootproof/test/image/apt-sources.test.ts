import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import {
  debianSources,
  mirrorSources,
  parseSources,
  printSources,
  readAptSources,
  resolveSources,
} from '../../src/image/apt-sources.ts';

const deb822 = `# the archive
Types: deb deb-src
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
# a comment within
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc=
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb-src
URIs: http://deb.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.example/node_20.x
Suites: nodistro
Components: main
`;

const oneLine = `deb [arch=amd64 signed-by=/usr/share/keyrings/d.gpg] http://deb.example/debian bookworm main non-free # a comment
deb-src http://deb.example/debian bookworm main
# deb http://off.example/debian bookworm main
deb [arch=arm64] http://arm.example/debian bookworm main
deb http://vendor.example/cloud cloud-sdk-bookworm main
deb cdrom:[Debian] bookworm contrib
`;

describe('parseSources and debianSources', () => {
  it('takes from deb822 files what serves the release, main alone, each with its key', () => {
    const sources = debianSources(parseSources(deb822, 'deb822'), 'bookworm');
    expect(sources).toEqual([
      {
        uris: ['http://deb.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      {
        uris: ['http://security.example/debian-security'],
        suites: ['bookworm-security'],
        components: ['main'],
        signedBy: expect.stringContaining('BEGIN PGP PUBLIC KEY BLOCK'),
      },
    ]);
  });

  it('takes from one-line files what serves the release on this architecture', () => {
    expect(debianSources(parseSources(oneLine, 'one-line'), 'bookworm')).toEqual([
      {
        uris: ['http://deb.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        signedBy: '/usr/share/keyrings/d.gpg',
      },
    ]);
  });

  it('prints what it would read again as the same', () => {
    const sources = debianSources(parseSources(deb822, 'deb822'), 'bookworm');
    expect(parseSources(printSources(sources), 'deb822')).toEqual(sources);
  });

  it('keeps a source that needs no signature as it is', () => {
    const sources = parseSources('deb [trusted=yes] file:/srv/repo bookworm main\n', 'one-line');
    expect(sources[0]?.trusted).toBe('yes');
    expect(printSources(sources)).toContain('Trusted: yes\n');
  });
});

describe('mirrorSources', () => {
  it('takes an address for the release itself', () => {
    expect(mirrorSources('http://near.example/debian', 'bookworm')).toEqual([
      { uris: ['http://near.example/debian'], suites: ['bookworm'], components: ['main'] },
    ]);
  });

  it('takes whole lines as they are', () => {
    const lines = 'deb http://a.example bookworm main\ndeb http://b.example bookworm-security main';
    expect(mirrorSources(lines, 'bookworm').map(({ uris }) => uris[0])).toEqual([
      'http://a.example',
      'http://b.example',
    ]);
  });
});

describe('on a computer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bootproof-apt-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads both formats, and nothing that apt would not', async () => {
    await mkdir(join(folder, 'sources.list.d'));
    await writeFile(join(folder, 'sources.list'), oneLine);
    await writeFile(join(folder, 'sources.list.d', 'debian.sources'), deb822);
    await writeFile(join(folder, 'sources.list.d', 'old.sources.bak'), deb822);
    const sources = debianSources(await readAptSources(folder), 'bookworm');
    expect(sources.map(({ suites }) => suites)).toEqual([
      ['bookworm'],
      ['bookworm', 'bookworm-updates'],
      ['bookworm-security'],
    ]);
  });

  it('says how to name a mirror when apt serves no such release', async () => {
    const error = await resolveSources('bookworm', { aptFolder: folder }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BootproofError);
    const { message, hint, kind } = error as BootproofError;
    expect(message).toContain('no package source for Debian bookworm');
    expect(hint).toMatch(/--mirror.*BOOTPROOF_MIRROR/);
    expect(kind).toBe('missing');
  });

  it('needs no apt when a mirror is named', async () => {
    const sources = await resolveSources('bookworm', {
      aptFolder: folder,
      mirror: 'http://m.example/debian',
    });
    expect(sources[0]?.uris).toEqual(['http://m.example/debian']);
  });

  it('refuses a mirror that does not serve the release', async () => {
    const mirror = 'deb http://m.example/debian trixie main';
    await expect(resolveSources('bookworm', { aptFolder: folder, mirror })).rejects.toMatchObject({
      kind: 'declaration',
    });
  });
});
