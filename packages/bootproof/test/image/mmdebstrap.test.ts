import { describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { followMmdebstrap, mmdebstrapArguments } from '../../src/image/mmdebstrap.ts';

const command = mmdebstrapArguments({
  suite: 'bookworm',
  packages: ['systemd', 'udev'],
  sourcesFile: '/w/debian.sources',
  target: '/w/base.tar',
});

describe('mmdebstrapArguments', () => {
  it('asks for the packages, needs no root, and ends with suite, target and sources', () => {
    expect(command).toContain('--include=systemd,udev');
    expect(command).toContain('--mode=unshare');
    expect(command.slice(-3)).toEqual(['bookworm', '/w/base.tar', '/w/debian.sources']);
  });

  it('tidies the tree by a script that a shell can read', async () => {
    const hook = command.find((argument) => argument.startsWith('--customize-hook='));
    await run('sh', ['-n'], { input: hook?.replace('--customize-hook=', '') ?? 'syntax error (' });
  });
});

describe('followMmdebstrap', () => {
  const output = [
    'I: running apt-get update...',
    'I: downloading packages with apt...',
    '0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.',
    'Get:1 http://deb.example/debian bookworm/main amd64 base-files amd64 12.4 [70.9 kB]',
    'I: extracting archives...',
    'I: installing essential packages...',
    'Unpacking base-files (12.4) ...',
    'Setting up base-files (12.4) ...',
    'I: installing remaining packages inside the chroot...',
    '0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.',
    'Get:1 http://deb.example/debian bookworm/main amd64 systemd amd64 252.39 [3044 kB]',
    'Unpacking systemd (252.39) ...',
    'Setting up libsystemd-shared:amd64 (252.39) ...',
    'I: cleaning package lists and apt cache...',
    'I: creating tarball...',
  ];

  it('never goes back, and says what is being done', () => {
    const follow = followMmdebstrap();
    const seen = output.flatMap((line) => follow(line) ?? []);
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
    expect(seen.map(({ detail }) => detail)).toEqual(
      expect.arrayContaining(['downloading base-files', 'unpacking systemd', 'setting up libsystemd-shared']),
    );
  });

  it('stays within its stage, however many packages come', () => {
    const follow = followMmdebstrap();
    for (const line of output.slice(0, 5)) follow(line);
    const many = Array.from({ length: 50 }, (_, index) => follow(`Unpacking package-${index} (1) ...`));
    expect(Math.max(...many.map((progress) => progress?.fraction ?? 0))).toBeLessThanOrEqual(0.2);
  });

  it('has nothing to say about other lines', () => {
    expect(followMmdebstrap()('Reading package lists...')).toBeUndefined();
  });
});
