import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description:
    'What an owner adds by hand: services and timers, files made at boot, swap, mounts, kernel modules.',

  imports: [common, proxmoxVm],

  networking: { hostName: 'unit01', useDHCP: true },

  systemd: {
    services: {
      // A daemon, as a user of its own.
      heartbeat: {
        description: 'Writes the time to its runtime folder',
        wantedBy: ['multi-user.target'],
        after: ['network.target'],
        environment: { INTERVAL: '30', GREETING: 'all is well' },
        script: `
          while true; do
            echo "$GREETING at $(date)" > /run/heartbeat/last
            sleep "$INTERVAL"
          done
        `,
        serviceConfig: {
          User: 'nobody',
          RuntimeDirectory: 'heartbeat',
          Restart: 'on-failure',
          NoNewPrivileges: true,
        },
      },
      // A command that every boot runs once.
      inventory: {
        description: 'Notes what the machine is',
        wantedBy: ['multi-user.target'],
        requires: ['local-fs.target'],
        after: ['local-fs.target', 'heartbeat.service'],
        wants: ['heartbeat.service'],
        before: ['shutdown.target'],
        environment: { LANG: 'C.UTF-8' },
        script: `
          test -n "$LANG"
          uname -r > /var/lib/inventory/kernel
        `,
        serviceConfig: { Type: 'oneshot', RemainAfterExit: true },
        startAt: ['Sun 14:00', 'daily'],
      },
      // What only a timer starts.
      tidy: { serviceConfig: { Type: 'oneshot', ExecStart: '/usr/bin/env true' } },
      // A unit of the distribution that this host does without.
      'systemd-ask-password-wall': { enable: false },
    },

    timers: {
      tidy: {
        description: 'Tidies up now and then',
        wantedBy: ['timers.target'],
        timerConfig: { OnBootSec: '15min', OnUnitActiveSec: '1h', Persistent: true },
      },
    },

    tmpfiles: {
      rules: [
        'd /var/lib/inventory 0750 root root - -',
        'f /var/lib/inventory/note 0640 root root - made at boot',
        'L+ /etc/inventory - - - - /var/lib/inventory',
        'd /srv/photos 0755 nobody root - -',
      ],
    },
  },

  fileSystems: {
    '/srv/cache': { fsType: 'tmpfs', options: ['size=64m', 'mode=0750', 'nosuid', 'nodev'] },
    '/export/photos': { device: '/srv/photos', options: ['bind', 'ro'] },
  },

  swapDevices: [{ device: '/var/lib/swapfile', size: 64, priority: 5 }],

  boot: {
    kernelModules: ['tcp_bbr', 'dummy'],
    initrd: { kernelModules: ['loop'] },
    consoleLogLevel: 3,
    loader: { 'systemd-boot': { editor: false } },
  },

  services: {
    openssh: {
      settings: { LogLevel: 'VERBOSE', X11Forwarding: false, AllowUsers: ['root'], MaxAuthTries: 3 },
    },
  },

  system: { stateVersion: '25.11' },
});
