import { defineModule } from 'bootproof';

export default defineModule(({ inputs }) => ({
  description: `
    One disk: GPT with an EFI system partition and an ext4 root.

    It needs VirtIO Block (virtio0 in the host's vm.ts): with SCSI the disk would be /dev/sda.
  `,

  imports: [inputs.disko.nixosModules.disko],

  disko: {
    devices: {
      disk: {
        main: {
          type: 'disk',
          device: '/dev/vda',
          // Of the image that Nix builds; disko's own 2G may not hold NixOS. An installation takes the whole disk.
          imageSize: '8G',
          content: {
            type: 'gpt',
            partitions: {
              ESP: {
                size: '512M',
                type: 'EF00',
                content: {
                  type: 'filesystem',
                  format: 'vfat',
                  mountpoint: '/boot',
                  mountOptions: ['umask=0077'],
                },
              },
              root: {
                size: '100%',
                content: {
                  type: 'filesystem',
                  format: 'ext4',
                  mountpoint: '/',
                },
              },
            },
          },
        },
      },
    },
  },
}));
