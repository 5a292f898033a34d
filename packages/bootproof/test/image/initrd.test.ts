import { describe, expect, it } from 'vitest';
import { run } from '../../src/host/process.ts';
import { cpioArchive } from '../../src/image/cpio.ts';
import { initScript } from '../../src/image/init-script.ts';
import { buildInitrd, selectModules } from '../../src/image/initrd.ts';

const tables = {
  dep: [
    'kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko',
    'kernel/drivers/virtio/virtio_ring.ko:',
    'kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko',
    'kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko',
    '',
  ].join('\n'),
  alias: [
    '# Aliases extracted from modules themselves.',
    'alias virtio:d00000002v* virtio_blk',
    'alias virtio:d00000004v* virtio_rng',
    'alias pci:v00008086d* e1000',
    '',
  ].join('\n'),
  builtin: 'kernel/fs/ext4/ext4.ko\n',
};

/** What the kernel would unpack, by the fields of its own description of the format. */
function unpack(archive: Uint8Array): { path: string; mode: number; text: string }[] {
  const bytes = Buffer.from(archive);
  const entries = [];
  for (let at = 0; ; ) {
    expect(bytes.toString('ascii', at, at + 6)).toBe('070701');
    const field = (index: number) =>
      Number.parseInt(bytes.toString('ascii', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const dataAt = (at + 110 + nameSize + 3) & ~3;
    if (path === 'TRAILER!!!') return entries;
    entries.push({ path, mode, text: bytes.toString('utf8', dataAt, dataAt + size) });
    at = (dataAt + size + 3) & ~3;
  }
}

describe('selectModules', () => {
  it('takes a module with all that it needs, and the aliases that lead to these', () => {
    const selection = selectModules(['virtio_blk'], tables);
    expect(selection.files).toEqual([
      'kernel/drivers/block/virtio_blk.ko',
      'kernel/drivers/virtio/virtio.ko',
      'kernel/drivers/virtio/virtio_ring.ko',
    ]);
    expect(selection.alias).toBe('alias virtio:d00000002v* virtio_blk');
    expect(selection.dep.split('\n')).toHaveLength(3);
    expect(selection.absent).toEqual([]);
  });

  it('takes - and _ in a name for the same', () => {
    expect(selectModules(['virtio_rng'], tables).files).toContain(
      'kernel/drivers/char/hw_random/virtio-rng.ko',
    );
  });

  it('finds nothing amiss with a module that is built in, and names one that the kernel does not have', () => {
    const selection = selectModules(['ext4', 'ahci'], tables);
    expect(selection.files).toEqual([]);
    expect(selection.absent).toEqual(['ahci']);
  });
});

describe('cpioArchive', () => {
  it('writes what the format asks for, byte for byte', () => {
    const archive = cpioArchive([{ type: 'file', path: 'a', mode: 0o644, bytes: Buffer.from('hi') }]);
    const header = (fields: string) => `070701${fields.replaceAll(' ', '')}`;
    const file = header(
      '00000001 000081A4 00000000 00000000 00000001 00000000 00000002 00000000 00000000 00000000 00000000 00000002 00000000',
    );
    const trailer = header(
      '00000000 00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000000 0000000B 00000000',
    );
    expect(Buffer.from(archive).toString('latin1')).toBe(`${file}a\0hi\0\0${trailer}TRAILER!!!\0\0\0\0`);
  });

  it('is the same for the same entries', () => {
    const entries = [{ type: 'directory', path: 'etc', mode: 0o755 }] as const;
    expect(cpioArchive(entries)).toEqual(cpioArchive(entries));
  });
});

describe('buildInitrd', () => {
  const modules = selectModules(['virtio_blk'], tables);
  const entries = unpack(
    buildInitrd({
      kernelVersion: '6.1.0',
      busybox: Buffer.from('BUSYBOX'),
      modules,
      moduleBytes: new Map(modules.files.map((file) => [file, Buffer.from(`bytes of ${file}`)])),
    }),
  );
  const at = (path: string) => entries.find((entry) => entry.path === path);

  it('has an init that can be run, a shell, and a console', () => {
    expect(at('init')).toMatchObject({ mode: 0o100755, text: initScript });
    expect(at('bin/busybox')).toMatchObject({ mode: 0o100755, text: 'BUSYBOX' });
    expect(at('bin/sh')).toMatchObject({ mode: 0o120777, text: 'busybox' });
    expect(at('dev/console')?.mode).toBe(0o20600);
  });

  it('has each module where modprobe looks for it', () => {
    const path = 'lib/modules/6.1.0/kernel/drivers/block/virtio_blk.ko';
    expect(at(path)?.text).toBe('bytes of kernel/drivers/block/virtio_blk.ko');
    expect(at('lib/modules/6.1.0/modules.dep')?.text).toContain('kernel/drivers/block/virtio_blk.ko: ');
    expect(at('lib/modules/6.1.0/modules.alias')?.text).toContain('virtio_blk');
  });

  it('names every folder before what is in it', () => {
    const seen = new Set<string>();
    for (const { path } of entries) {
      const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      expect(folder === '' || seen.has(folder), `${folder} before ${path}`).toBe(true);
      seen.add(path);
    }
  });
});

describe('initScript', () => {
  it('is a script that a shell can read', async () => {
    await run('sh', ['-n'], { input: initScript });
  });
});
