import { describe, expect, it } from 'vitest';
import { parseExports } from '../../src/services/nfs-server/exports.ts';
import { nfsServer } from '../../src/services/nfs-server.ts';
import type { Service } from '../../src/services/service.ts';
import { faultOf, fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = nfsServer as unknown as Service;
const server = (more: object = {}) => ({
  services: {
    nfs: { server: { enable: true, exports: '/srv/share *(ro)\n/srv/lan 192.168.1.0/24(rw)', ...more } },
  },
});

describe('a text of exports(5)', () => {
  it.each([
    ['/srv/a *(ro)', [{ path: '/srv/a', clients: ['*(ro)'] }]],
    ['/srv/a\tlocalhost(rw) 10.0.0.0/8', [{ path: '/srv/a', clients: ['localhost(rw)', '10.0.0.0/8'] }]],
    ['"/srv/with space" *(ro)', [{ path: '/srv/with space', clients: ['*(ro)'] }]],
    ['# /srv/off *(ro)\n\n  /srv/b *(rw) # why', [{ path: '/srv/b', clients: ['*(rw)'] }]],
    ['/srv/c a(ro) \\\n  b(rw)', [{ path: '/srv/c', clients: ['a(ro)', 'b(rw)'] }]],
    ['', []],
  ])('%j', (text, exports) => {
    expect(parseExports(text)).toEqual(exports);
  });
});

describe('the NFS server', () => {
  it('is nothing when it is off', () => {
    expect([realisationOf(service, {}), probesOf(service, {})]).toEqual([{}, []]);
  });

  it('is configured as declared', () => {
    const realised = realisationOf(service, server({ nproc: 4, mountdPort: 4002, createMountPoints: true }));
    expect(realised.packages).toEqual(['nfs-kernel-server']);
    expect(linesAt(realised, '/etc/exports')).toEqual(['/srv/share *(ro)', '/srv/lan 192.168.1.0/24(rw)']);
    expect(linesAt(realised, '/etc/nfs.conf')).toEqual([
      '[nfsd]',
      'threads=4',
      '[mountd]',
      'manage-gids=y',
      'port=4002',
    ]);
    expect(fileAt(realised, '/srv/share')).toEqual({ type: 'directory', path: '/srv/share', mode: 0o755 });
    expect(fileAt(realisationOf(service, server()), '/srv/share')).toBeUndefined();
  });

  it('is asked for its exports, and for a file through those that the machine itself may mount', () => {
    const probes = probesOf(service, server({ createMountPoints: true, statdPort: 4000 }));
    expect(idsOf(probes)).toEqual([
      'nfsServer/unit',
      'nfsServer/exports',
      'nfsServer/clients-/srv/lan',
      'nfsServer/clients-/srv/share',
      'nfsServer/threads',
      'nfsServer/holds-/srv/share',
      'nfsServer/port-status',
    ]);
    expect(probeOf(probes, 'nfsServer/exports').params).toMatchObject({ output: '/srv/lan\n/srv/share' });
    expect(probeOf(probes, 'nfsServer/holds-/srv/share').proves).toEqual([
      'services.nfs.server.exports',
      'services.nfs.server.createMountPoints',
    ]);
    for (const path of probes.flatMap(({ proves }) => proves)) expect(isInSurface(path), path).toBe(true);
  });

  it('takes away what a probe put there, and leaves nothing mounted', () => {
    const { command } = probeOf(probesOf(service, server()), 'nfsServer/holds-/srv/share').params as {
      readonly command: string;
    };
    expect(command.split('\n').at(-1)).toBe('umount "$point"; rmdir "$point"; rm -f "$file"');
  });

  it('is asked who may mount a folder, where that is shown as it was written', () => {
    const asked = (exports: string) =>
      idsOf(probesOf(service, server({ exports }))).filter((id) => /clients/.test(id));
    const declared = '/srv/a *(rw,no_root_squash) 10.0.0.0/8\n/srv/b (rw)\n/srv/b 10.1.2.3(ro)';
    const probes = probesOf(service, server({ exports: declared }));
    expect(probeOf(probes, 'nfsServer/clients-/srv/a').params).toMatchObject({
      output: '* rw no_root_squash\n10.0.0.0/8 ro root_squash',
    });
    expect(probeOf(probes, 'nfsServer/clients-/srv/b').params).toMatchObject({
      output: '* rw root_squash\n10.1.2.3 ro root_squash',
    });
    expect(asked('/srv/c nas.lan(rw)')).toEqual([]);
    expect(asked('/srv/c 10.0.0.0/8(rw) @office')).toEqual([]);
    expect(asked('"/srv/c d" *')).toEqual([]);
  });
});

describe('the faults of the NFS server', () => {
  const probes = probesOf(service, server({ nproc: 1, lockdPort: 4001, mountdPort: 4002 }));

  it('take an export from all who ask for it', () => {
    expect(faultOf(probes, 'nfs-export-gone/srv/share')).toMatchObject({
      commands: ["exportfs -u '*:/srv/share'"],
      seen: {
        'nfsServer/exports': String.raw`^\/srv\/lan$`,
        'nfsServer/clients-/srv/share': '^$',
        'nfsServer/holds-/srv/share': expect.stringContaining('No such file'),
      },
    });
  });

  it.each([
    [
      'nfs-export-mode/srv/share',
      "exportfs -i -o rw,root_squash,no_subtree_check '*:/srv/share'",
      '* rw root_squash',
    ],
    [
      'nfs-export-squash/srv/share',
      "exportfs -i -o ro,no_root_squash,no_subtree_check '*:/srv/share'",
      '* ro no_root_squash',
    ],
    [
      'nfs-export-wider/srv/share',
      'exportfs -i -o rw,root_squash,no_subtree_check 192.0.2.80:/srv/share',
      '* ro root_squash\n192.0.2.80 rw root_squash',
    ],
  ])('%s opens a folder otherwise', (id, command, shown) => {
    const { commands, seen } = faultOf(probes, id);
    expect(commands).toEqual([command]);
    const pattern = new RegExp(seen['nfsServer/clients-/srv/share'] ?? '');
    expect(pattern.test(shown)).toBe(true);
    expect(pattern.test('* ro root_squash')).toBe(false);
  });

  it('are never the declared number of threads', () => {
    expect(faultOf(probes, 'nfs-threads').commands).toEqual(['echo 2 > /proc/fs/nfsd/threads']);
    const more = probesOf(service, server({ nproc: 8 }));
    expect(faultOf(more, 'nfs-threads').seen).toEqual({ 'nfsServer/threads': '^7$' });
  });

  it('tell the kernel of the lock manager’s port, and rpc.mountd by its file', () => {
    expect(faultOf(probes, 'nfs-port-nlockmgr').commands.slice(-3)).toEqual([
      'echo 4101 > /proc/sys/fs/nfs/nlm_tcpport',
      'echo 4101 > /proc/sys/fs/nfs/nlm_udpport',
      'systemctl restart nfs-server.service',
    ]);
    const { commands } = faultOf(probes, 'nfs-port-mountd');
    expect(commands.join('\n')).not.toContain('/proc/sys');
    expect(commands.at(-1)).toBe('systemctl restart nfs-mountd.service');
  });
});
