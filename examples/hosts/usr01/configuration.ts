import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule(({ pkgs }) => ({
  description: `
    usr01, logically: a machine that people log in to.

    Its key and its password are of nobody: what belongs to them was thrown away.
  `,

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'usr01',
    useDHCP: true,
  },

  users: {
    groups: {
      media: { gid: 2000, members: ['bob'] },
    },
    users: {
      alice: {
        isNormalUser: true,
        uid: 1100,
        description: 'Alice',
        extraGroups: ['wheel', 'media'],
        shell: pkgs.bashInteractive,
        openssh: {
          authorizedKeys: {
            keys: [
              'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOuHM9VGh0MxEeir4tB7M4EQbgUGjZOeE7sL9kgKizhz alice@desk',
            ],
          },
        },
      },
      bob: {
        isNormalUser: true,
        home: '/srv/bob',
        shell: pkgs.zsh,
        hashedPassword:
          '$6$nPk9G/tl8YGgiWvZ$YyVZb6q.lwH7Fbss7BXXrFBHLtL6m0uAXjncuIQDDVKUvIxYTJfOOg4GXboA1/j3f.T0pVTgUobb2wlaFnFFk0',
      },
      indexer: {
        isSystemUser: true,
        group: 'media',
        home: '/var/lib/indexer',
        createHome: true,
      },
    },
  },

  security: {
    sudo: {
      enable: true,
      wheelNeedsPassword: false,
      execWheelOnly: true,
      extraConfig: 'Defaults:alice timestamp_timeout=5',
    },
  },

  environment: {
    systemPackages: [pkgs.jq, pkgs.tree],
    etc: {
      motd: { text: 'usr01: whoever you are, be kind to it.\n' },
      'media/library.conf': {
        text: 'folder = /srv/media\nscan = hourly\n',
        mode: '0640',
        user: 'indexer',
        group: 'media',
      },
    },
  },

  time: { timeZone: 'Europe/Berlin' },

  i18n: {
    defaultLocale: 'en_GB.UTF-8',
    extraLocaleSettings: { LC_TIME: 'de_DE.UTF-8' },
  },

  // NixOS wants a login shell to be set up for all.
  freeform: { programs: { zsh: { enable: true } } },

  system: { stateVersion: '25.11' },
}));
