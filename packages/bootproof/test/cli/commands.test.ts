import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { bootproof, homelabWith, repository } from './command.ts';

describe('what can be asked without a machine', () => {
  test('--version is that of the package', async () => {
    const { version } = JSON.parse(
      await readFile(join(repository, 'packages/bootproof/package.json'), 'utf8'),
    );
    expect(await bootproof(['--version'])).toMatchObject({ status: 0, stdout: version });
  });

  test.each([
    [],
    ['check'],
    ['plan'],
    ['build'],
    ['emit'],
    ['eval'],
    ['boot'],
    ['hosts'],
    ['doctor'],
    ['cache'],
    ['cache', 'prune'],
    ['completion'],
  ])('help of %s', async (...words) => {
    const { status, stdout } = await bootproof([...words, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: bootproof');
  });

  test('hosts are the folders, and as JSON a list for a matrix', async () => {
    expect((await bootproof(['hosts'])).stdout.split('\n')).toContain('hl02');
    expect(JSON.parse((await bootproof(['hosts', '--json'])).stdout)).toContain('hl02');
  });

  test('a host that is added as a folder is found', async () => {
    await using homelab = await homelabWith({
      'hosts/hl03/configuration.ts': await readFile(
        join(repository, 'config/hosts/hl02/configuration.ts'),
        'utf8',
      ).then((text) => text.replaceAll('hl02', 'hl03')),
      ...Object.fromEntries(
        await Promise.all(
          ['default', 'hardware', 'disko', 'vm', 'test'].map(async (name) => [
            `hosts/hl03/${name}.ts`,
            (await readFile(join(repository, `config/hosts/hl02/${name}.ts`), 'utf8')).replaceAll(
              'hl02',
              'hl03',
            ),
          ]),
        ),
      ),
    });
    const { stdout } = await bootproof(['plan', 'hl03', '--json'], { cwd: homelab.folder });
    expect(JSON.parse(stdout)).toMatchObject({ name: 'hl03-test', hostName: 'hl03' });
  });

  test('plan for people names every probe with its option', async () => {
    const { stdout } = await bootproof(['plan', 'hl02']);
    expect(stdout).toContain('hl02-test');
    expect(stdout).toContain('the guest agent answers a ping from the host');
    expect(stdout).toContain('services.qemuGuest.enable');
  });

  test('doctor tells of every tool, of the accelerator and of the space', async () => {
    const { status, stdout } = await bootproof(['doctor', '--json']);
    const findings = JSON.parse(stdout) as { subject: string; verdict: string; found: string }[];
    const subjects = findings.map(({ subject }) => subject);
    for (const wanted of ['qemu-system-x86_64', 'mmdebstrap', 'OVMF', 'accelerator', 'disk space'])
      expect(subjects).toContain(wanted);
    expect(findings.filter(({ verdict }) => verdict === 'lacking')).toEqual([]);
    expect(status).toBe(0);
  });

  test('an empty cache is listed and pruned as such', async () => {
    await using homelab = await homelabWith();
    const env = { XDG_CACHE_HOME: join(homelab.folder, 'cache') };
    expect((await bootproof(['cache', 'list'], { env })).stdout).toContain('0 entries');
    expect((await bootproof(['cache', 'prune', '--all'], { env })).stdout).toContain('removed 0 entries');
  });

  test('completion: a script for the shell, and the words themselves', async () => {
    expect((await bootproof(['completion', 'bash'])).stdout).toContain('bootproof');
    expect((await bootproof(['complete', '--', 'pl'])).stdout).toContain('plan');
    expect((await bootproof(['complete', '--', 'plan', ''])).stdout).toContain('hl02');
  });
});

describe('a computer that lacks something', () => {
  /** A PATH with node and these commands alone. */
  async function pathWith(...commands: readonly string[]) {
    const folder = await mkdtemp(join(tmpdir(), 'bootproof-path-'));
    await symlink(process.execPath, join(folder, 'node'));
    for (const command of commands) {
      const { stdout } = await execa('sh', ['-c', `command -v ${command}`]);
      await symlink(stdout, join(folder, command));
    }
    return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  }

  test('check warns of an emitted flake that is out of date, and says so of one that cannot be compared', async () => {
    await using path = await pathWith();
    await using homelab = await homelabWith();
    const check = () =>
      bootproof(['check', 'hl02', '--on', 'stand-in'], {
        cwd: homelab.folder,
        env: { PATH: path.folder, XDG_CACHE_HOME: join(homelab.folder, 'cache') },
      });
    expect((await check()).stdout).not.toContain('config/nix');
    expect((await bootproof(['emit'], { cwd: homelab.folder })).status).toBe(0);
    expect((await check()).stdout).not.toContain('config/nix');
    await cp(join(homelab.folder, 'config/hosts/hl02'), join(homelab.folder, 'config/hosts/hl03'), {
      recursive: true,
    });
    expect((await check()).stdout).toContain(
      'config/nix is not what the declaration gives; `bootproof emit` brings it up to date',
    );
    await writeFile(join(homelab.folder, 'config/hosts/hl03/hardware.ts'), 'export default 3;\n');
    expect((await check()).stdout).toContain('config/nix could not be compared with the declaration: ');
  });

  test('without the tools, check names them all, and the line that installs them', async () => {
    await using path = await pathWith();
    await using homelab = await homelabWith();
    const { status, stderr } = await bootproof(['check', 'hl02'], {
      cwd: homelab.folder,
      env: { PATH: path.folder, XDG_CACHE_HOME: join(homelab.folder, 'cache') },
    });
    expect(status).toBe(3);
    for (const tool of ['qemu-img', 'mcopy']) expect(stderr).toContain(tool);
    expect(stderr).toContain('apt-get install');
  });

  test('doctor says so too, with exit status 3', async () => {
    await using path = await pathWith();
    const { status, stdout } = await bootproof(['doctor'], { env: { PATH: path.folder } });
    expect(stdout).toContain('qemu-system-x86_64');
    expect(stdout).toContain('apt-get install qemu-system-x86');
    expect(status).toBe(3);
  });
});
