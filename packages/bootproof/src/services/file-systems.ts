import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { mountFiles, mountProbes } from './file-systems/mounts.ts';
import { swapFiles, swapProbes } from './file-systems/swap.ts';
import { defineService, nixosOnly, notRealised } from './service.ts';

const source = 'nixos/modules/tasks/filesystems.nix';
const swap = 'nixos/modules/config/swap.nix';
const oneDisk = notRealised('the stand-in has one disk, whose file systems are those of disko.devices');
const lateMounts = nixosOnly('the initial RAM disk of the stand-in mounts the root alone');

/**
 * File systems and swap that are declared by hand. What disko declares is in its own entry. The stand-in has what needs
 * no further disk: file systems in memory, folders mounted a second time, swap files.
 */
export const fileSystems = defineService({
  name: 'fileSystems',
  description: 'File systems and swap besides those of disko.',
  options: {
    fileSystems: option({
      type: types.attrsOf(
        types.submodule({
          device: option({
            type: types.nullOr(types.nonEmptyStr),
            default: null,
            example: '/dev/sda',
            description: 'The device that holds the file system.',
            source,
            verdict: 'provable',
          }),
          label: option({
            type: types.nullOr(types.nonEmptyStr),
            default: null,
            description: "The file system's label, in place of a device.",
            source,
            verdict: oneDisk,
          }),
          fsType: option({
            type: types.nonEmptyStr,
            default: 'auto',
            example: 'ext4',
            description: 'The type of the file system.',
            source,
            verdict: 'provable',
          }),
          options: option({
            type: types.nonEmptyListOf(types.nonEmptyStr),
            default: ['defaults'],
            example: ['noatime'],
            description: 'Mount options.',
            source,
            verdict: 'provable',
          }),
          neededForBoot: option({
            type: types.bool,
            default: false,
            description: 'Whether it is mounted in the initial RAM disk.',
            source,
            verdict: lateMounts,
          }),
        }),
      ),
      default: {},
      description: 'File systems, by the place where they are mounted.',
      source,
      verdict: 'provable',
    }),
    swapDevices: option({
      type: types.listOf(
        types.submodule({
          device: option({
            type: types.nonEmptyStr,
            example: '/var/lib/swapfile',
            description: 'The device or file.',
            source: swap,
            verdict: 'provable',
          }),
          size: option({
            type: types.nullOr(types.int),
            default: null,
            example: 2048,
            description: 'The size of a swap file that is made, in MiB; null: it is there already.',
            source: swap,
            verdict: 'provable',
          }),
          priority: option({
            type: types.nullOr(types.int),
            default: null,
            description: 'Which swap is used first: that with the highest number.',
            source: swap,
            verdict: 'provable',
          }),
        }),
      ),
      default: [],
      description: 'Swap devices and files.',
      source: swap,
      verdict: 'provable',
    }),
  },

  realise: ({ fileSystems: declared, swapDevices }, { disk }) => ({
    files: [...mountFiles(declared, disk), ...swapFiles(swapDevices)],
  }),

  probes: ({ fileSystems: declared, swapDevices }, { disk }) => [
    ...mountProbes(declared, disk),
    ...swapProbes(swapDevices),
  ],

  nixosTest: () => ({
    notTested: 'a test VM has its own file systems and no swap, in place of the declared ones',
  }),
});
