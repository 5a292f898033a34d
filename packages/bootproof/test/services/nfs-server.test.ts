import { describe, expect, it } from 'vitest';
import { nfsServer, parseExports } from '../../src/services/nfs-server.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

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
});
