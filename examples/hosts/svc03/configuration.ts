import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description: 'A tunnel, a file server and a cache: WireGuard, NFS and memcached.',

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'svc03',
    wireguard: {
      interfaces: {
        wg0: {
          ips: ['10.100.0.1/24', 'fd00:100::1/64'],
          listenPort: 51820,
          mtu: 1380,
          // Made at the first boot, so that no key is in the repository or in the image.
          privateKeyFile: '/var/lib/wireguard/wg0.key',
          generatePrivateKeyFile: true,
          peers: [
            {
              publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
              allowedIPs: ['10.100.0.2/32', 'fd00:100::2/128', '10.20.0.0/16'],
              persistentKeepalive: 25,
            },
            {
              publicKey: 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=',
              allowedIPs: ['10.100.0.3/32'],
              endpoint: '203.0.113.7:51820',
            },
          ],
        },
      },
    },
  },

  services: {
    nfs: {
      server: {
        enable: true,
        createMountPoints: true,
        exports: `
          /srv/share  *(ro,no_subtree_check)
          /srv/lan    192.168.1.0/24(rw,no_subtree_check)
        `,
        nproc: 4,
        mountdPort: 4002,
        lockdPort: 4001,
        statdPort: 4000,
      },
    },

    // A service of this homelab's own: ../../services/memcached.ts.
    memcached: {
      enable: true,
      maxMemory: 32,
      maxConnections: 200,
      extraOptions: ['-I', '2m'],
    },
  },

  system: { stateVersion: '25.11' },
});
