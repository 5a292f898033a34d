import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { defineService, nixosOnly } from './service.ts';

const source = 'nixos/modules/tasks/filesystems.nix';
const swap = 'nixos/modules/config/swap.nix';
const diskoOnly = nixosOnly('the stand-in has the file systems that disko.devices declares, and no others');
const noSwap = nixosOnly('the stand-in has no swap');

/** File systems and swap that are declared by hand. What disko declares is in its own entry. */
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
            standIn: diskoOnly,
          }),
          label: option({
            type: types.nullOr(types.nonEmptyStr),
            default: null,
            description: "The file system's label, in place of a device.",
            source,
            standIn: diskoOnly,
          }),
          fsType: option({
            type: types.nonEmptyStr,
            default: 'auto',
            example: 'ext4',
            description: 'The type of the file system.',
            source,
            standIn: diskoOnly,
          }),
          options: option({
            type: types.nonEmptyListOf(types.nonEmptyStr),
            default: ['defaults'],
            example: ['noatime'],
            description: 'Mount options.',
            source,
            standIn: diskoOnly,
          }),
          neededForBoot: option({
            type: types.bool,
            default: false,
            description: 'Whether it is mounted in the initial RAM disk.',
            source,
            standIn: diskoOnly,
          }),
        }),
      ),
      default: {},
      description: 'File systems, by the place where they are mounted.',
      source,
      standIn: diskoOnly,
    }),
    swapDevices: option({
      type: types.listOf(
        types.submodule({
          device: option({
            type: types.nonEmptyStr,
            example: '/var/lib/swapfile',
            description: 'The device or file.',
            source: swap,
            standIn: noSwap,
          }),
          size: option({
            type: types.nullOr(types.int),
            default: null,
            example: 2048,
            description: 'The size of a swap file that is made, in MiB; null: it is there already.',
            source: swap,
            standIn: noSwap,
          }),
          priority: option({
            type: types.nullOr(types.int),
            default: null,
            description: 'Which swap is used first: that with the highest number.',
            source: swap,
            standIn: noSwap,
          }),
        }),
      ),
      default: [],
      description: 'Swap devices and files.',
      source: swap,
      standIn: noSwap,
    }),
  },

  nixosTest: () => ({
    notTested: 'a test VM has its own file systems and no swap, in place of the declared ones',
  }),
});
