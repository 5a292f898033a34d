import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description:
    'svc02, logically: what a network needs in the background. Names, time, metrics, and a guard at the door.',

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'svc02',
    useDHCP: true,
    timeServers: ['0.pool.ntp.org', '1.pool.ntp.org'],
  },

  services: {
    prometheus: {
      exporters: {
        node: {
          enable: true,
          port: 9101,
          enabledCollectors: ['systemd'],
          disabledCollectors: ['timex'],
          extraFlags: ['--web.disable-exporter-metrics'],
        },
      },
    },

    timesyncd: {
      servers: ['192.168.3.1', '192.168.3.2'],
      extraConfig: 'PollIntervalMaxSec=1024',
    },

    unbound: {
      enable: true,
      settings: {
        server: {
          interface: ['127.0.0.1', '::1'],
          'access-control': ['127.0.0.0/8 allow', '::1/128 allow', '192.168.3.0/24 allow'],
          // A name of the zone that is not here does not exist: nobody else is asked for it.
          'local-zone': ['"homelab.internal." static'],
          'local-data': [
            '"nas.homelab.internal. IN A 192.168.3.10"',
            '"nas.homelab.internal. IN AAAA fd00:3::10"',
            '"files.homelab.internal. IN CNAME nas.homelab.internal."',
          ],
          'local-data-ptr': ['"192.168.3.10 nas.homelab.internal."'],
          'hide-identity': true,
        },
      },
    },

    // Failed logins are told at this level, and fail2ban reads them. NixOS sets it by itself.
    openssh: { settings: { LogLevel: 'VERBOSE' } },

    fail2ban: {
      enable: true,
      maxretry: 5,
      bantime: '1h',
      ignoreIP: ['192.168.3.0/24'],
      jails: {
        sshd: { settings: { findtime: 900 } },
        // Kept at hand, and not up: it would read fail2ban's own log.
        recidive: { enabled: false },
      },
    },
  },

  system: { stateVersion: '25.11' },
});
